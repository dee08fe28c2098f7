from __future__ import annotations

from collections.abc import Callable

import pytest

from runwright.language.problems import Problem

Check = Callable[[str], list[Problem]]


def one_step(action: str, inputs: str, more: str = "") -> str:
    return f"""
schemaVersion: '0.3'
parameters: {{Ids: {{type: StringList}}}}
mainSteps:
  - name: step
    action: {action}
    inputs: {inputs}
    {more}
"""


def test_an_unknown_input_is_refused_in_aws_words(check: Check) -> None:
    (problem,) = check(one_step("aws:pause", "{Message: x, Mesage: y}"))
    assert problem.message.startswith(
        "Unknown input names provided. Known=[ [Message, Seconds] ], Provided=[ [Message, Mesage] ]"
    )
    assert (problem.code, problem.place) == ("unknown-input", (7, 26))


def test_an_unknown_action_is_refused_with_what_may_be_meant(check: Check) -> None:
    (problem,) = check(one_step("aws:paus", "{}"))
    assert (problem.code, problem.place) == ("unknown-action", (6, 13))
    assert 'did you mean "aws:pause"' in problem.message


@pytest.mark.parametrize(
    ("inputs", "codes"),
    [
        ("{InstanceIds: [i-1], DesiredState: running}", []),
        ("{InstanceIds: i-1, DesiredState: stopped, Force: 'true'}", []),
        ("{InstanceIds: '{{ Ids }}', DesiredState: '{{ Ids }}', Force: '{{ Ids }}'}", []),
        ("{DesiredState: running}", ["missing-input"]),
        ("{InstanceIds: {a: b}, DesiredState: running}", ["wrong-input-type"]),
        ("{InstanceIds: [i-1], DesiredState: flying}", ["bad-input"]),
        ("{InstanceIds: [i-1], DesiredState: running, Force: maybe}", ["wrong-input-type"]),
        ("{InstanceIds: [{a: b}], DesiredState: [running]}", ["wrong-input-type", "wrong-input-type"]),
    ],
)
def test_literal_inputs_are_held_against_their_declaration(inputs: str, codes: list[str], check: Check) -> None:
    assert [problem.code for problem in check(one_step("aws:changeInstanceState", inputs))] == codes


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (f"{{Approvers: [{', '.join('abcdefghijk')}]}}", "Approvers can have at most 10 items, not a list"),
        (f"{{Approvers: ['{{{{ Ids }}}}', {', '.join('abcdefghij')}]}}", None),
        ("{Approvers: []}", "Approvers has to have at least 1 item, not a list"),
        ("{Approvers: ['{{ Ids }}']}", None),
    ],
)
def test_a_literal_list_is_held_against_its_limits(inputs: str, message: str | None, check: Check) -> None:
    found = [problem.message for problem in check(one_step("aws:approve", inputs))]
    assert found[:1] == ([] if message is None else [message])


def test_inputs_of_an_open_action_may_have_any_name(check: Check) -> None:
    assert check(one_step("aws:executeAwsApi", "{Service: s3, Api: ListBuckets, Whatever: [1, {a: null}]}")) == []


def test_a_rule_of_the_action_speaks_about_several_inputs(check: Check) -> None:
    (problem,) = check(one_step("aws:sleep", "{Duration: PT1M, Timestamp: '2030-01-01T00:00:00Z'}"))
    assert (problem.code, problem.place) == ("bad-input", (7, 41))


def test_a_timeout_above_the_cap_is_a_warning(check: Check) -> None:
    text = one_step("aws:executeAwsApi", "{Service: s3, Api: ListBuckets}", "timeoutSeconds: 600")
    (problem,) = check(text)
    assert (problem.code, problem.is_error) == ("timeout-above-cap", False)


def test_a_default_that_breaks_its_own_rule_is_a_warning(check: Check) -> None:
    text = """
schemaVersion: '0.3'
parameters:
  Size: {type: String, default: huge, allowedValues: [small, large]}
  Name: {type: String, default: '', allowedPattern: '^[a-z]+$'}
  Kept: {type: String, default: abc, allowedPattern: '^[a-z]+$', maxChars: 3}
mainSteps: [{name: a, action: 'aws:pause'}]
"""
    assert [(problem.code, problem.place.line, problem.is_error) for problem in check(text)] == [
        ("default-breaks-rule", 4, False),
        ("default-breaks-rule", 5, False),
    ]


def test_a_text_without_end_of_problems_is_given_up_after_a_hundred(check: Check) -> None:
    problems = check(one_step("aws:pause", "{" + ", ".join(f"Wrong{n}: 1" for n in range(300)) + "}"))
    assert len(problems) == 100
    assert sum("Known=[" in problem.message for problem in problems) == 1


def test_a_number_in_quotes_is_a_warning_unless_the_action_takes_it(check: Check) -> None:
    assert [
        problem.code for problem in check(one_step("aws:approve", "{Approvers: [me], MinRequiredApprovals: '1'}"))
    ] == []
    (problem,) = check(one_step("aws:pause", "{Seconds: '1'}"))
    assert (problem.code, problem.is_error) == ("text-for-number", False)
