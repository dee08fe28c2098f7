"""What a start, and what an execution itself asks of its server, is held against: the policies of who began it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runwright.messages import Json
from tests.access.secured import EVERYTHING, Options, Secured, key, secured
from tests.api.runbooks import PAUSE, text

ROLE = "arn:aws:iam::111122223333:role/Operator"
BOSS = key("boss", EVERYTHING)
SSM = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
AS_SERVER = {"Effect": "Allow", "Action": "runwright:ActAsServer", "Resource": "*"}
PASS_ROLE = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE}

SLEEP: Json = {
    "schemaVersion": "0.3",
    "mainSteps": [{"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
}

WITH_ROLE = SLEEP | {
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {
        "AutomationAssumeRole": {"type": "String", "default": ""},
        "Duration": {"type": "String", "default": "PT1S"},
    },
}


async def made(server: Secured, name: str, runbook: Json) -> None:
    content = {"Name": name, "DocumentType": "Automation", "Content": text(runbook)}
    assert (await server.call(BOSS, "CreateDocument", content))[0] is None


async def ended(server: Secured, execution: str) -> dict[str, Any]:
    await server.host.engine.wait(execution)
    _, answer = await server.call(BOSS, "GetAutomationExecution", {"AutomationExecutionId": execution})
    found: dict[str, Any] = answer["AutomationExecution"]
    return found


def test_an_execution_without_a_role_needs_the_right_to_act_as_the_server() -> None:
    plain, trusted = key("plain", SSM), key("trusted", SSM, AS_SERVER)

    async def story(server: Secured) -> None:
        await made(server, "Rest", SLEEP)
        code, answer = await server.call(plain, "StartAutomationExecution", {"DocumentName": "Rest"})
        assert code == "AccessDeniedException"
        assert "is not authorized to perform: runwright:ActAsServer on resource: arn:aws:ssm:" in answer["Message"]
        code, answer = await server.call(trusted, "StartAutomationExecution", {"DocumentName": "Rest"})
        assert code is None
        execution = await ended(server, answer["AutomationExecutionId"])
        assert execution["ExecutedBy"] == trusted.principal.arn

    secured([BOSS, plain, trusted], story)


@pytest.mark.parametrize("written_in", ["parameter", "document"])
def test_a_role_has_to_be_passed(moto_url: str, written_in: str) -> None:
    plain, trusted = key("plain", SSM, AS_SERVER), key("trusted", SSM, PASS_ROLE)
    named = written_in == "parameter"
    runbook = WITH_ROLE if named else SLEEP | {"assumeRole": ROLE}
    start = {"DocumentName": "Rest"} | ({"Parameters": {"AutomationAssumeRole": [ROLE]}} if named else {})

    async def story(server: Secured) -> None:
        await made(server, "Rest", runbook)
        code, answer = await server.call(plain, "StartAutomationExecution", start)
        assert code == "AccessDeniedException"
        assert f"is not authorized to perform: iam:PassRole on resource: {ROLE}" in answer["Message"]
        assert (await server.call(trusted, "StartAutomationExecution", start))[0] is None

    secured([BOSS, plain, trusted], story, Options(aws=moto_url))


def test_execute_automation_starts_and_passes_only_what_the_initiator_may(moto_url: str) -> None:
    def parent(**inputs: Json) -> Json:
        step = {"name": "child", "action": "aws:executeAutomation", "inputs": {"DocumentName": "Child", **inputs}}
        return {"schemaVersion": "0.3", "mainSteps": [step]}

    barred = {"Effect": "Deny", "Action": "ssm:StartAutomationExecution", "Resource": "*automation-definition/Child:*"}
    definition = "arn:aws:ssm:*:*:automation-definition/Child:*"
    starter = key("starter", SSM, AS_SERVER)
    no_child = key("nochild", SSM, AS_SERVER, barred | {"Resource": definition})

    async def story(server: Secured) -> None:
        await made(server, "Child", WITH_ROLE)
        await made(server, "Plain", parent())
        await made(server, "Passing", parent(RuntimeParameters={"AutomationAssumeRole": ROLE}))
        for access_key, name, refused in (
            (starter, "Plain", None),
            (starter, "Passing", "iam:PassRole"),
            (no_child, "Plain", "ssm:StartAutomationExecution"),
        ):
            code, answer = await server.call(access_key, "StartAutomationExecution", {"DocumentName": name})
            assert code is None, answer
            execution = await ended(server, answer["AutomationExecutionId"])
            message = execution.get("FailureMessage", "")
            assert (execution["AutomationExecutionStatus"] == "Success") is (refused is None), message
            assert refused is None or f"{access_key.principal.arn} is not authorized to perform: {refused}" in message

    secured([BOSS, starter, no_child], story, Options(aws=moto_url))


def test_calls_of_a_step_have_the_rights_of_who_began_the_execution(moto_url: str) -> None:
    inputs = {"Service": "ssm", "Api": "DeleteDocument", "Name": "Precious"}
    runbook = {
        "schemaVersion": "0.3",
        "mainSteps": [{"name": "wipe", "action": "aws:executeAwsApi", "inputs": inputs}],
    }
    keep = {"Effect": "Deny", "Action": "ssm:DeleteDocument", "Resource": "*"}
    careful = key("careful", EVERYTHING, keep)

    async def story(server: Secured) -> None:
        await made(server, "Precious", SLEEP)
        await made(server, "Wipe", runbook)
        for access_key, status in ((careful, "Failed"), (BOSS, "Success")):
            _, answer = await server.call(access_key, "StartAutomationExecution", {"DocumentName": "Wipe"})
            execution = await ended(server, answer["AutomationExecutionId"])
            assert execution["AutomationExecutionStatus"] == status, execution.get("FailureMessage")

    secured([BOSS, careful], story, Options(aws=moto_url))


def test_nobody_approves_what_policy_forbids_and_approvers_are_principals() -> None:
    approve = {
        "schemaVersion": "0.3",
        "mainSteps": [
            {
                "name": "ask",
                "action": "aws:approve",
                "inputs": {
                    "Approvers": ["arn:aws:iam::111122223333:user/approver", "arn:aws:iam::111122223333:user/muzzled"]
                },
            }
        ],
    }
    approver, other = key("approver", SSM), key("other", SSM)
    muzzled = key("muzzled", SSM, {"Effect": "Deny", "Action": "ssm:SendAutomationSignal", "Resource": "*"})

    async def story(server: Secured) -> None:
        await made(server, "Ask", approve)
        _, answer = await server.call(BOSS, "StartAutomationExecution", {"DocumentName": "Ask"})
        execution = answer["AutomationExecutionId"]
        signal = {"AutomationExecutionId": execution, "SignalType": "Approve"}
        codes = {each.id: (await server.call(each, "SendAutomationSignal", signal))[0] for each in (other, muzzled)}
        assert codes == {other.id: "InvalidAutomationSignalException", muzzled.id: "AccessDeniedException"}
        while (await server.call(approver, "SendAutomationSignal", signal))[0] is not None:
            server.clock.later += 3
            await asyncio.sleep(0)  # nothing else here lets the engine have its turn
        found = await ended(server, execution)
        assert found["AutomationExecutionStatus"] == "Success"
        assert approver.principal.arn in str(found["StepExecutions"][0]["Outputs"])

    secured([BOSS, approver, other, muzzled], story)


def test_parameters_of_parameter_store_are_read_for_those_alone_who_may() -> None:
    runbook = PAUSE | {"parameters": {"Size": {"type": "String", "default": "{{ ssm:/fleet/size }}"}}}
    narrow = key("narrow", AS_SERVER, SSM, {"Effect": "Deny", "Action": "ssm:GetParameters", "Resource": "*"})

    async def story(server: Secured) -> None:
        await made(server, "Sized", runbook)
        code, answer = await server.call(narrow, "StartAutomationExecution", {"DocumentName": "Sized"})
        assert code == "AccessDeniedException"
        assert "ssm:GetParameters on resource: arn:aws:ssm:eu-central-1:111122223333:parameter/fleet/size" in str(
            answer
        )

    secured([BOSS, narrow], story)
