from __future__ import annotations

import pytest

from runwright.actions.verdicts import VERDICTS, Done, Failed, Judgement, Pending
from runwright.messages import CallAws, Json
from tests.actions.conversation import Conversation

ACTION = "aws:changeInstanceState"


def change(state: str, **more: Json) -> Conversation:
    return Conversation(ACTION, {"InstanceIds": ["i-1", "i-2"], "DesiredState": state} | more)


@pytest.mark.parametrize(
    ("state", "operation"),
    [("running", "StartInstances"), ("stopped", "StopInstances"), ("terminated", "TerminateInstances")],
)
def test_a_state_is_asked_for_and_waited_for(state: str, operation: str) -> None:
    talk = change(state)
    assert talk.effect == CallAws("ec2", operation, {"InstanceIds": ["i-1", "i-2"]})
    talk.reply({})
    assert talk.effect.args["instance_ids"] == ["i-1", "i-2"]
    assert talk.reply([state, state]).values == {"InstanceStates": [state]}


def test_a_check_alone_changes_nothing() -> None:
    assert change("stopped", CheckStateOnly="true").effect.verdict == "ec2.instances_in_state"


def test_force_belongs_to_stopping() -> None:
    assert change("stopped", Force=True).effect.parameters["Force"] is True
    assert "Force" not in change("terminated", Force=True).effect.parameters


def test_an_error_while_waiting_is_told_apart_from_a_refused_call() -> None:
    refused = change("running").fail("An error occurred (IncorrectInstanceState)", "IncorrectInstanceState").failure
    assert refused.message.startswith("Step fails when it is Execute/Cancelling action. An error occurred")
    lost = change("running").reply({}).fail("Instance i-1 entered unexpected state: terminated").failure
    assert lost.message.startswith("Step fails when it is Poll action status for completion. Instance i-1 entered")
    assert lost.type == "Verification"


def status(instance_id: str, state: str, check: str = "ok") -> Json:
    return {
        "InstanceId": instance_id,
        "InstanceState": {"Name": state},
        "InstanceStatus": {"Status": check},
        "SystemStatus": {"Status": "ok"},
    }


@pytest.mark.parametrize(
    ("second", "judgement"),
    [
        (status("i-2", "running"), Done(["running", "running"])),
        (status("i-2", "running", "initializing"), Pending()),
        (status("i-2", "pending", "not-applicable"), Pending()),
        (status("i-2", "stopped"), Failed("Instance i-2 entered unexpected state: stopped")),
        (status("i-2", "shutting-down"), Failed("Instance i-2 entered unexpected state: shutting-down")),
        (status("i-2", "running", "impaired"), Failed("Instance i-2 has InstanceStatus impaired")),
        (None, Pending()),
    ],
)
def test_instances_run_when_every_check_of_each_has_passed(second: Json, judgement: Judgement) -> None:
    talk = change("running", FailOnUnexpectedStopped=True).reply({})
    reply = {"InstanceStatuses": [status("i-1", "running"), *([second] if second else [])]}
    assert VERDICTS[talk.effect.verdict](reply, talk.effect.args) == judgement


def test_a_stopped_instance_is_waited_for_unless_that_is_unexpected() -> None:
    talk = change("running").reply({})
    reply = {"InstanceStatuses": [status("i-1", "stopped"), status("i-2", "running")]}
    assert VERDICTS[talk.effect.verdict](reply, talk.effect.args) == Pending()


@pytest.mark.parametrize(
    ("wanted", "states", "judgement"),
    [
        ("stopped", ("stopped", "stopped"), Done(["stopped", "stopped"])),
        ("stopped", ("stopped", "stopping"), Pending()),
        ("stopped", ("stopped", "terminated"), Failed("Instance i-2 entered unexpected state: terminated")),
        ("terminated", ("terminated", "shutting-down"), Pending()),
    ],
)
def test_stopped_and_terminated_are_states(wanted: str, states: tuple[str, str], judgement: Judgement) -> None:
    talk = change(wanted).reply({})
    instances = [{"InstanceId": f"i-{n}", "State": {"Name": state}} for n, state in enumerate(states, 1)]
    reply = {"Reservations": [{"Instances": [each]} for each in instances]}
    assert VERDICTS[talk.effect.verdict](reply, talk.effect.args) == judgement


def test_instances_are_launched_once_and_waited_for() -> None:
    talk = Conversation(
        "aws:runInstances",
        {
            "ImageId": "ami-1",
            "MinInstanceCount": "2",
            "IamInstanceProfileName": "web",
            "Monitoring": True,
            "SubnetId": "",
        },
    )
    launch = talk.effect.parameters
    token = launch.pop("ClientToken")
    assert launch == {
        "ImageId": "ami-1",
        "InstanceType": "m1.small",
        "MinCount": 2,
        "MaxCount": 2,
        "IamInstanceProfile": {"Name": "web"},
        "Monitoring": {"Enabled": True},
    }
    assert token == Conversation("aws:runInstances", {"ImageId": "ami-1"}).effect.parameters["ClientToken"]
    talk.reply({"InstanceIds": ["i-1", "i-2"]})
    assert talk.effect.tolerate == ("InvalidInstanceID.NotFound",)
    assert talk.reply(["running", "running"]).values == {
        "InstanceIds": ["i-1", "i-2"],
        "InstanceStates": ["running", "running"],
    }


def test_a_token_in_the_runbook_wins() -> None:
    talk = Conversation("aws:runInstances", {"ImageId": "ami-1", "ClientToken": "mine"})
    assert talk.effect.parameters["ClientToken"] == "mine"


def test_failures_of_a_launch_are_worded_as_aws_does() -> None:
    launch = Conversation("aws:runInstances", {"ImageId": "ami-1"}).fail("No such image", "InvalidAMIID.NotFound")
    assert launch.failure.message == (
        "Automation Step Execution fails when it's launching the instance(s). Get Exception from RunInstances API "
        "of ec2 Service. Exception Message from RunInstances API: [No such image]"
    )
    ready = Conversation("aws:runInstances", {"ImageId": "ami-1"}).reply({"InstanceIds": ["i-1"]})
    failed = ready.fail("Instance i-1 entered unexpected state: shutting-down").failure
    assert failed.message == (
        "Step fails when it's verifying launched instance(s) are ready to be used. "
        "Instance i-1 entered unexpected state: shutting-down"
    )
    assert failed.outputs == {"InstanceIds": ["i-1"]}
