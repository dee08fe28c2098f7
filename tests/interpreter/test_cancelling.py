from __future__ import annotations

import pytest

from runwright.errors import ServiceError
from runwright.interpreter.requests import Signal, Stop
from runwright.messages import AwaitSignal, RunChild, StopChild
from tests.interpreter.conversation import Conversation
from tests.interpreter.test_flow import call, steps

NAP = "  - {{name: nap, action: aws:sleep, {0}inputs: {{Duration: PT1H}}}}\n"


def test_a_stopped_execution_runs_its_on_cancel_step_and_what_follows() -> None:
    talk = Conversation(steps(NAP.format("onCancel: 'step:tidy', isEnd: true, "), call("tidy"), call("more")))
    talk.ask(Stop("Cancel", "a"))
    assert (talk.status, talk.steps) == ("Cancelling", [("nap", "Cancelled"), ("tidy", "InProgress")])
    talk.reply({})
    talk.reply({})
    assert (talk.status, [name for name, _ in talk.steps]) == ("Cancelled", ["nap", "tidy", "more"])


def test_a_stopped_execution_without_on_cancel_ends_at_once() -> None:
    talk = Conversation(steps(NAP.format(""), call("next")))
    talk.ask(Stop("Cancel", "a"))
    assert (talk.status, talk.steps) == ("Cancelled", [("nap", "Cancelled")])


def test_what_follows_a_stop_has_two_minutes() -> None:
    hold = "  - {name: hold, action: aws:sleep, inputs: {Duration: PT110S}}\n"
    talk = Conversation(steps(NAP.format("onCancel: 'step:tidy', isEnd: true, "), call("tidy"), hold, call("more")))
    talk.ask(Stop("Cancel", "a"))
    talk.reply({})
    talk.pass_time(119)
    assert (talk.status, talk.steps[-1]) == ("Cancelling", ("more", "InProgress"))
    talk.pass_time(2)
    assert talk.steps[-1] == ("more", "Cancelling")
    talk.reply({})
    assert (talk.status, talk.steps[-1]) == ("Cancelled", ("more", "Cancelled"))


def test_a_call_in_flight_is_waited_for_when_the_execution_is_stopped() -> None:
    talk = Conversation(steps(call("one", ", outputs: [{Name: V, Selector: $.V, Type: String}]"), call("two")))
    talk.ask(Stop("Cancel", "a"))
    assert (talk.status, talk.steps) == ("Cancelling", [("one", "Cancelling")])
    talk.reply({"V": "made"})
    assert (talk.status, talk.steps) == ("Cancelled", [("one", "Cancelled")])
    assert talk.step("one")["Outputs"] == {"V": ["made"]}, "what was made is on the record"


def test_a_stopped_parent_stops_its_child_and_waits_for_its_end() -> None:
    talk = Conversation(steps("  - {name: child, action: aws:executeAutomation, inputs: {DocumentName: Other}}\n"))
    child, effect = talk.wish()
    assert isinstance(effect, RunChild)
    talk.ask(Stop("Cancel", "a"))
    assert talk.wish()[1] == StopChild(child.unique_in(talk.state.id))
    talk.reply({"ExecutionId": "c", "Status": "Cancelled", "Outputs": {}, "FailureMessage": None})
    assert (talk.status, talk.steps) == ("Cancelled", [("child", "Cancelled")])


def test_a_second_stop_changes_nothing_and_one_after_the_end_is_refused() -> None:
    talk = Conversation(steps(NAP.format("onCancel: 'step:tidy', isEnd: true, "), call("tidy")))
    talk.ask(Stop("Cancel", "a"))
    talk.ask(Stop("Cancel", "a"))
    talk.reply({})
    with pytest.raises(ServiceError) as refused:
        talk.ask(Stop("Cancel", "a"))
    assert refused.value.code == "InvalidAutomationStatusUpdateException"


def test_an_execution_that_only_waits_holds_no_slot_and_asks_for_one_again() -> None:
    talk = Conversation(steps("  - {name: rest, action: aws:pause, inputs: {}}\n", call("work")))
    assert isinstance(talk.wish()[1], AwaitSignal)
    assert (talk.status, talk.state.slot) == ("Waiting", None)


CLEANUP = """
mainSteps:
  - name: each
    action: aws:loop
    {0}
    inputs:
      Iterators: [a, b]
      Steps:
        - {{name: hold, action: aws:pause, onCancel: 'step:{1}', inputs: {{}}}}
        - {{name: inner, action: aws:executeAwsApi, inputs: {{Service: ec2, Api: DescribeVpcs}}}}
  - name: tidy
    action: aws:loop
    inputs:
      Iterators: [x, y]
      Steps: [{{name: wipe, action: aws:executeAwsApi, inputs: {{Service: ec2, Api: DescribeVpcs}}}}]
"""


def test_a_loop_that_on_cancel_leads_to_runs_all_its_passes() -> None:
    talk = Conversation(CLEANUP.format("isCritical: true", "tidy"))
    talk.ask(Stop("Cancel", "a"))
    talk.answer_calls(lambda call: {})
    assert (talk.status, talk.steps[0], talk.steps[2]) == ("Cancelled", ("each", "Cancelled"), ("tidy", "Success"))
    assert [name for name, _ in talk.steps] == ["each", "hold", "tidy", "wipe", "wipe"]


@pytest.mark.parametrize("properties", ["maxAttempts: 2", "onFailure: Continue", "onFailure: 'step:tidy'"])
def test_a_stopped_loop_ends_with_its_pass_also_when_what_on_cancel_leads_to_fails(properties: str) -> None:
    talk = Conversation(CLEANUP.format(properties, "inner"))
    talk.ask(Stop("Cancel", "a"))
    talk.fail()
    assert (talk.status, talk.steps) == (
        "Cancelled",
        [("each", "Cancelled"), ("hold", "Cancelled"), ("inner", "Failed")],
    )


def test_a_step_that_is_stopped_while_the_execution_is_to_complete_is_no_success() -> None:
    talk = Conversation("mainSteps:\n  - {name: hold, action: aws:pause, inputs: {}}\n")
    talk.ask(Stop("Complete", "a"))
    hold = talk.state.step_execution_id("hold", 1)
    talk.ask(Signal("StopStep", {"StepExecutionId": [hold]}, "a"))
    assert (talk.status, talk.steps) == ("Cancelled", [("hold", "Cancelled")])
