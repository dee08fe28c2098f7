from __future__ import annotations

import pytest

from runwright.actions.registry import EffectFailed, Interrupted, TimedOutOn
from runwright.actions.verdicts import VERDICTS, Done, Pending
from runwright.messages import CallAws, Json, Poll, Selection
from tests.actions.conversation import Conversation

STATE = {
    "Service": "ec2",
    "Api": "DescribeInstances",
    "InstanceIds": ["i-1"],
    "PropertySelector": "$.Reservations[0].Instances[0].State.Name",
    "DesiredValues": ["running", "stopped"],
}


def test_an_api_is_called_with_the_further_inputs_and_gives_the_declared_outputs() -> None:
    outputs = (Selection("Id", "$.VpcId", "String"),)
    talk = Conversation(
        "aws:executeAwsApi", {"Service": "ec2", "Api": "create_vpc", "CidrBlock": "10.0.0.0/16"}, outputs
    )
    assert talk.effect == CallAws("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, outputs, 25)
    assert talk.reply({"Id": "vpc-1"}).values == {"Id": "vpc-1"}


def test_an_error_of_the_api_reaches_the_interpreter_as_it_is() -> None:
    talk = Conversation("aws:executeAwsApi", {"Service": "ec2", "Api": "CreateVpc"}).fail("An error occurred (X)", "X")
    assert isinstance(talk.failed, EffectFailed)
    assert talk.failed.failure.message == "An error occurred (X)"


@pytest.mark.parametrize(
    ("value", "desired"), [("running", ["running"]), (True, ["True"]), (False, ["false"]), (["a", "a"], ["b", "a"])]
)
def test_an_assertion_holds(value: Json, desired: list[str]) -> None:
    talk = Conversation("aws:assertAwsResourceProperty", STATE | {"DesiredValues": desired})
    assert talk.effect.parameters == {"InstanceIds": ["i-1"]}
    assert talk.effect.select == (Selection("value", "$.Reservations[0].Instances[0].State.Name"),)
    assert talk.reply({"value": value}).values == {}


@pytest.mark.parametrize("reply", [{"value": "pending"}, {}, {"value": []}, {"value": False}])
def test_an_assertion_fails_on_anything_else(reply: dict[str, Json]) -> None:
    failed = Conversation("aws:assertAwsResourceProperty", STATE).reply(reply).failure
    assert failed.message.startswith("Step fails when it is Execute/Cancelling action. The property $.Reservations[0]")
    assert failed.message.endswith("none of the desired values running, stopped")
    assert (failed.stage, failed.type) == ("PostVerification", "Verification")


def test_waiting_polls_until_the_property_has_a_desired_value() -> None:
    talk = Conversation("aws:waitForAwsResourceProperty", STATE)
    poll = talk.effect
    assert isinstance(poll, Poll)
    assert (poll.call.operation, poll.every_seconds) == ("DescribeInstances", 2)
    judge = VERDICTS[poll.verdict]
    assert judge({"Reservations": []}, poll.args) == Pending()
    assert judge({"Reservations": [{"Instances": [{"State": {"Name": "pending"}}]}]}, poll.args) == Pending()
    assert judge({"Reservations": [{"Instances": [{"State": {"Name": "running"}}]}]}, poll.args) == Done()
    assert talk.reply().values == {}


def test_waiting_fails_on_an_error_of_the_api() -> None:
    failed = Conversation("aws:waitForAwsResourceProperty", STATE).fail("An error occurred (Gone)", "Gone").failure
    assert failed.message == "Step fails when it is Poll action status for completion. An error occurred (Gone)"
    assert (failed.stage, failed.type) == ("Invocation", "Action")


def test_a_wait_that_times_out_asks_once_more_what_the_property_is() -> None:
    talk = Conversation("aws:waitForAwsResourceProperty", STATE).interrupt("timeout")
    assert talk.effect.select == (Selection("value", "$.Reservations[0].Instances[0].State.Name"),)
    failed = talk.reply({"value": "pending"}).failed
    assert isinstance(failed, TimedOutOn)
    assert failed.missing.endswith('State.Name is "pending", which is none of the desired values running, stopped')


def test_a_wait_that_is_cancelled_asks_nothing() -> None:
    assert isinstance(Conversation("aws:waitForAwsResourceProperty", STATE).interrupt().failed, Interrupted)


@pytest.mark.parametrize("action", ["aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty"])
def test_a_selector_that_cannot_be_used_fails_for_good(action: str) -> None:
    failed = Conversation(action, STATE | {"PropertySelector": "$.a.length()"}).failure
    assert failed.final
    assert failed.stage == "InputValidation"
