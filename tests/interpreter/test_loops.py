from __future__ import annotations

from runwright.interpreter.requests import Signal, Stop
from runwright.messages import CallAws
from tests.interpreter.conversation import Conversation

EACH = """
mainSteps:
  - name: each
    action: aws:loop
    {properties}
    inputs:
      Iterators: [a, b, c]
      Steps:
        - name: call
          action: aws:executeAwsApi
          {inner}
          inputs: {{Service: ec2, Api: DescribeVpcs, VpcIds: ["{{{{each.CurrentIteratorValue}}}}"]}}
        - {{name: last, action: aws:sleep, inputs: {{Duration: PT0S}}}}
  - {{name: after, action: aws:sleep, inputs: {{Duration: PT0S}}}}
"""


def each(inner: str = "description: d", properties: str = "isCritical: true") -> Conversation:
    return Conversation(EACH.format(inner=inner, properties=properties))


def test_a_condition_that_grows_beyond_the_limit_fails_the_loop() -> None:
    condition = "{Variable: '%s', StringEquals: a}" % ("{{ variable:text }}" * 11)
    text = f"""
parameters: {{Text: {{type: String}}}}
variables: {{text: {{type: String, default: ''}}}}
mainSteps:
  - name: again
    action: aws:loop
    inputs:
      LoopCondition: {condition}
      Steps: [{{name: set, action: aws:updateVariable, inputs: {{Name: "variable:text", Value: "{{{{ Text }}}}"}}}}]
"""
    talk = Conversation(text, parameters={"Text": "x" * 102400})
    assert (talk.status, talk.steps) == ("Failed", [("again", "Failed"), ("set", "Success")])


def test_a_loop_runs_a_pass_for_each_value() -> None:
    talk = each()
    asked: list[str] = []
    talk.answer_calls(lambda call: asked.append(call.parameters["VpcIds"][0]) or {})  # type: ignore[func-returns-value]
    assert (talk.status, asked) == ("Success", ["a", "b", "c"])
    assert [name for name, _ in talk.steps] == ["each", *["call", "last"] * 3, "after"]
    assert talk.step("each")["Outputs"] == {"CurrentIteration": ["3"], "CurrentIteratorValue": ["c"]}


def test_inner_steps_tell_whose_pass_they_belong_to() -> None:
    talk = each()
    talk.reply({})
    details = talk.step("call")["ParentStepDetails"]
    assert details == {
        "StepExecutionId": talk.step("each")["StepExecutionId"],
        "StepName": "each",
        "Action": "aws:loop",
        "Iteration": 2,
        "IteratorValue": "b",
    }


def test_a_failing_inner_step_fails_the_loop() -> None:
    talk = each()
    talk.fail("it broke")
    assert (talk.status, talk.steps) == ("Failed", [("each", "Failed"), ("call", "Failed")])
    assert "it broke" in talk.step("each")["FailureMessage"]


def test_a_failing_inner_step_that_continues_does_not_end_its_pass() -> None:
    talk = each("onFailure: Continue")
    talk.fail()
    assert talk.steps[:3] == [("each", "InProgress"), ("call", "Failed"), ("last", "Success")]
    talk.answer_calls(lambda call: {})
    assert talk.status == "Success"


def test_is_end_ends_the_pass_alone() -> None:
    talk = each("isEnd: true")
    talk.answer_calls(lambda call: {})
    assert [name for name, _ in talk.steps] == ["each", "call", "call", "call", "after"]


def test_on_failure_may_lead_out_of_the_loop() -> None:
    talk = each("onFailure: 'step:after'\n          isCritical: false")
    talk.fail()
    assert talk.status == "Success"
    assert talk.steps == [("each", "Failed"), ("call", "Failed"), ("after", "Success")]


def test_a_loop_is_tried_again_from_its_first_pass() -> None:
    talk = each(properties="maxAttempts: 2")
    talk.reply({})
    talk.fail()
    wish, effect = talk.wish()
    assert isinstance(effect, CallAws)
    assert (wish.path, effect.parameters["VpcIds"]) == ("each.2/1/call", ["a"])


def test_a_timeout_of_the_loop_interrupts_the_step_within_and_ends_the_loop() -> None:
    talk = each(properties="timeoutSeconds: 10")
    talk.pass_time(11)
    talk.reply({})
    assert (talk.status, talk.steps) == ("TimedOut", [("each", "TimedOut"), ("call", "TimedOut")])


def test_all_loops_within_one_that_times_out_are_timed_out() -> None:
    talk = Conversation("""
mainSteps:
  - name: outer
    action: aws:loop
    timeoutSeconds: 10
    inputs:
      Iterators: [a]
      Steps:
        - name: middle
          action: aws:loop
          inputs: {Iterators: [b], Steps: [{name: nap, action: aws:sleep, inputs: {Duration: PT1H}}]}
""")
    talk.pass_time(11)
    assert talk.steps == [("outer", "TimedOut"), ("middle", "TimedOut"), ("nap", "TimedOut")]
    assert "It had 10 seconds." in talk.step("middle")["FailureMessage"]


def test_a_stop_within_a_loop_cancels_both_and_looks_outward_for_on_cancel() -> None:
    text = EACH.format(inner="onCancel: 'step:after'", properties="isCritical: true")
    nap, work = "aws:sleep, inputs: {Duration: PT0S}", "aws:executeAwsApi, inputs: {Service: ec2, Api: DescribeVpcs}"
    talk = Conversation(text.replace(f"after, action: {nap}", f"after, action: {work}"))
    talk.ask(Stop("Cancel", "a"))
    talk.reply({})
    talk.reply({})
    assert talk.steps == [("each", "Cancelled"), ("call", "Cancelled"), ("after", "Success")]
    assert talk.status == "Cancelled"


def test_iterators_are_texts_of_the_type_that_is_said() -> None:
    text = """
parameters: {{All: {{type: StringList}}}}
variables: {{last: {{type: {kind}, default: {default}}}}}
mainSteps:
  - name: each
    action: aws:loop
    inputs:
      Iterators: "{{{{ All }}}}"
      IteratorDataType: {kind}
      Steps:
        - name: keep
          action: aws:updateVariable
          inputs: {{Name: "variable:last", Value: "{{{{each.CurrentIteratorValue}}}}"}}
"""
    for kind, default, values, last in (
        ("StringMap", "{}", ['{"a": 1}', '{"a": 2}'], {"a": 2}),
        ("Integer", "0", ["1", "2"], 2),
        ("Boolean", "false", ["False", "True"], True),
    ):
        talk = Conversation(text.format(kind=kind, default=default), parameters={"All": values})
        assert (talk.status, talk.state.variables) == ("Success", {"last": last})
    wrong = Conversation(text.format(kind="StringMap", default="{}"), parameters={"All": ["a"]})
    assert wrong.status == "Failed"
    assert "Iterators holds 'a', which is no StringMap" in wrong.record["FailureMessage"]


def test_an_output_that_a_pass_does_not_have_is_not_that_of_the_pass_before() -> None:
    talk = Conversation("""
mainSteps:
  - name: each
    action: aws:loop
    inputs:
      Iterators: [a, b]
      Steps:
        - name: find
          action: aws:executeAwsApi
          inputs: {Service: ec2, Api: DescribeInstances}
          outputs: [{Name: Platform, Selector: $.Platform, Type: String}]
        - name: which
          action: aws:branch
          inputs: {Choices: [{Variable: "{{find.Platform}}", StringEquals: windows, NextStep: windows}], Default: linux}
        - {name: windows, action: aws:sleep, inputs: {Duration: PT0S}, isEnd: true}
        - {name: linux, action: aws:sleep, inputs: {Duration: PT0S}}
""")
    talk.reply({"Platform": "windows"})
    talk.reply({})
    assert [name for name, _ in talk.steps] == ["each", "find", "which", "windows", "find", "which", "linux"]
    assert talk.state.output_bytes == 0


def test_a_condition_is_looked_at_after_each_pass() -> None:
    talk = Conversation("""
variables: {count: {type: Integer, default: 0}}
mainSteps:
  - name: until
    action: aws:loop
    inputs:
      LoopCondition: {Variable: "{{variable:count}}", NumericLesser: 3}
      MaxIterations: 50
      Steps:
        - {name: add, action: aws:updateVariable, inputs: {Name: "variable:count", Value: "{{until.CurrentIteration}}"}}
""")
    assert talk.record["Variables"] == {"count": ["3"]}
    assert [name for name, _ in talk.steps].count("add") == 3


def test_reaching_the_most_passes_is_no_failure_and_no_values_are_no_pass() -> None:
    text = """
parameters: {{Names: {{type: StringList}}}}
mainSteps:
  - name: each
    action: aws:loop
    inputs:
      Iterators: "{{{{Names}}}}"
      MaxIterations: {most}
      Steps: [{{name: s, action: aws:sleep, inputs: {{Duration: PT0S}}}}]
"""
    some = Conversation(text.format(most=2), parameters={"Names": ["a", "b", "c"]})
    assert (some.status, [name for name, _ in some.steps]) == ("Success", ["each", "s", "s"])
    none = Conversation(text.format(most=2), parameters={"Names": []})
    assert (none.status, none.steps) == ("Success", [("each", "Success")])


def test_loops_within_loops_breathe_between_their_many_steps() -> None:
    inner = "{name: s, action: aws:sleep, inputs: {Duration: PT0S}}"
    values = "[" + ", ".join(str(n) for n in range(100)) + "]"
    talk = Conversation(
        "mainSteps:\n  - {name: outer, action: aws:loop, inputs: {Iterators: " + values + ", Steps: ["
        "{name: deep, action: aws:loop, inputs: {Iterators: " + values + ", Steps: [" + inner + "]}}]}}\n"
    )  # fmt: skip
    assert len(talk.rows) <= 501
    talk.pass_time(1)
    assert (talk.status, len(talk.rows)) == ("Success", 1 + 100 + 100 * 100)


def test_a_loop_that_is_visited_again_makes_calls_and_steps_of_their_own() -> None:
    talk = Conversation(
        """
mainSteps:
  - name: each
    action: aws:loop
    inputs:
      Iterators: [a]
      Steps: [{name: call, action: aws:executeAwsApi, inputs: {Service: ec2, Api: DescribeVpcs}}]
""",
        request={"Mode": "Interactive"},
    )
    wishes = []
    for _ in range(2):
        talk.ask(Signal("StartStep", {"StepName": ["each"]}, "a"))
        wishes.append(talk.wish()[0].unique_in("x"))
        talk.reply({})
    assert [name for name, _ in talk.steps] == ["each", "call"] * 2
    assert len(set(wishes)) == 2
    assert len({row.id for row in talk.rows.values()}) == 4
