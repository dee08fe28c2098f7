"""TargetLocations: three accounts, four regions, and an STS that refuses some roles."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from runwright.messages import Json
from tests.api.ports import Served, children_of, serving, steps_of, until
from tests.backends.sts_proxy import StsProxy, sts_proxy

ACCOUNTS = ["611111111111", "622222222222", "633333333333"]
REGIONS = ["eu-west-1", "eu-central-1", "us-east-1", "ap-southeast-2"]
CENTRE = "655555555555"
ADMINISTRATION = f"arn:aws:iam::{CENTRE}:role/AWS-SystemsManager-AutomationAdministrationRole"

MARK: Json = {
    "schemaVersion": "0.3",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {"AutomationAssumeRole": {"type": "String", "default": ""}, "Topic": {"type": "String"}},
    "mainSteps": [
        {
            "name": "mark",
            "action": "aws:executeAwsApi",
            "inputs": {"Service": "sns", "Api": "CreateTopic", "Name": "{{ Topic }}-{{ global:REGION }}"},
            "outputs": [{"Name": "Arn", "Selector": "$.TopicArn", "Type": "String"}],
        }
    ],
    "outputs": ["mark.Arn"],
}
"""Leaves a topic where it ran."""

REST: Json = {
    "schemaVersion": "0.3",
    "parameters": {"For": {"type": "String"}},
    "mainSteps": [{"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "{{ For }}"}}],
}


def role(account: str, name: str = "AWS-SystemsManager-AutomationExecutionRole") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


@pytest.fixture(scope="module")
def sts(moto_url: str) -> Iterator[StsProxy]:
    with sts_proxy(moto_url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def served(sts: StsProxy) -> Iterator[Served]:
    with serving(aws=sts.url) as running:
        yield running


@pytest.fixture
def ssm(served: Served, sts: StsProxy) -> Iterator[Any]:
    client = served.client()
    for name, content in (("Mark", MARK), ("Rest", REST)):
        client.create_document(Name=name, Content=json.dumps(content), DocumentType="Automation")
    sts.missing.clear()
    sts.assumed.clear()
    sts.refused.clear()
    yield client
    client.close()


def ended(served: Served, ssm: Any, **members: Any) -> tuple[Json, dict[str, Json]]:
    """The execution at its end, and its steps by name."""
    execution_id = ssm.start_automation_execution(**members)["AutomationExecutionId"]
    execution = served.end_of(ssm, execution_id)
    return execution, {step["StepName"]: step for step in steps_of(ssm, execution_id)}


def topics(moto_url: str, beginning: str) -> set[tuple[str, str]]:
    """Account and region of each topic of that name."""
    found = set()
    sts = boto3.client("sts", endpoint_url=moto_url, region_name="us-east-1", **keys("1" * 12, "x"))
    for account in ACCOUNTS:
        given = sts.assume_role(RoleArn=role(account, "Tests"), RoleSessionName="tests")["Credentials"]
        acting = keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        for region in REGIONS:
            sns = boto3.client("sns", endpoint_url=moto_url, region_name=region, **acting)
            for topic in sns.list_topics()["Topics"]:
                if topic["TopicArn"].endswith(f":{beginning}-{region}"):
                    found.add((account, region))
    return found


def keys(key_id: str, secret: str, token: str | None = None) -> dict[str, str | None]:
    return {"aws_access_key_id": key_id, "aws_secret_access_key": secret, "aws_session_token": token}


EVERYWHERE = {(account, region) for account in ACCOUNTS for region in REGIONS}


def test_every_account_and_region_runs_with_the_role_there(
    served: Served, ssm: Any, sts: StsProxy, moto_url: str
) -> None:
    locations = [{"Accounts": ACCOUNTS, "Regions": REGIONS, "TargetLocationMaxConcurrency": "3"}]
    execution, steps = ended(served, ssm, DocumentName="Mark", Parameters={"Topic": ["all"]}, TargetLocations=locations)
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert topics(moto_url, "all") == EVERYWHERE
    assert set(steps) == {f"{account}_{region}" for account, region in EVERYWHERE}
    assert execution["TargetLocations"] == locations
    assert execution["ProgressCounters"]["SuccessSteps"] == 12
    assert {asked for asked, _ in sts.assumed} >= {role(account) for account in ACCOUNTS}
    found = ssm.describe_automation_executions(Filters=[{"Key": "AutomationType", "Values": ["CrossAccount"]}])
    ids = [each["AutomationExecutionId"] for each in found["AutomationExecutionMetadataList"]]
    assert ids == [execution["AutomationExecutionId"]]


def test_a_location_is_recorded_where_it_acts(served: Served, ssm: Any) -> None:
    locations = [{"Accounts": ACCOUNTS[:1], "Regions": REGIONS[:1]}]
    execution, steps = ended(served, ssm, DocumentName="Mark", Parameters={"Topic": ["one"]}, TargetLocations=locations)
    [step] = steps.values()
    [child_id] = step["Outputs"]["AutomationExecutionId"]
    assert step["TargetLocation"] == {
        "Accounts": ACCOUNTS[:1],
        "Regions": REGIONS[:1],
        "ExecutionRoleName": "AWS-SystemsManager-AutomationExecutionRole",
    }
    there = served.client(ACCOUNTS[0], REGIONS[0])
    child = there.get_automation_execution(AutomationExecutionId=child_id)["AutomationExecution"]
    there.close()
    assert child["ParentAutomationExecutionId"] == execution["AutomationExecutionId"]
    session = f"assumed-role/AWS-SystemsManager-AutomationExecutionRole/{execution['AutomationExecutionId']}"
    assert child["ExecutedBy"] == f"arn:aws:sts::{ACCOUNTS[0]}:{session}"
    assert child["Outputs"] == {"mark.Arn": [f"arn:aws:sns:{REGIONS[0]}:{ACCOUNTS[0]}:one-{REGIONS[0]}"]}


def test_the_administration_role_of_the_centre_assumes_the_roles(served: Served, ssm: Any, sts: StsProxy) -> None:
    locations = [{"Accounts": ACCOUNTS[:2], "Regions": REGIONS[:1], "ExecutionRoleName": "Special"}]
    parameters = {"Topic": ["centre"], "AutomationAssumeRole": [ADMINISTRATION]}
    execution, _ = ended(served, ssm, DocumentName="Mark", Parameters=parameters, TargetLocations=locations)
    assert execution["AutomationExecutionStatus"] == "Success", execution
    asked_by = dict(sts.assumed)
    assert set(asked_by) == {ADMINISTRATION, role(ACCOUNTS[0], "Special"), role(ACCOUNTS[1], "Special")}
    assert all(asked_by[role(account, "Special")].startswith("ASIA") for account in ACCOUNTS[:2]), asked_by


def test_a_location_whose_role_is_missing_fails_and_says_why(
    served: Served, ssm: Any, sts: StsProxy, moto_url: str
) -> None:
    sts.missing.add(role(ACCOUNTS[1]))
    locations = [{"Accounts": ACCOUNTS, "Regions": REGIONS, "TargetLocationMaxErrors": "4"}]
    execution, steps = ended(
        served, ssm, DocumentName="Mark", Parameters={"Topic": ["some"]}, TargetLocations=locations
    )
    assert topics(moto_url, "some") == {(account, region) for account, region in EVERYWHERE if account != ACCOUNTS[1]}
    assert execution["AutomationExecutionStatus"] == "Success", "four errors are allowed"
    assert execution["ProgressCounters"]["FailedSteps"] == 4
    for region in REGIONS:
        step = steps[f"{ACCOUNTS[1]}_{region}"]
        assert step["StepStatus"] == "Failed"
        message = step["FailureMessage"]
        assert message.startswith(
            f"The provided role: {role(ACCOUNTS[1])} can't be assumed. (Service: AWSSecurityTokenService; "
            "Status Code: 403; Error Code: AccessDenied; Request ID: 00000000-1111-2222-3333-444444444444; Proxy: null)"
        )
        assert f"in account {ACCOUNTS[1]}" in message
        assert "is not authorized to perform: sts:AssumeRole" in message


def test_the_error_budget_of_locations_stops_new_ones(served: Served, ssm: Any, sts: StsProxy, moto_url: str) -> None:
    sts.missing.update((role(ACCOUNTS[0]), role(ACCOUNTS[1])))
    locations = [{"Accounts": ACCOUNTS, "Regions": REGIONS, "TargetLocationMaxErrors": "10%"}]
    execution, steps = ended(served, ssm, DocumentName="Mark", Parameters={"Topic": ["few"]}, TargetLocations=locations)
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert [step["StepStatus"] for step in steps.values()] == ["Failed", "Failed"], "10% of 12 is one"
    assert topics(moto_url, "few") == set()


def test_by_default_one_location_runs_at_a_time_and_none_may_fail(served: Served, ssm: Any) -> None:
    locations = [{"Accounts": ACCOUNTS, "Regions": REGIONS[:2]}]
    parameters = {"For": ["PT10S"]}
    execution, steps = ended(served, ssm, DocumentName="Rest", Parameters=parameters, TargetLocations=locations)
    assert execution["AutomationExecutionStatus"] == "Success"
    spans = sorted((step["ExecutionStartTime"], step["ExecutionEndTime"]) for step in steps.values())
    assert len(spans) == 6
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(spans))
    execution, steps = ended(served, ssm, DocumentName="Rest", Parameters={"For": ["x"]}, TargetLocations=locations)
    assert (execution["AutomationExecutionStatus"], len(steps)) == ("Failed", 1)


def test_a_location_has_targets_and_limits_of_its_own(served: Served, ssm: Any) -> None:
    own = {
        "Targets": [{"Key": "ParameterValues", "Values": ["PT1S", "wrong", "PT2S"]}],
        "TargetsMaxErrors": "1",
        "TargetsMaxConcurrency": "1",
    }
    locations = [
        {"Accounts": ACCOUNTS[:1], "Regions": REGIONS[:1], **own},
        {"Accounts": ACCOUNTS[1:2], "Regions": REGIONS[:1], "TargetLocationMaxErrors": "1"},
    ]
    _, steps = ended(
        served,
        ssm,
        DocumentName="Rest",
        TargetParameterName="For",
        Targets=[{"Key": "ParameterValues", "Values": ["PT9S"]}],
        TargetLocations=locations,
    )
    targets = {}
    for name, step in steps.items():
        account, _, region = name.partition("_")
        there = served.client(account, region)
        [child_id] = step["Outputs"]["AutomationExecutionId"]
        targets[account] = sorted(child["Target"] for child in children_of(there, child_id))
        child = there.get_automation_execution(AutomationExecutionId=child_id)["AutomationExecution"]
        assert child.get("MaxErrors") == ("1" if account == ACCOUNTS[0] else None)
        there.close()
    assert targets == {ACCOUNTS[0]: ["PT1S", "PT2S", "wrong"], ACCOUNTS[1]: ["PT9S"]}, "errors are counted by item"


def test_units_of_an_organization_are_expanded(served: Served, ssm: Any, moto_url: str) -> None:
    client = boto3.client("organizations", endpoint_url=moto_url, region_name="us-east-1", **keys("123456789012", "x"))
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="unit")["OrganizationalUnit"]["Id"]
    made = [
        client.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["AccountId"]
        for name in ("first", "second")
    ]
    for account in made:
        client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    locations = [{"Accounts": [unit], "Regions": REGIONS[:2], "ExcludeAccounts": [made[1]]}]
    execution, steps = ended(served, ssm, DocumentName="Rest", Parameters={"For": ["PT1S"]}, TargetLocations=locations)
    client.close()
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert list(steps) == [f"{made[0]}_{region}" for region in REGIONS[:2]]


def test_locations_are_read_from_a_file_in_s3(served: Served, ssm: Any, moto_url: str) -> None:
    s3 = boto3.client("s3", endpoint_url=moto_url, region_name="us-east-1", **keys("123456789012", "x"))
    s3.create_bucket(Bucket="lists-of-places")
    locations = [{"Accounts": ACCOUNTS[:1], "Regions": REGIONS[:2]}]
    s3.put_object(Bucket="lists-of-places", Key="a.json", Body=json.dumps(locations).encode())
    s3.close()
    url = "https://lists-of-places.s3.us-east-1.amazonaws.com/a.json?X-Amz-Signature=x"
    execution, steps = ended(served, ssm, DocumentName="Rest", Parameters={"For": ["PT1S"]}, TargetLocationsURL=url)
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert list(steps) == [f"{ACCOUNTS[0]}_{region}" for region in REGIONS[:2]]
    assert execution["TargetLocationsURL"] == url


def test_an_alarm_of_a_location_cancels_it_there(served: Served, ssm: Any) -> None:
    alarm = {"Alarms": [{"Name": "nobody-made-it"}]}
    locations = [
        {"Accounts": ACCOUNTS[:1], "Regions": REGIONS[:1], "TargetLocationAlarmConfiguration": alarm},
        {"Accounts": ACCOUNTS[1:2], "Regions": REGIONS[:1]},
    ]
    _, steps = ended(served, ssm, DocumentName="Rest", Parameters={"For": ["PT1H"]}, TargetLocations=locations)
    statuses = {name: step["StepStatus"] for name, step in steps.items()}
    assert statuses == {f"{ACCOUNTS[0]}_{REGIONS[0]}": "Cancelled", f"{ACCOUNTS[1]}_{REGIONS[0]}": "Success"}
    there = served.client(ACCOUNTS[0], REGIONS[0])
    [child_id] = steps[f"{ACCOUNTS[0]}_{REGIONS[0]}"]["Outputs"]["AutomationExecutionId"]
    child = there.get_automation_execution(AutomationExecutionId=child_id)["AutomationExecution"]
    there.close()
    assert child["TriggeredAlarms"] == [{"Name": "nobody-made-it", "State": "UNKNOWN"}]


def test_stopping_the_parent_stops_what_runs_elsewhere(sts: StsProxy) -> None:
    sts.missing.clear()
    with serving(aws=sts.url, skip_time=False) as real:
        client = real.client()
        client.create_document(Name="Rest", Content=json.dumps(REST), DocumentType="Automation")
        locations = [{"Accounts": ACCOUNTS, "Regions": REGIONS[:1], "TargetLocationMaxConcurrency": "3"}]
        started = client.start_automation_execution(
            DocumentName="Rest", Parameters={"For": ["PT1H"]}, TargetLocations=locations
        )["AutomationExecutionId"]
        there = [real.client(account, REGIONS[0]) for account in ACCOUNTS]
        until(lambda: all(children_of(each, started) for each in there))
        client.stop_automation_execution(AutomationExecutionId=started, Type="Cancel")
        assert real.end_of(client, started)["AutomationExecutionStatus"] == "Cancelled"
        for each in there:
            [child] = children_of(each, started)
            assert child["AutomationExecutionStatus"] == "Cancelled"
            each.close()
        client.close()


def test_a_runbook_runs_another_everywhere(served: Served, ssm: Any, moto_url: str) -> None:
    outer = {
        "schemaVersion": "0.3",
        "mainSteps": [
            {
                "name": "all",
                "action": "aws:executeAutomation",
                "inputs": {
                    "DocumentName": "Mark",
                    "RuntimeParameters": {"Topic": ["nested"]},
                    "TargetLocations": [{"Accounts": ACCOUNTS[:2], "Regions": REGIONS[:2]}],
                },
            }
        ],
    }
    ssm.create_document(Name="Outer", Content=json.dumps(outer), DocumentType="Automation")
    execution, _ = ended(served, ssm, DocumentName="Outer")
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert topics(moto_url, "nested") == {(account, region) for account in ACCOUNTS[:2] for region in REGIONS[:2]}
