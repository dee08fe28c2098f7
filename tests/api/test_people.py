"""People and executions, with boto3 against the server: mode Interactive, pauses, approvals and every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from runwright.messages import Json
from tests.api.calling import REGION
from tests.api.test_boto3 import Port

ACCOUNT = "123456789012"
UNKNOWN = "8a5f5be8-5d93-437a-adbb-394f70000000"
ENDED = ("Success", "Failed", "TimedOut", "Cancelled")

STEPS: Json = {
    "schemaVersion": "0.3",
    "mainSteps": [
        {"name": "first", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}},
        {"name": "halt", "action": "aws:pause", "inputs": {}},
        {"name": "wrong", "action": "aws:sleep", "inputs": {"Duration": "{{ global:REGION }}"}, "isEnd": True},
    ],
}

ASK: Json = {
    "schemaVersion": "0.3",
    "parameters": {"Approvers": {"type": "StringList"}, "Seconds": {"type": "Integer", "default": 3600}},
    "mainSteps": [
        {
            "name": "ask",
            "action": "aws:approve",
            "timeoutSeconds": "{{ Seconds }}",
            "inputs": {"Approvers": "{{ Approvers }}", "MinRequiredApprovals": 2},
        },
        {"name": "work", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}, "isEnd": True},
    ],
}

ANN, BOB, EVE = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("ann", "bob", "eve"))


@pytest.fixture(scope="module")
def as_user() -> Iterator[Callable[[str], Any]]:
    """Makes the client of a user; all are in one account, which has the documents `Steps` and `Ask`."""
    port = Port()
    clients: dict[str, Any] = {}

    def of(name: str) -> Any:
        if name not in clients:
            clients[name] = boto3.client(
                "ssm",
                region_name=REGION,
                endpoint_url=port.url,
                aws_access_key_id=name,
                aws_secret_access_key="any",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return clients[name]

    for name, content in (("Steps", STEPS), ("Ask", ASK)):
        of("ann").create_document(Name=name, Content=json.dumps(content), DocumentType="Automation")
    yield of
    for each in clients.values():
        each.close()
    port.close()


def execution(ssm: Any, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = ssm.get_automation_execution(AutomationExecutionId=identity)["AutomationExecution"]
    return found


def until(ssm: Any, identity: str, *statuses: str) -> dict[str, Any]:
    while True:
        found = execution(ssm, identity)
        if found["AutomationExecutionStatus"] in (*statuses, *ENDED):
            return found


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {each["StepName"]: each["StepStatus"] for each in found["StepExecutions"]}


def until_step(ssm: Any, identity: str, name: str, *wanted: str) -> dict[str, Any]:
    while True:
        found = execution(ssm, identity)
        if statuses(found)[name] in wanted:
            return found


def signal(ssm: Any, identity: str, kind: str, **payload: str) -> None:
    carried = {"Payload": {name: [value] for name, value in payload.items()}} if payload else {}
    ssm.send_automation_signal(AutomationExecutionId=identity, SignalType=kind, **carried)


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def start(ssm: Any, document: str = "Steps", **more: Any) -> str:
    return str(ssm.start_automation_execution(DocumentName=document, **more)["AutomationExecutionId"])


# ------------------------------------------------------------------------------------------------- Interactive


def test_an_interactive_execution_runs_the_steps_that_are_started(as_user: Callable[[str], Any]) -> None:
    ssm = as_user("ann")
    identity = start(ssm, Mode="Interactive")
    found = execution(ssm, identity)
    assert (found["AutomationExecutionStatus"], found["Mode"]) == ("Waiting", "Interactive")
    assert set(statuses(found).values()) == {"Pending"}

    signal(ssm, identity, "StartStep", StepName="first")
    assert statuses(until_step(ssm, identity, "first", "Success"))["halt"] == "Pending"
    until(ssm, identity, "Waiting")
    signal(ssm, identity, "StartStep", StepName="halt")
    until_step(ssm, identity, "halt", "Waiting")
    signal(ssm, identity, "Resume", StepName="halt")
    until_step(ssm, identity, "halt", "Success")

    ssm.stop_automation_execution(AutomationExecutionId=identity, Type="Complete")
    ended = until(ssm, identity)
    assert ended["AutomationExecutionStatus"] == "Success"
    assert statuses(ended) == {"first": "Success", "halt": "Success", "wrong": "Pending"}


def test_a_step_that_is_stopped_leaves_the_execution_waiting(as_user: Callable[[str], Any]) -> None:
    ssm = as_user("ann")
    identity = start(ssm, Mode="Interactive")
    signal(ssm, identity, "StartStep", StepName="halt")
    steps = until_step(ssm, identity, "halt", "Waiting")["StepExecutions"]
    step_id = next(each["StepExecutionId"] for each in steps if each["StepName"] == "halt")

    signal(ssm, identity, "StopStep", StepExecutionId=step_id)

    assert until_step(ssm, identity, "halt", "Cancelled")["AutomationExecutionStatus"] == "Waiting"
    assert refusal(lambda: signal(ssm, identity, "StopStep", StepExecutionId=step_id)) == (
        "InvalidAutomationSignalException"
    )
    ssm.stop_automation_execution(AutomationExecutionId=identity)
    assert until(ssm, identity)["AutomationExecutionStatus"] == "Cancelled"


def test_a_step_that_fails_ends_nothing_until_complete(as_user: Callable[[str], Any]) -> None:
    ssm = as_user("ann")
    identity = start(ssm, Mode="Interactive")
    signal(ssm, identity, "StartStep", StepName="wrong")
    assert until_step(ssm, identity, "wrong", "Failed")["AutomationExecutionStatus"] == "Waiting"

    ssm.stop_automation_execution(AutomationExecutionId=identity, Type="Complete")

    assert until(ssm, identity)["AutomationExecutionStatus"] == "Failed"


SIGNAL, STEP = "InvalidAutomationSignalException", "AutomationStepNotFoundException"
REFUSED_IN_INTERACTIVE = [
    ("StartStep", {}, SIGNAL),
    ("StartStep", {"StepName": "nowhere"}, STEP),
    ("Resume", {}, SIGNAL),
    ("Resume", {"StepName": "nowhere"}, STEP),
    ("Resume", {"StepName": "halt"}, SIGNAL),
    ("StopStep", {}, SIGNAL),
    ("StopStep", {"StepExecutionId": UNKNOWN}, STEP),
    ("Approve", {}, SIGNAL),
    ("Reject", {"Comment": "no"}, SIGNAL),
    ("Revoke", {}, SIGNAL),
    ("Deny", {}, "ValidationException"),
]


@pytest.mark.parametrize(("kind", "payload", "code"), REFUSED_IN_INTERACTIVE)
def test_a_signal_that_nothing_waits_for_is_refused(
    as_user: Callable[[str], Any], kind: str, payload: dict[str, str], code: str
) -> None:
    ssm = as_user("ann")
    identity = start(ssm, Mode="Interactive")

    assert refusal(lambda: signal(ssm, identity, kind, **payload)) == code

    assert execution(ssm, identity)["AutomationExecutionStatus"] == "Waiting"
    ssm.stop_automation_execution(AutomationExecutionId=identity)


def test_steps_are_not_started_in_mode_auto_nor_while_one_runs(as_user: Callable[[str], Any]) -> None:
    ssm = as_user("ann")
    auto, interactive = start(ssm), start(ssm, Mode="Interactive")
    until(ssm, auto, "Waiting")
    assert refusal(lambda: signal(ssm, auto, "StartStep", StepName="first")) == SIGNAL
    signal(ssm, interactive, "StartStep", StepName="halt")
    with pytest.raises(ClientError, match=f"{interactive} is at step halt: one step is started at a time") as refused:
        signal(ssm, interactive, "StartStep", StepName="first")
    assert refused.value.response["Error"]["Code"] == SIGNAL


def test_what_has_ended_takes_nothing_more(as_user: Callable[[str], Any]) -> None:
    ssm = as_user("ann")
    identity = start(ssm, Mode="Interactive")
    ssm.stop_automation_execution(AutomationExecutionId=identity, Type="Complete")
    until(ssm, identity)

    assert refusal(lambda: signal(ssm, identity, "StartStep", StepName="first")) == SIGNAL
    stop = "InvalidAutomationStatusUpdateException"
    assert refusal(lambda: ssm.stop_automation_execution(AutomationExecutionId=identity)) == stop
    nobody = "AutomationExecutionNotFoundException"
    assert refusal(lambda: signal(ssm, UNKNOWN, "Approve")) == nobody
    assert refusal(lambda: ssm.stop_automation_execution(AutomationExecutionId=UNKNOWN)) == nobody


# --------------------------------------------------------------------------------------------------- approvals


def ask(ssm: Any, **parameters: str) -> str:
    given = {"Approvers": ["ann", BOB, "cid"], **{name: [value] for name, value in parameters.items()}}
    identity = start(ssm, "Ask", Parameters=given)
    until(ssm, identity, "Waiting")
    return identity


def decisions(found: dict[str, Any]) -> tuple[str, list[dict[str, str]]]:
    outputs = found["StepExecutions"][0]["Outputs"]
    return outputs["ApprovalStatus"][0], [json.loads(each) for each in outputs["ApproverDecisions"]]


def test_two_of_three_approvers_let_it_go_on(as_user: Callable[[str], Any]) -> None:
    ann, bob = as_user("ann"), as_user("bob")
    identity = ask(as_user("eve"))
    signal(ann, identity, "Approve", Comment="fine by me")
    status, decided = decisions(until(ann, identity, "Waiting"))
    assert (status, [each["Approver"] for each in decided]) == ("Waiting", [ANN])

    signal(bob, identity, "Approve")

    ended = until(ann, identity)
    status, decided = decisions(ended)
    assert (ended["AutomationExecutionStatus"], ended["ExecutedBy"], status) == ("Success", EVE, "Approved")
    assert [(each["Approver"], each["Decision"], each.get("Comment")) for each in decided] == [
        (ANN, "Approve", "fine by me"),
        (BOB, "Approve", None),
    ]
    assert all(each["DecisionTime"].endswith("Z") for each in decided)


def test_one_rejection_ends_it(as_user: Callable[[str], Any]) -> None:
    identity = ask(as_user("eve"))
    signal(as_user("ann"), identity, "Approve")
    signal(as_user("bob"), identity, "Reject", Comment="not on a Friday")

    ended = until(as_user("eve"), identity)

    status, decided = decisions(ended)
    assert (ended["AutomationExecutionStatus"], status) == ("Failed", "Rejected")
    assert (decided[-1]["Approver"], decided[-1]["Decision"]) == (BOB, "Reject")
    assert decided[-1]["Comment"] == "not on a Friday"
    assert statuses(ended) == {"ask": "Failed", "work": "Pending"}


def test_an_approval_that_nobody_gives_expires(as_user: Callable[[str], Any]) -> None:
    identity = start(as_user("eve"), "Ask", Parameters={"Approvers": ["ann", "bob"], "Seconds": ["1"]})

    ended = until(as_user("eve"), identity)

    assert ended["AutomationExecutionStatus"] == "TimedOut"
    assert statuses(ended) == {"ask": "TimedOut", "work": "Pending"}
    assert refusal(lambda: signal(as_user("ann"), identity, "Approve")) == SIGNAL


def test_a_stranger_and_one_who_has_decided_are_refused(as_user: Callable[[str], Any]) -> None:
    identity = ask(as_user("eve"))
    assert refusal(lambda: signal(as_user("eve"), identity, "Approve")) == SIGNAL
    assert refusal(lambda: signal(as_user("eve"), identity, "Reject")) == SIGNAL
    signal(as_user("ann"), identity, "Approve")
    assert refusal(lambda: signal(as_user("ann"), identity, "Approve")) == SIGNAL
    assert refusal(lambda: signal(as_user("ann"), identity, "Reject")) == SIGNAL

    found = execution(as_user("eve"), identity)
    assert (found["AutomationExecutionStatus"], len(decisions(found)[1])) == ("Waiting", 1)
