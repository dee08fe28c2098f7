"""StartAutomationExecution with targets, through boto3 against a server and moto."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from runwright.messages import Json
from tests.api.ports import Served, children_of, serving, steps_of, until

REST: Json = {
    "schemaVersion": "0.3",
    "parameters": {"For": {"type": "String"}, "Note": {"type": "String", "default": "none"}},
    "mainSteps": [{"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "{{ For }}"}}],
}
"""Sleeps; fails where `For` is no duration."""

TEN_SECONDS = "PT10S"
WRONG = "for ever"

TOUCH: Json = {
    "schemaVersion": "0.3",
    "parameters": {"Id": {"type": "String"}},
    "mainSteps": [
        {
            "name": "touch",
            "action": "aws:executeAwsApi",
            "inputs": {
                "Service": "ec2",
                "Api": "CreateTags",
                "Resources": ["{{ Id }}"],
                "Tags": [{"Key": "Touched", "Value": "{{ automation:EXECUTION_ID }}"}],
            },
        }
    ],
}
"""Puts a tag on a thing of EC2."""


@pytest.fixture(scope="module")
def served(moto_url: str) -> Iterator[Served]:
    with serving(aws=moto_url) as running:
        yield running


@pytest.fixture
def ssm(served: Served) -> Iterator[Any]:
    client = served.client()
    for name, content in (("Rest", REST), ("Touch", TOUCH)):
        client.create_document(
            Name=name, Content=json.dumps(content), DocumentType="Automation", TargetType="/AWS::EC2::Instance"
        )
    yield client
    client.close()


@pytest.fixture(scope="module")
def ec2(moto_url: str) -> Iterator[Any]:
    client = boto3.client(
        "ec2", endpoint_url=moto_url, region_name="eu-central-1", aws_access_key_id="1" * 12, aws_secret_access_key="x"
    )
    yield client
    client.close()


def instances(ec2: Any, count: int, **tags: str) -> list[str]:
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}]
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=count, MaxCount=count, TagSpecifications=tagged)
    return [each["InstanceId"] for each in made["Instances"]]


def touched(ec2: Any, ids: list[str]) -> set[str]:
    found = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["Touched"]}])["Tags"]
    return {each["ResourceId"] for each in found if each["ResourceId"] in ids}


def values(*durations: str) -> Json:
    return {
        "DocumentName": "Rest",
        "TargetParameterName": "For",
        "Targets": [{"Key": "ParameterValues", "Values": list(durations)}],
    }


def started(ssm: Any, **members: Any) -> str:
    return str(ssm.start_automation_execution(**members)["AutomationExecutionId"])


def ended(served: Served, ssm: Any, **members: Any) -> tuple[Json, list[Json]]:
    """The execution at its end, and its steps."""
    execution_id = started(ssm, **members)
    return served.end_of(ssm, execution_id), steps_of(ssm, execution_id)


def running(steps: list[Json]) -> list[int]:
    """How many steps were running when each of them had begun, in the order in which they began."""
    spans = sorted((step["ExecutionStartTime"], step["ExecutionEndTime"]) for step in steps)
    return [sum(begin <= at < end for begin, end in spans[: number + 1]) for number, (at, _) in enumerate(spans)]


# ------------------------------------------------------------------------------------------------- what is shown


def test_each_value_gets_a_child_and_a_step(served: Served, ssm: Any) -> None:
    request = values("PT1S", "PT2S", "PT3S") | {"Parameters": {"Note": ["all"]}, "MaxErrors": "1"}
    execution, steps = ended(served, ssm, **request)
    assert execution["AutomationExecutionStatus"] == "Success"
    assert execution["Targets"] == request["Targets"]
    assert execution["TargetParameterName"] == "For"
    assert execution["MaxErrors"] == "1"
    assert execution["Parameters"] == {"Note": ["all"]}
    assert execution["ResolvedTargets"] == {"ParameterValues": ["PT1S", "PT2S", "PT3S"], "Truncated": False}
    assert execution["ProgressCounters"] == {
        "TotalSteps": 3,
        "SuccessSteps": 3,
        "FailedSteps": 0,
        "CancelledSteps": 0,
        "TimedOutSteps": 0,
    }
    assert [(step["StepName"], step["Action"], step["Inputs"], step["Outputs"]) for step in steps] == [
        (value, "aws:executeAutomation", {"For": value}, {}) for value in ("PT1S", "PT2S", "PT3S")
    ]


def test_children_name_their_parent_and_their_target(served: Served, ssm: Any) -> None:
    execution, _ = ended(served, ssm, **values("PT1S", "PT2S"), Parameters={"Note": ["all"]})
    children = children_of(ssm, execution["AutomationExecutionId"])
    assert sorted(child["Target"] for child in children) == ["PT1S", "PT2S"]
    for child in children:
        assert child["ParentAutomationExecutionId"] == execution["AutomationExecutionId"]
        assert child["Targets"] == []
        assert not {"MaxConcurrency", "MaxErrors", "TargetParameterName"} & set(child)
        whole = ssm.get_automation_execution(AutomationExecutionId=child["AutomationExecutionId"])
        parameters = whole["AutomationExecution"]["Parameters"]
        assert parameters == {"For": [child["Target"]], "Note": ["all"]}


def test_no_target_at_all_is_a_success_that_says_so(served: Served, ssm: Any) -> None:
    targets = [{"Key": "tag:Nobody", "Values": ["has it"]}]
    execution, steps = ended(served, ssm, DocumentName="Touch", TargetParameterName="Id", Targets=targets)
    assert (execution["AutomationExecutionStatus"], steps) == ("Success", [])
    assert execution["FailureMessage"] == "No targets were found: nothing had to be run."


# --------------------------------------------------------------------------------------------- limits and errors


@pytest.mark.parametrize(("written", "errors"), [("3", 4), ("0", 1), ("10%", 6), (None, 1)])
def test_one_error_more_than_max_errors_stops_new_starts(
    served: Served, ssm: Any, written: str | None, errors: int
) -> None:
    limits = {"MaxConcurrency": "1"} | ({"MaxErrors": written} if written else {})
    execution, steps = ended(served, ssm, **values(*[WRONG] * 50), **limits)
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert [step["StepStatus"] for step in steps] == ["Failed"] * errors
    assert execution["ProgressCounters"]["FailedSteps"] == errors
    assert execution["ProgressCounters"]["TotalSteps"] == 50


def test_what_runs_when_the_errors_are_too_many_ends_as_it_would(served: Served, ssm: Any) -> None:
    durations = ["PT1S", *[TEN_SECONDS] * 2, WRONG, *[TEN_SECONDS] * 20]
    execution, steps = ended(served, ssm, **values(*durations), MaxErrors="0")
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert Counter(step["StepStatus"] for step in steps)["Failed"] == 1
    assert all(step["StepStatus"] == "Success" for step in steps if step["StepName"] != WRONG)
    assert len(steps) < len(durations)


def test_errors_within_the_limit_let_every_target_run(served: Served, ssm: Any) -> None:
    durations = [WRONG, *[TEN_SECONDS] * 9]
    execution, steps = ended(served, ssm, **values(*durations), MaxErrors="100%")
    assert len(steps) == 10
    assert execution["AutomationExecutionStatus"] == "Failed"


@pytest.mark.parametrize(("written", "most"), [("10", 10), (None, 10), ("10%", 5), ("1", 1), ("50", 50)])
def test_starts_ramp_up_to_max_concurrency(served: Served, ssm: Any, written: str | None, most: int) -> None:
    limits = {"MaxConcurrency": written} if written else {}
    execution, steps = ended(served, ssm, **values(*[TEN_SECONDS] * 50), **limits)
    assert execution["AutomationExecutionStatus"] == "Success"
    at_a_time = running(steps)
    assert len(at_a_time) == 50
    for first, window in ((0, 1), (1, 2), (3, 4), (7, 8), (15, 16), (31, 32)):
        assert max(at_a_time[first : first + window]) <= min(window, most)
    assert max(at_a_time) == min(most, 19), "all that were left ran at once, or as many as may"


# ------------------------------------------------------------------------------------------------ kinds of targets


def test_a_tag_runs_on_what_has_it(served: Served, ssm: Any, ec2: Any) -> None:
    wanted, others = instances(ec2, 3, Fan="red"), instances(ec2, 2, Fan="blue")
    targets = [{"Key": "tag:Fan", "Values": ["red"]}]
    execution, steps = ended(served, ssm, DocumentName="Touch", TargetParameterName="Id", Targets=targets)
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert sorted(step["StepName"] for step in steps) == sorted(wanted)
    assert touched(ec2, wanted + others) == set(wanted)
    assert sorted(execution["ResolvedTargets"]["ParameterValues"]) == sorted(wanted)


def test_a_resource_group_runs_on_its_members(served: Served, ssm: Any, ec2: Any, moto_url: str) -> None:
    wanted = instances(ec2, 2, Fan="group")
    groups = boto3.client(
        "resource-groups",
        endpoint_url=moto_url,
        region_name="eu-central-1",
        aws_access_key_id="1" * 12,
        aws_secret_access_key="x",
    )
    query = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "Fan", "Values": ["group"]}]}
    groups.create_group(Name="Fans", ResourceQuery={"Type": "TAG_FILTERS_1_0", "Query": json.dumps(query)})
    targets = [{"Key": "ResourceGroup", "Values": ["Fans"]}]
    execution, _ = ended(served, ssm, DocumentName="Touch", TargetParameterName="Id", Targets=targets)
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert touched(ec2, wanted) == set(wanted)
    filters = [{"Key": "TargetResourceGroup", "Values": ["Fans"]}]
    found = ssm.describe_automation_executions(Filters=filters)["AutomationExecutionMetadataList"]
    assert [each["AutomationExecutionId"] for each in found] == [execution["AutomationExecutionId"]]


def test_a_group_that_is_not_there_fails_the_execution_and_is_named(served: Served, ssm: Any) -> None:
    targets = [{"Key": "ResourceGroup", "Values": ["Nobodys"]}]
    execution, steps = ended(served, ssm, DocumentName="Touch", TargetParameterName="Id", Targets=targets)
    assert (execution["AutomationExecutionStatus"], steps) == ("Failed", [])
    assert execution["FailureMessage"].startswith("There is no resource group Nobodys in account ")


def test_each_map_of_target_maps_is_a_child(served: Served, ssm: Any) -> None:
    maps = [{"For": ["PT1S"], "Note": ["a"]}, {"For": ["PT2S"], "Note": ["b"]}]
    execution, _ = ended(served, ssm, DocumentName="Rest", TargetMaps=maps)
    assert execution["AutomationExecutionStatus"] == "Success"
    assert execution["TargetMaps"] == maps
    ids = [child["AutomationExecutionId"] for child in children_of(ssm, execution["AutomationExecutionId"])]
    found = [ssm.get_automation_execution(AutomationExecutionId=id_)["AutomationExecution"] for id_ in ids]
    parameters = [child["Parameters"] for child in found]
    assert sorted(parameters, key=str) == maps


# ----------------------------------------------------------------------------------------------- stop and nesting


def test_stopping_the_parent_stops_its_children(ssm: Any, moto_url: str) -> None:
    with serving(aws=moto_url, skip_time=False) as real:
        client = real.client()
        client.create_document(Name="Rest", Content=json.dumps(REST), DocumentType="Automation")
        execution_id = started(client, **values(*["PT1H"] * 3))
        until(lambda: bool(children_of(client, execution_id)))
        client.stop_automation_execution(AutomationExecutionId=execution_id, Type="Cancel")
        execution, steps = real.end_of(client, execution_id), steps_of(client, execution_id)
        assert execution["AutomationExecutionStatus"] == "Cancelled"
        assert [step["StepStatus"] for step in steps] == ["Cancelled"], "the ramp had begun with one"
        [child] = children_of(client, execution_id)
        assert child["AutomationExecutionStatus"] == "Cancelled"
        client.close()


def test_a_runbook_fans_out_through_execute_automation(served: Served, ssm: Any) -> None:
    inputs = values("PT1S", WRONG, TEN_SECONDS) | {"MaxErrors": "1", "MaxConcurrency": "1"}
    outer = {
        "schemaVersion": "0.3",
        "mainSteps": [{"name": "all", "action": "aws:executeAutomation", "inputs": inputs, "onFailure": "Continue"}],
    }
    ssm.create_document(Name="Outer", Content=json.dumps(outer), DocumentType="Automation")
    execution, _ = ended(served, ssm, DocumentName="Outer")
    [middle] = children_of(ssm, execution["AutomationExecutionId"])
    assert (middle["DocumentName"], middle["AutomationExecutionStatus"]) == ("Rest", "Failed")
    assert middle["Targets"] == inputs["Targets"]
    children = children_of(ssm, middle["AutomationExecutionId"])
    assert Counter(child["AutomationExecutionStatus"] for child in children) == {"Success": 2, "Failed": 1}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"MaxConcurrency": "ten"}, "Value 'ten' at 'maxConcurrency' failed to satisfy constraint"),
        ({"MaxErrors": "-1"}, "Value '-1' at 'maxErrors' failed to satisfy constraint"),
        ({"Tags": [{"Name": "a"}]}, "Value null at 'tags.1.member.key' failed to satisfy constraint"),
        ({"Tags": [{"Key": "aws:a", "Value": "b"}]}, "keys that begin with aws: are reserved"),
    ],
)
def test_a_child_that_the_service_model_refuses_fails_its_step(
    served: Served, ssm: Any, wrong: dict[str, Json], told: str
) -> None:
    steps = [{"name": "all", "action": "aws:executeAutomation", "inputs": values("PT1S") | wrong}]
    outer = {"schemaVersion": "0.3", "mainSteps": steps}
    ssm.create_document(Name="Refused", Content=json.dumps(outer), DocumentType="Automation")
    execution, _ = ended(served, ssm, DocumentName="Refused")
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert "Fail to start automation, errorMessage: " in execution["FailureMessage"]
    assert told in execution["FailureMessage"]


def test_a_step_may_name_the_target_without_its_parameter(served: Served, ssm: Any) -> None:
    steps = [{"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "{{ RESOURCE_ID }}"}}]
    ssm.create_document(Name="Named", Content=json.dumps(REST | {"mainSteps": steps}), DocumentType="Automation")
    execution, _ = ended(served, ssm, **values("PT1S") | {"DocumentName": "Named"})
    [child] = children_of(ssm, execution["AutomationExecutionId"])
    [rest] = steps_of(ssm, child["AutomationExecutionId"])
    assert (rest["StepStatus"], rest["Inputs"]) == ("Success", {"Duration": '"PT1S"'})


def test_a_runbook_that_runs_itself_comes_to_an_end(served: Served, ssm: Any) -> None:
    steps = [{"name": "again", "action": "aws:executeAutomation", "inputs": {"DocumentName": "Again"}}]
    ssm.create_document(
        Name="Again", Content=json.dumps({"schemaVersion": "0.3", "mainSteps": steps}), DocumentType="Automation"
    )
    execution, _ = ended(served, ssm, DocumentName="Again")
    assert "errorMessage: Steps have started executions within each other 5 deep" in execution["FailureMessage"]
    filters = [{"Key": "DocumentNamePrefix", "Values": ["Again"]}]
    found = ssm.describe_automation_executions(Filters=filters)["AutomationExecutionMetadataList"]
    assert [each["AutomationExecutionStatus"] for each in found] == ["Failed"] * 6


def test_tags_are_five_at_start_and_more_later(served: Served, ssm: Any) -> None:
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    execution, _ = ended(served, ssm, **values("PT1S"), Tags=tags[:5])
    id_ = execution["AutomationExecutionId"]
    ssm.add_tags_to_resource(ResourceType="Automation", ResourceId=id_, Tags=tags[5:])
    assert len(ssm.list_tags_for_resource(ResourceType="Automation", ResourceId=id_)["TagList"]) == 50
    found = ssm.describe_automation_executions(Filters=[{"Key": "TagKey", "Values": ["k49"]}])
    assert [each["AutomationExecutionId"] for each in found["AutomationExecutionMetadataList"]] == [id_]
