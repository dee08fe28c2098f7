"""What StartAutomationExecution refuses, and in which words; tokens, quotas and alarms. Through boto3."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from runwright import starting
from runwright.messages import Json
from tests.api.calling import declared_errors
from tests.api.ports import Served, serving, steps_of
from tests.backends.sts_proxy import StsProxy, sts_proxy
from tests.runtime.servers import silent_server

IAEP = "InvalidAutomationExecutionParametersException"
REGION = "eu-central-1"

BOOK: Json = {
    "schemaVersion": "0.3",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {
        "AutomationAssumeRole": {"type": "String", "default": ""},
        "For": {"type": "String"},
        "Action": {"type": "String", "default": "Install", "allowedValues": ["Install", "Uninstall"]},
        "Name": {"type": "String", "default": "a", "allowedPattern": "^[a-z]+$"},
        "Count": {"type": "Integer", "default": 1},
    },
    "mainSteps": [
        {
            "name": "rest",
            "action": "aws:sleep",
            "inputs": {"Duration": "{{ For }}"},
            "onCancel": "step:tidy",
            "isEnd": True,
        },
        {
            "name": "tidy",
            "action": "aws:executeAwsApi",
            "inputs": {"Service": "sts", "Api": "GetCallerIdentity"},
            "isEnd": True,
        },
    ],
}

MISSING = "arn:aws:iam::123456789012:role/Missing"


@pytest.fixture(scope="module")
def sts(moto_url: str) -> Iterator[StsProxy]:
    with sts_proxy(moto_url) as proxy:
        proxy.missing.add(MISSING)
        yield proxy


@pytest.fixture(scope="module")
def served(sts: StsProxy) -> Iterator[Served]:
    with serving(aws=sts.url) as running:
        yield running


def create(client: Any) -> None:
    client.create_document(Name="Book", Content=json.dumps(BOOK), DocumentType="Automation")


@pytest.fixture
def ssm(served: Served) -> Iterator[Any]:
    client = served.client()
    create(client)
    yield client
    client.close()


def refused(ssm: Any, **members: Any) -> tuple[str, str]:
    """Code and message of a start that is refused and leaves no trace."""
    before = executions(ssm)
    with pytest.raises(ClientError) as caught:
        ssm.start_automation_execution(**{"DocumentName": "Book", **members})
    assert executions(ssm) == before
    error = caught.value.response["Error"]
    assert error["Code"] in declared_errors("StartAutomationExecution") | {"ValidationException"}
    return error["Code"], error["Message"]


def executions(ssm: Any) -> set[str]:
    pages = ssm.get_paginator("describe_automation_executions").paginate()
    return {each["AutomationExecutionId"] for page in pages for each in page["AutomationExecutionMetadataList"]}


def started(ssm: Any, duration: str = "PT1H", **members: Any) -> str:
    request = {"DocumentName": "Book", "Parameters": {"For": [duration]}, **members}
    return str(ssm.start_automation_execution(**request)["AutomationExecutionId"])


def parameters(**values: str | list[str]) -> Json:
    named = {"For": "PT1S"} | values
    return {"Parameters": {name: value if isinstance(value, list) else [value] for name, value in named.items()}}


def targets(key: str, *values: str, parameter: str = "For") -> Json:
    return {"TargetParameterName": parameter, "Targets": [{"Key": key, "Values": list(values)}]}


# ---------------------------------------------------------------------------------------- parameters and targets


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (parameters(Action="install"), 'Parameter "Action" has value "install" not found in [Install, Uninstall].'),
        ({}, "Missing required parameter: For in user inputs."),
        (parameters(Unheard="x"), 'Parameter "Unheard" is not defined in document parameters'),
        (parameters(Name="A1"), 'Parameter "Name" has value "A1" not matching "^[a-z]+$".'),
        (parameters(Name=["a", "b"]), 'Parameter "Name"'),
        (parameters(Count="many"), 'Parameter "Count"'),
        (targets("Colour", "red"), "Target key can have only following values : ParameterValues, ResourceGroup"),
        (targets("tag:", "red"), "Target key can have only following values : "),
        (targets("ParameterValues", "a", parameter="for"), 'Parameter "for" is not defined in document parameters'),
        (
            targets("ParameterValues", "a", parameter="AutomationAssumeRole"),
            "AutomationAssumeRole cannot be used as target parameter",
        ),
        (
            {"Targets": [{"Key": "ParameterValues", "Values": ["a"]}]},
            "TargetParameterName is required when Targets is given",
        ),
        (parameters() | {"TargetParameterName": "For"}, "Targets is required when TargetParameterName is given."),
        (
            targets("ParameterValues", "a") | {"TargetMaps": [{"For": ["a"]}]},
            "Targets and TargetMaps exclude each other",
        ),
        ({"TargetMaps": [{"Unheard": ["a"]}]}, 'Parameter "Unheard" is not defined in document parameters'),
        (targets("ResourceGroup", "a", "b"), "Only one resource group or tag can be specified at a time"),
        (
            {
                "TargetParameterName": "For",
                "Targets": [{"Key": "tag:a", "Values": ["1"]}, {"Key": "tag:b", "Values": ["2"]}],
            },
            "Only one resource group or tag can be specified at a time",
        ),
        (
            parameters() | {"TargetLocationsURL": "https://169.254.169.254#x.s3.amazonaws.com/a"},
            "TargetLocationsURL has a fragment",
        ),
        (
            parameters() | {"TargetLocations": [{"Accounts": ["111111111111"]}]},
            "TargetLocations[0] needs Regions",
        ),
        (
            parameters() | {"TargetLocations": [{"Accounts": ["111111111111", "1"], "Regions": ["eu-west-1"]}]},
            'TargetLocations[0] has "1" in Accounts: an account id of 12 digits',
        ),
        (
            parameters() | {"TargetLocations": [{"Accounts": ["r-abcd"], "Regions": ["EU-WEST-1"]}]},
            'TargetLocations[0] has "EU-WEST-1" in Regions: the name of a region, such as us-east-1, is expected.',
        ),
        (
            parameters(AutomationAssumeRole="arn:aws:iam::1:role/x"),
            "The format of the supplied assume role ARN is invalid.",
        ),
        (parameters(AutomationAssumeRole=MISSING), "The defined assume role is unable to be assumed."),
    ],
)
def test_parameters_and_targets_that_do_not_fit(ssm: Any, members: Json, message: str) -> None:
    code, said = refused(ssm, **members)
    assert (code, said[: len(message)]) == (IAEP, message)


def test_a_role_that_cannot_be_assumed_is_named_with_what_sts_says(ssm: Any) -> None:
    _, message = refused(ssm, **parameters(AutomationAssumeRole=MISSING))
    assert f"The role {MISSING} in account 123456789012 could not be assumed: " in message
    assert "is not authorized to perform: sts:AssumeRole" in message


def test_a_target_without_values_is_invalid(ssm: Any) -> None:
    members = {"TargetParameterName": "For", "Targets": [{"Key": "tag:a", "Values": []}]}
    assert refused(ssm, **members) == ("InvalidTarget", "The target tag:a has no values: give at least one.")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"DocumentName": "Do"}, "documentName"),
        ({"Mode": "Manual"}, "mode"),
        ({"MaxConcurrency": "0"}, "maxConcurrency"),
        ({"MaxErrors": "101%"}, "maxErrors"),
        ({"DocumentVersion": "latest"}, "documentVersion"),
        ({"ClientToken": "x" * 36}, "clientToken"),
        ({"TargetLocationsURL": "http://example.com"}, "targetLocationsURL"),
        ({"AlarmConfiguration": {"Alarms": [{"Name": "a"}, {"Name": "b"}]}}, "alarmConfiguration.alarms"),
        ({"Parameters": {"For": ["x" * 513]}}, "parameters"),
    ],
)
def test_what_the_model_does_not_allow_is_a_validation_error(ssm: Any, members: Json, field: str) -> None:
    code, message = refused(ssm, **(parameters() | members))
    assert code == "ValidationException"
    assert message.startswith("1 validation error detected: Value")
    assert f"at '{field}" in message


def test_six_tags_and_reserved_ones_are_refused_at_the_start(ssm: Any) -> None:
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(6)]
    code, message = refused(ssm, **parameters(), Tags=tags)
    assert (code, message) == ("ValidationException", "6 tags were given; at most 5 are accepted here.")
    code, message = refused(ssm, **parameters(), Tags=[{"Key": "aws:mine", "Value": "v"}])
    assert (code, message[:18]) == ("ValidationException", "Tag key 'aws:mine'")


# ----------------------------------------------------------------------------------------------------- documents


def test_documents_and_versions_that_are_not_there(ssm: Any) -> None:
    code, message = refused(ssm, DocumentName="Nobodys")
    assert (code, message) == (
        "AutomationDefinitionNotFoundException",
        "Document with name Nobodys does not exist.",
    )
    ssm.create_document(
        Name="Commands",
        Content=json.dumps({"schemaVersion": "2.2", "mainSteps": []}),
        DocumentType="Command",
    )
    assert refused(ssm, DocumentName="Commands")[0] == "AutomationDefinitionNotFoundException"
    code, message = refused(ssm, DocumentVersion="9", **parameters())
    assert (code, message) == ("AutomationDefinitionVersionNotFoundException", "Document Book has no version 9.")


def test_the_version_that_is_asked_for_runs(ssm: Any) -> None:
    changed = BOOK | {"description": "second"}
    ssm.update_document(Name="Book", Content=json.dumps(changed), DocumentVersion="$LATEST")
    for asked, resolved in ((None, "1"), ("$DEFAULT", "1"), ("$LATEST", "2"), ("2", "2")):
        execution_id = started(ssm, **({"DocumentVersion": asked} if asked else {}))
        execution = ssm.get_automation_execution(AutomationExecutionId=execution_id)["AutomationExecution"]
        assert execution["DocumentVersion"] == resolved


# -------------------------------------------------------------------------------------------------------- tokens


def test_the_same_request_with_a_token_is_the_same_execution(ssm: Any) -> None:
    token = str(uuid.uuid4())
    first = started(ssm, ClientToken=token)
    assert started(ssm, ClientToken=token.upper()) == first
    code, message = refused(ssm, ClientToken=token, **parameters())
    assert code == "IdempotentParameterMismatch"
    assert first in message
    assert len(executions(ssm)) == 1


def test_fifty_threads_with_one_token_start_one_execution(ssm: Any) -> None:
    token, together = str(uuid.uuid4()), threading.Barrier(50)

    def start(_: int) -> str:
        together.wait(30)
        return started(ssm, ClientToken=token)

    with ThreadPoolExecutor(50) as threads:
        ids = set(threads.map(start, range(50)))
    assert len(ids) == 1
    assert executions(ssm) == ids


def test_a_token_is_remembered_over_a_restart(moto_url: str, tmp_path: Any) -> None:
    token, account = str(uuid.uuid4()), "777777777777"
    with serving(aws=moto_url, data=tmp_path) as served:
        client = served.client(account)
        create(client)
        first = started(client, ClientToken=token)
        client.close()
    with serving(aws=moto_url, data=tmp_path) as served:
        client = served.client(account)
        assert started(client, ClientToken=token) == first
        assert refused(client, ClientToken=token, **parameters())[0] == "IdempotentParameterMismatch"
        client.close()


# -------------------------------------------------------------------------------------------------------- quotas


def status(ssm: Any, execution_id: str) -> str:
    execution = ssm.get_automation_execution(AutomationExecutionId=execution_id)["AutomationExecution"]
    return str(execution["AutomationExecutionStatus"])


def test_what_is_beyond_the_quota_waits_and_beyond_the_queue_is_refused(moto_url: str) -> None:
    quotas = {"running": 2, "queued": 3, "rate-controlled": 1}
    with serving(aws=moto_url, skip_time=False, quotas=quotas) as served:
        client = served.client()
        create(client)
        ids = [started(client) for _ in range(5)]
        assert [status(client, id_) for id_ in ids] == ["InProgress"] * 2 + ["Pending"] * 3
        waiting = client.get_automation_execution(AutomationExecutionId=ids[2])["AutomationExecution"]
        assert "`running`" in waiting["FailureMessage"]
        code, message = refused(client, **parameters())
        assert code == "AutomationExecutionLimitExceededException"
        assert message.startswith("3 automation executions are queued in account ")
        elsewhere = served.client()
        create(elsewhere)
        assert status(elsewhere, started(elsewhere)) == "InProgress", "each account has quotas of its own"
        elsewhere.close()
        client.stop_automation_execution(AutomationExecutionId=ids[2], Type="Cancel")
        client.stop_automation_execution(AutomationExecutionId=ids[0], Type="Complete")
        assert [status(client, id_) for id_ in ids[2:]] == ["Cancelled", "Pending", "Pending"]
        client.close()


def test_a_hundred_run_at_a_time_by_default(moto_url: str) -> None:
    with serving(aws=moto_url, skip_time=False) as served:
        client = served.client()
        create(client)
        ids = [started(client) for _ in range(101)]
        assert [status(client, id_) for id_ in ids[98:]] == ["InProgress", "InProgress", "Pending"]
        client.close()


def test_a_hundred_parents_of_ten_children_finish(served: Served) -> None:
    client = served.client()
    create(client)
    request = targets("ParameterValues", *[f"PT{number}S" for number in range(1, 11)]) | {"MaxConcurrency": "10"}
    ids = [client.start_automation_execution(DocumentName="Book", **request) for _ in range(100)]
    for id_ in ids:
        execution = served.end_of(client, id_["AutomationExecutionId"], seconds=180)
        assert execution["AutomationExecutionStatus"] == "Success"
        assert execution["ProgressCounters"]["SuccessSteps"] == 10
    client.close()


# -------------------------------------------------------------------------------------------------------- alarms


@pytest.fixture(scope="module")
def alarms(moto_url: str) -> Any:
    cloudwatch = boto3.client(
        "cloudwatch", endpoint_url=moto_url, region_name=REGION, aws_access_key_id="1" * 12, aws_secret_access_key="x"
    )
    for name, state in (("bad", "ALARM"), ("good", "OK"), ("quiet", "INSUFFICIENT_DATA"), ("turning", "OK")):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
    cloudwatch.close()


@pytest.mark.usefixtures("alarms")
@pytest.mark.parametrize(
    ("name", "ignore", "state"),
    [("bad", False, "ALARM"), ("bad", True, "ALARM"), ("nowhere", False, "UNKNOWN")],
)
def test_an_alarm_cancels_and_runs_on_cancel(served: Served, ssm: Any, name: str, ignore: bool, state: str) -> None:
    alarm = {"Alarms": [{"Name": name}], "IgnorePollAlarmFailure": ignore}
    execution_id = started(ssm, AlarmConfiguration=alarm)
    execution = served.end_of(ssm, execution_id)
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert execution["AlarmConfiguration"] == alarm
    assert execution["TriggeredAlarms"] == [{"Name": name, "State": state}]
    statuses = {step["StepName"]: step["StepStatus"] for step in steps_of(ssm, execution_id)}
    assert statuses == {"rest": "Cancelled", "tidy": "Success"}


@pytest.mark.usefixtures("alarms")
@pytest.mark.parametrize(("name", "ignore"), [("good", False), ("quiet", False), ("nowhere", True)])
def test_other_states_let_it_go_on(served: Served, ssm: Any, name: str, ignore: bool) -> None:
    alarm = {"Alarms": [{"Name": name}], "IgnorePollAlarmFailure": ignore}
    execution = served.end_of(ssm, started(ssm, AlarmConfiguration=alarm))
    assert execution["AutomationExecutionStatus"] == "Success"
    assert "TriggeredAlarms" not in execution


@pytest.mark.usefixtures("alarms")
def test_an_alarm_that_a_step_sets_off_is_seen_before_time_is_skipped(served: Served, ssm: Any) -> None:
    state = {"AlarmName": "turning", "StateValue": "ALARM", "StateReason": "test"}
    book = {
        "schemaVersion": "0.3",
        "mainSteps": [
            {
                "name": "turn",
                "action": "aws:executeAwsApi",
                "inputs": {"Service": "cloudwatch", "Api": "SetAlarmState", **state},
            },
            {"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "PT1H"}},
        ],
    }
    ssm.create_document(Name="Turn", Content=json.dumps(book), DocumentType="Automation")
    started_id = ssm.start_automation_execution(
        DocumentName="Turn", AlarmConfiguration={"Alarms": [{"Name": "turning"}]}
    )["AutomationExecutionId"]
    execution = served.end_of(ssm, started_id)
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert execution["TriggeredAlarms"] == [{"Name": "turning", "State": "ALARM"}]
    assert (execution["ExecutionEndTime"] - execution["ExecutionStartTime"]).total_seconds() < 3600


@pytest.mark.usefixtures("alarms")
def test_an_alarm_stops_a_fan_out_and_its_children(served: Served, ssm: Any) -> None:
    request = targets("ParameterValues", *["PT1H"] * 5)
    alarm = {"Alarms": [{"Name": "bad"}]}
    started_id = ssm.start_automation_execution(DocumentName="Book", AlarmConfiguration=alarm, **request)
    execution = served.end_of(ssm, started_id["AutomationExecutionId"])
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert execution["TriggeredAlarms"] == [{"Name": "bad", "State": "ALARM"}]
    assert {status(ssm, id_) for id_ in executions(ssm)} == {"Cancelled"}


# ------------------------------------------------------------------------------------------------ fault of others


def test_a_backend_that_does_not_answer_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "PREFLIGHT_SECONDS", 0.2)
    with silent_server() as silent, serving(aws=silent) as served:
        client = served.client()
        create(client)
        code, message = refused(client, **parameters(AutomationAssumeRole=MISSING))
        assert code == "InternalServerError"
        assert message == f"The backend gave no answer in 0.2 seconds while assuming the role {MISSING}."
        client.close()
