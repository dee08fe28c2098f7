from __future__ import annotations

import pytest

from runwright.interpreter.requests import Stop
from runwright.messages import CallAws, Json, Outdated, Replied, Reply, RunScript, WishId
from tests.interpreter.conversation import Conversation


def call(name: str, more: str = "") -> str:
    return f"  - {{name: {name}, action: aws:executeAwsApi, inputs: {{Service: ec2, Api: DescribeVpcs}}{more}}}\n"


def steps(*texts: str) -> str:
    return "mainSteps:\n" + "".join(texts)


def test_steps_run_in_the_order_of_the_list() -> None:
    talk = Conversation(steps(call("one"), call("two")))
    talk.reply({})
    assert talk.steps == [("one", "Success"), ("two", "InProgress")]
    talk.reply({})
    assert (talk.status, talk.steps) == ("Success", [("one", "Success"), ("two", "Success")])


def test_a_script_gets_the_system_variables_under_their_whole_names() -> None:
    inputs = "{Runtime: python3.11, Handler: main, Script: 'def main(events, context): pass'}"
    _, wish = Conversation(steps(f"  - {{name: one, action: aws:executeScript, inputs: {inputs}}}\n")).wish()
    assert isinstance(wish, RunScript)
    assert wish.context == {
        "global:ACCOUNT_ID": "111122223333",
        "global:REGION": "eu-west-1",
        "global:AWS_PARTITION": "aws",
        "global:DATE": "2023-11-14",
        "global:DATE_TIME": "2023-11-14_22.13.20",
        "automation:EXECUTION_ID": "11111111-2222-3333-4444-555555555555",
    }


def test_a_reference_without_a_value_stays_in_the_payload_of_a_script() -> None:
    """Published scripts test `policy.startswith("{{")` for a step that succeeded without that output."""
    outputs = "[{Name: Policy, Selector: $.Policy}]"
    inputs = "{Runtime: python3.11, Handler: main, Script: x, InputPayload: {policy: '{{ one.Policy }}'}}"
    script = f"  - {{name: two, action: aws:executeScript, inputs: {inputs}}}\n"
    talk = Conversation(steps(call("one", f", outputs: {outputs}"), script))
    talk.reply({})
    _, wish = talk.wish()
    assert isinstance(wish, RunScript)
    assert wish.payload == {"policy": "{{one.Policy}}"}


def test_next_step_goes_before_the_order_of_the_list() -> None:
    talk = Conversation(steps(call("one", ", nextStep: three"), call("two"), call("three")))
    talk.reply({})
    assert talk.steps[-1] == ("three", "InProgress")


@pytest.mark.parametrize(
    ("properties", "reached", "status"),
    [
        ("", [], "Failed"),
        (", onFailure: Abort", [], "Failed"),
        (", onFailure: Abort, isCritical: false", [], "Failed"),
        (", onFailure: Continue", ["next"], "Success"),
        (", onFailure: Continue, isCritical: true", ["next"], "Failed"),
        (", onFailure: Continue, isEnd: true", [], "Success"),
        (", onFailure: 'step:mend'", ["mend"], "Failed"),
        (", onFailure: 'step:mend', isCritical: false", ["mend"], "Success"),
        (", onFailure: 'step:mend', isCritical: false, isEnd: true", ["mend"], "Success"),
        (", isEnd: true, isCritical: false", [], "Success"),
        (", isEnd: true", [], "Failed"),
    ],
)
def test_a_failure_goes_where_the_step_says(properties: str, reached: list[str], status: str) -> None:
    talk = Conversation(steps(call("first", properties), call("next", ", isEnd: true"), call("mend")))
    talk.fail()
    talk.answer_calls(lambda call: {})
    assert [name for name, _ in talk.steps] == ["first", *reached]
    assert talk.status == status


def test_the_failure_of_an_execution_is_that_of_its_failing_step() -> None:
    talk = Conversation(steps(call("one", ", onFailure: 'step:two'"), call("two")))
    talk.fail("An error occurred (Oops) when calling the DescribeVpcs operation: no")
    talk.reply({})
    assert talk.status == "Failed"
    message = (
        "Step fails when it is Execute/Cancelling action. An error occurred (Oops) when calling the DescribeVpcs "
        "operation: no. Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
    )
    assert talk.record["FailureMessage"] == talk.step("one")["FailureMessage"] == message


def test_a_step_is_tried_as_often_as_it_says() -> None:
    talk = Conversation(steps(call("one", ", maxAttempts: 3")))
    ids = []
    for _ in range(3):
        ids.append(talk.wish()[0])
        talk.fail()
    assert [wish.attempt for wish in ids] == [1, 2, 3]
    assert (talk.status, talk.steps) == ("Failed", [("one", "Failed")])


def test_an_attempt_that_succeeds_ends_the_trying() -> None:
    talk = Conversation(steps(call("one", ", maxAttempts: 3")))
    talk.fail()
    talk.reply({})
    assert talk.status == "Success"


def test_inputs_that_cannot_be_had_are_not_tried_again() -> None:
    text = "  - {name: two, action: aws:sleep, maxAttempts: 5, inputs: {Duration: '{{one.Gone}}'}}\n"
    talk = Conversation(steps(call("one", ", outputs: [{Name: Gone, Selector: $.Gone, Type: String}]"), text))
    talk.reply({})
    assert talk.steps[-1] == ("two", "Failed")
    assert talk.step("two")["FailureDetails"]["FailureStage"] == "InputValidation"
    assert "Step fails when it is validating and resolving the step inputs. one.Gone" in talk.record["FailureMessage"]


def test_a_number_of_tries_that_is_far_too_long_to_be_one_counts_as_one() -> None:
    text = ", outputs: [{Name: Text, Selector: $.Text, Type: String}]"
    talk = Conversation(steps(call("one", text), call("two", f", maxAttempts: '{'{{one.Text}}' * 12}'")))
    talk.reply({"Text": "9" * 90_000})
    talk.fail()
    assert talk.steps[-1] == ("two", "Failed")
    assert "Internal" not in talk.record["FailureMessage"]


def test_each_attempt_has_its_own_timeout_and_the_last_one_counts() -> None:
    text = "  - {name: nap, action: aws:sleep, timeoutSeconds: 10, maxAttempts: 2, inputs: {Duration: PT1H}}\n"
    talk = Conversation(steps(text))
    talk.pass_time(10)
    assert talk.steps == [("nap", "InProgress")]
    talk.pass_time(10)
    assert (talk.status, talk.steps) == ("TimedOut", [("nap", "TimedOut")])


@pytest.mark.parametrize("given", ["nan", "inf", "1e400", "-5", "x", 10**400, 2**31])
def test_a_timeout_that_is_no_number_of_seconds_fails_the_step(given: Json) -> None:
    step = "  - {name: nap, action: aws:sleep, timeoutSeconds: '{{ T }}', inputs: {Duration: PT1H}}\n"
    talk = Conversation("parameters: {T: {type: String}}\n" + steps(step), parameters={"T": given})
    assert (talk.status, talk.steps) == ("Failed", [("nap", "Failed")])
    assert "timeoutSeconds is " in talk.record["FailureMessage"]


def test_a_call_in_flight_is_waited_for_when_its_step_times_out() -> None:
    talk = Conversation(steps(call("one", ", timeoutSeconds: 5")))
    talk.pass_time(6)
    assert talk.steps == [("one", "InProgress")]
    assert isinstance(talk.wish()[1], CallAws)
    talk.reply({})
    assert (talk.status, talk.steps) == ("TimedOut", [("one", "TimedOut")])


def test_a_branch_goes_to_the_first_choice_that_holds() -> None:
    text = """
parameters: {Size: {type: Integer}}
mainSteps:
  - name: choose
    action: aws:branch
    inputs:
      Choices:
        - {NextStep: big, Variable: "{{Size}}", NumericGreater: 10}
        - NextStep: small
          And: [{Variable: "{{Size}}", NumericLesserOrEquals: 10}, {Not: {Variable: "{{Size}}", NumericEquals: 0}}]
      Default: none
  - {name: big, action: aws:sleep, isEnd: true, inputs: {Duration: PT0S}}
  - {name: small, action: aws:sleep, isEnd: true, inputs: {Duration: PT0S}}
  - {name: none, action: aws:sleep, inputs: {Duration: PT0S}}
"""
    for size, taken in ((11, "big"), (10, "small"), (0, "none")):
        talk = Conversation(text, parameters={"Size": size})
        assert talk.steps == [("choose", "Success"), (taken, "Success")]
        assert talk.step("choose")["ValidNextSteps"] == ["big", "small", "none"]


def test_a_branch_without_a_match_goes_on_or_ends() -> None:
    choice = "inputs: {Choices: [{NextStep: last, Variable: '{{automation:EXECUTION_ID}}', StringEquals: no}]}"
    last = "  - {name: mid, action: aws:sleep, inputs: {Duration: PT0S}}\n" + call("last")
    ends = Conversation(steps(f"  - {{name: choose, action: aws:branch, isEnd: true, {choice}}}\n", last))
    assert (ends.status, ends.steps) == ("Success", [("choose", "Success")])
    goes = Conversation(steps(f"  - {{name: choose, action: aws:branch, {choice}}}\n", last))
    assert [name for name, _ in goes.steps] == ["choose", "mid", "last"]


def test_variables_are_set_shown_and_keep_their_type() -> None:
    text = """
variables: {count: {type: Integer, default: 1}}
mainSteps:
  - {name: set, action: aws:updateVariable, inputs: {Name: "variable:count", Value: 7}}
  - {name: spoil, action: aws:updateVariable, inputs: {Name: "variable:count", Value: "{{global:REGION}}"}}
"""
    talk = Conversation(text)
    assert talk.record["Variables"] == {"count": ["7"]}
    assert talk.steps == [("set", "Success"), ("spoil", "Failed")]
    assert "count is of type Integer" in talk.record["FailureMessage"]


def setting(name: str, value: str) -> str:
    return f"  - {{name: s{name}, action: aws:updateVariable, inputs: {{Name: 'variable:{name}', Value: '{value}'}}}}\n"


def test_what_a_variable_holds_has_a_limit() -> None:
    head = "parameters: {Text: {type: String}}\nvariables: {text: {type: String, default: ''}}\n"
    grown = setting("text", "{{ Text }}xx").replace("stext", "grown")
    talk = Conversation(head + steps(setting("text", "{{ Text }}"), grown), parameters={"Text": "x" * 102400})
    assert talk.steps == [("stext", "Success"), ("grown", "Failed")]
    assert "Variable text would have 102402 bytes: at most 102400 are kept" in talk.record["FailureMessage"]


def test_what_variables_hold_together_has_a_limit() -> None:
    names = [f"v{number}" for number in range(11)]
    declared = ", ".join(f"{name}: {{type: String, default: ''}}" for name in names)
    head = f"parameters: {{Text: {{type: String}}}}\nvariables: {{{declared}}}\n"
    sets = [setting(name, "{{ Text }}") for name in names]
    talk = Conversation(head + steps(*sets), parameters={"Text": "x" * 102400})
    assert talk.steps[-1] == ("sv10", "Failed")
    assert "variables of the execution would come to 1126400 bytes" in talk.record["FailureMessage"]


@pytest.mark.parametrize(
    "step",
    [
        "{name: nap, action: aws:sleep, inputs: {Duration: '%s'}}" % ("{{ Text }}" * 11),
        "{name: nap, action: aws:branch, inputs: {Choices: [{Variable: '%s', StringEquals: a, NextStep: one}]}}"
        % ("{{ Text }}" * 11),
    ],
)
def test_what_is_put_into_a_step_has_a_limit(step: str) -> None:
    head = "parameters: {Text: {type: String}}\n"
    talk = Conversation(head + steps(f"  - {step}\n", call("one")), parameters={"Text": "x" * 102400})
    assert talk.steps == [("nap", "Failed")]
    assert "the values that are put into it come to more than 1048576 bytes" in talk.record["FailureMessage"]


def test_a_variable_begins_with_what_its_default_refers_to() -> None:
    text = """
parameters: {Name: {type: String}, Names: {type: StringList}}
variables:
  key: {type: String, default: "{{ Name }}"}
  all: {type: StringList, default: "{{ Names }}"}
  place: {type: StringMap, default: '{"in": "{{ global:REGION }}/{{ Name }}"}'}
mainSteps:
  - name: which
    action: aws:branch
    inputs: {Choices: [{Variable: "{{variable:key}}", StringEquals: a, NextStep: last}]}
    isEnd: true
  - {name: last, action: aws:sleep, inputs: {Duration: PT0S}}
"""
    talk = Conversation(text, parameters={"Name": "a", "Names": ["b", "c"]})
    assert talk.record["Variables"] == {"key": ["a"], "all": ["b", "c"], "place": ['{"in":"eu-west-1/a"}']}
    assert talk.steps == [("which", "Success"), ("last", "Success")]


def test_document_outputs_say_so_until_their_step_has_succeeded() -> None:
    selected = ", outputs: [{Name: V, Selector: $.V, Type: StringMap}]"
    talk = Conversation(steps(call("one", selected), call("two", selected)) + "outputs: [one.V, two.V]")
    talk.reply({"V": {"a": "b=c"}})
    assert talk.record["Outputs"] == {
        "one.V": ['{"a":"b\\u003dc"}'],
        "two.V": ["No output available yet because the step is not successfully executed"],
    }


def test_a_reply_that_nobody_awaits_changes_nothing() -> None:
    talk = Conversation(steps(call("one"), call("two")))
    first = talk.wish()[0]
    talk.reply({})
    talk.send(Replied(talk.now, first, Reply({})))
    talk.send(Replied(talk.now, WishId("three", 1, 1, 0), Reply({})))
    assert talk.steps == [("one", "Success"), ("two", "InProgress")]


def test_a_step_in_flight_during_an_upgrade_fails_without_another_try() -> None:
    talk = Conversation(steps(call("one", ", maxAttempts: 3, onFailure: 'step:two', isCritical: false"), call("two")))
    talk.send(Outdated(talk.now))
    assert talk.step("one")["FailureDetails"]["FailureType"] == "Internal"
    assert talk.steps == [("one", "Failed"), ("two", "InProgress")]


def test_a_stop_that_completes_lets_the_step_end_and_starts_no_other() -> None:
    talk = Conversation(steps(call("one"), call("two")))
    talk.ask(Stop("Complete", "a"))
    talk.reply({})
    assert (talk.status, talk.steps) == ("Success", [("one", "Success")])


@pytest.mark.parametrize(("letters", "status"), [(204_800, "Success"), (204_801, "Failed")])
def test_an_answer_of_a_lambda_function_is_kept_up_to_its_own_limit(letters: int, status: str) -> None:
    text = (
        steps("  - {name: f, action: aws:invokeLambdaFunction, inputs: {FunctionName: f}}\n") + "outputs: [f.Payload]"
    )
    talk = Conversation(text)
    talk.reply({"StatusCode": 200, "Payload": "x" * letters})
    assert talk.status == status
