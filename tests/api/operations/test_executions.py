from __future__ import annotations

import asyncio
import uuid

from runwright.messages import Json
from tests.api.calling import ACCOUNT, Client
from tests.api.runbooks import PAUSE, SLEEP, text
from tests.api.serving import served

UNKNOWN = "8a5f5be8-5d93-437a-adbb-394f70000000"


async def start(client: Client, **more: Json) -> str:
    """Start `Halt`, which waits at once for a signal."""
    known = (await client.call("ListDocuments", Filters=[{"Key": "Owner", "Values": ["Self"]}]))["DocumentIdentifiers"]
    if not known:
        await client.call("CreateDocument", Name="Halt", DocumentType="Automation", Content=text(PAUSE))
        await client.call("CreateDocument", Name="Rest", DocumentType="Automation", Content=text(SLEEP))
    answer = await client.call("StartAutomationExecution", {"DocumentName": "Halt"} | more)
    identity: str = answer["AutomationExecutionId"]
    return identity


async def until(client: Client, execution: str, status: str) -> Json:
    """The record of an execution once it has this status; fails the test when that takes ten seconds."""
    async with asyncio.timeout(10):
        while True:
            record = (await client.call("GetAutomationExecution", AutomationExecutionId=execution))[
                "AutomationExecution"
            ]
            if record["AutomationExecutionStatus"] == status:
                return record
            await asyncio.sleep(0)


async def listed(client: Client, **filters: str) -> list[str]:
    members = {"Filters": [{"Key": key, "Values": value.split(",")} for key, value in filters.items()]}
    answer = await client.call("DescribeAutomationExecutions", members if filters else {})
    return [each["AutomationExecutionId"] for each in answer["AutomationExecutionMetadataList"]]


@served()
async def test_an_execution_is_started_watched_resumed_and_cancelled(client: Client) -> None:
    execution = await start(client)
    assert str(uuid.UUID(execution)) == execution
    record = await _waiting(client, execution)

    assert record["ExecutedBy"].startswith(f"arn:aws:iam::{ACCOUNT}:user/")
    assert record["DocumentVersion"] == "1"
    assert [each["StepStatus"] for each in record["StepExecutions"]] == ["Waiting", "Pending"]
    assert record["StepExecutionsTruncated"] is False

    assert await client.call("StopAutomationExecution", AutomationExecutionId=execution) == {}
    record = await until(client, execution, "Cancelled")
    code, _ = await client.error("StopAutomationExecution", AutomationExecutionId=execution)
    assert code == "InvalidAutomationStatusUpdateException"


async def _waiting(client: Client, execution: str) -> Json:
    async with asyncio.timeout(10):
        while True:
            record = (await client.call("GetAutomationExecution", AutomationExecutionId=execution))[
                "AutomationExecution"
            ]
            if record["StepExecutions"] and record["StepExecutions"][0]["StepStatus"] == "Waiting":
                return record
            await asyncio.sleep(0)


@served()
async def test_a_signal_resumes_a_paused_execution(client: Client) -> None:
    execution = await start(client)
    await _waiting(client, execution)

    signal: Json = {"AutomationExecutionId": execution, "SignalType": "Resume", "Payload": {"StepName": ["halt"]}}
    assert await client.call("SendAutomationSignal", signal) == {}
    record = await until(client, execution, "Success")
    assert [each["StepStatus"] for each in record["StepExecutions"]] == ["Success", "Success"]
    assert (await client.error("SendAutomationSignal", signal))[0] == "InvalidAutomationSignalException"


@served()
async def test_an_execution_that_there_is_not_is_not_found(client: Client) -> None:
    for operation, more in (
        ("GetAutomationExecution", {}),
        ("DescribeAutomationStepExecutions", {}),
        ("StopAutomationExecution", {}),
        ("SendAutomationSignal", {"SignalType": "Approve"}),
    ):
        code, _ = await client.error(operation, {"AutomationExecutionId": UNKNOWN} | more)
        assert code == "AutomationExecutionNotFoundException"
    assert await listed(client, ExecutionId=UNKNOWN) == []


@served()
async def test_a_start_is_refused_for_what_it_names(client: Client) -> None:
    await start(client)
    refusals: list[tuple[Json, str]] = [
        ({"DocumentName": "Nothing"}, "AutomationDefinitionNotFoundException"),
        ({"DocumentName": "Halt", "DocumentVersion": "7"}, "AutomationDefinitionVersionNotFoundException"),
        ({"DocumentName": "Rest"}, "InvalidAutomationExecutionParametersException"),
        ({"DocumentName": "Halt", "Parameters": {"No": ["x"]}}, "InvalidAutomationExecutionParametersException"),
        ({"DocumentName": "Halt", "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(6)]}, "ValidationException"),
    ]
    for members, code in refusals:
        assert (await client.error("StartAutomationExecution", members))[0] == code, members


@served()
async def test_two_targets_are_refused_in_the_words_of_the_service(client: Client) -> None:
    await start(client)
    target = {"Key": "ParameterValues", "Values": ["i-1"]}
    two = {"DocumentName": "Halt", "Targets": [target, target], "TargetParameterName": "Name"}
    assert await client.error("StartAutomationExecution", two) == (
        "InvalidAutomationExecutionParametersException",
        "Only one resource group or tag can be specified at a time",
    )


@served()
async def test_a_token_starts_once(client: Client) -> None:
    token = "8A5F5BE8-5d93-437a-adbb-394f70000000"
    first = await start(client, ClientToken=token)
    assert await start(client, ClientToken=token.lower()) == first
    other = {"DocumentName": "Halt", "DocumentVersion": "1", "ClientToken": token}
    assert (await client.error("StartAutomationExecution", other))[0] == "IdempotentParameterMismatch"
    assert await listed(client) == [first]


@served()
async def test_executions_are_listed_the_newest_first_and_as_filters_allow(client: Client) -> None:
    first = await start(client)
    second = await start(client, Tags=[{"Key": "team", "Value": "a"}])
    await client.call("StopAutomationExecution", AutomationExecutionId=first)
    await until(client, first, "Cancelled")
    await _waiting(client, second)

    assert await listed(client) == [second, first]
    assert await listed(client, ExecutionId=f"{first},{UNKNOWN}") == [first]
    assert await listed(client, ExecutionStatus="Cancelled") == [first]
    assert await listed(client, DocumentNamePrefix="Ha", AutomationType="Local") == [second, first]
    assert await listed(client, CurrentAction="aws:pause") == [second]
    assert await listed(client, TagKey="team") == [second]
    assert await listed(client, StartTimeBefore="2020-01-01T00:00:00Z") == []
    assert await listed(client, StartTimeAfter="2020-01-01T00:00:00Z") == [second, first]
    for nobody in ("ParentExecutionId", "TargetResourceGroup", "OpsItemId"):
        assert await listed(client, **{nobody: "x"}) == []
    assert await listed(client, AutomationSubtype="ChangeRequest") == []


@served()
async def test_a_filter_value_that_cannot_be_is_refused(client: Client) -> None:
    for key, value in (
        ("ExecutionStatus", "Running"),
        ("AutomationType", "Remote"),
        ("AutomationSubtype", "Any"),
        ("StartTimeBefore", "yesterday"),
    ):
        filters = [{"Key": key, "Values": [value]}]
        assert (await client.error("DescribeAutomationExecutions", Filters=filters))[0] == "InvalidFilterValue"
    execution = await start(client)
    for key, value in (("StepExecutionStatus", "Done"), ("ParentStepIteration", "two"), ("StartTimeAfter", "x")):
        members = {"AutomationExecutionId": execution, "Filters": [{"Key": key, "Values": [value]}]}
        assert (await client.error("DescribeAutomationStepExecutions", members))[0] == "InvalidFilterValue"


@served()
async def test_lists_come_in_pages_whose_tokens_are_good_for_them_alone(client: Client) -> None:
    started = [await start(client) for _ in range(3)]
    members: Json = {"MaxResults": 2}
    first = await client.call("DescribeAutomationExecutions", members)
    second = await client.call("DescribeAutomationExecutions", members, NextToken=first["NextToken"])

    pages = [page["AutomationExecutionMetadataList"] for page in (first, second)]
    assert [each["AutomationExecutionId"] for page in pages for each in page] == started[::-1]
    assert "NextToken" not in second
    strangers: list[tuple[Client, str, Json]] = [
        (client, "DescribeAutomationExecutions", {"Filters": [{"Key": "ExecutionId", "Values": ["x"]}]}),
        (client, "DescribeAutomationStepExecutions", {"AutomationExecutionId": started[0]}),
        (Client(client.app, account="999999999999"), "DescribeAutomationExecutions", {}),
    ]
    for caller, operation, more in strangers:
        assert (await caller.error(operation, more, NextToken=first["NextToken"]))[0] == "InvalidNextToken"
    for token in ("", "x", "é", "bnVsbA==", first["NextToken"][:-4], f"!{first['NextToken']}\n", "W" * 100_000):
        assert (await client.error("DescribeAutomationExecutions", NextToken=token))[0] == "InvalidNextToken"


@served()
async def test_steps_are_listed_in_both_directions_and_in_pages(client: Client) -> None:
    execution = await start(client)
    await _waiting(client, execution)
    members: Json = {"AutomationExecutionId": execution, "MaxResults": 1}
    for reverse, names in ((False, ["halt", "rest"]), (True, ["rest", "halt"])):
        first = await client.call("DescribeAutomationStepExecutions", members, ReverseOrder=reverse)
        token = first["NextToken"]
        second = await client.call("DescribeAutomationStepExecutions", members, ReverseOrder=reverse, NextToken=token)
        assert [page["StepExecutions"][0]["StepName"] for page in (first, second)] == names
        assert "NextToken" not in second
