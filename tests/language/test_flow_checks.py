from __future__ import annotations

from collections.abc import Callable

import pytest

from runwright.language.problems import Problem

Check = Callable[[str], list[Problem]]


def runbook(*steps: str) -> str:
    lines = "\n".join(f"  - {{action: 'aws:pause', {step}}}" for step in steps)
    return f"schemaVersion: '0.3'\nmainSteps:\n{lines}\n"


def test_a_circle_is_refused_with_its_trace(check: Check) -> None:
    (problem,) = check(
        runbook("name: a", "name: b, onFailure: 'step:d'", "name: c, isEnd: true", "name: d, nextStep: a")
    )
    assert problem.code == "circle"
    assert "circle trace: a -> b -> d -> a" in problem.message
    assert problem.place.line == 6


@pytest.mark.parametrize("circle", ["nextStep: a", "onFailure: 'step:a'", "isEnd: true, onFailure: 'step:a'"])
def test_a_step_that_leads_to_itself_is_refused(circle: str, check: Check) -> None:
    assert [problem.code for problem in check(runbook(f"name: a, {circle}"))] == ["circle"]


def test_a_step_that_ends_the_flow_leads_nowhere(check: Check) -> None:
    assert check(runbook("name: a, nextStep: c", "name: b, isEnd: true, nextStep: a", "name: c, nextStep: b")) == []


def test_a_branch_leads_to_its_choices_and_not_past_its_default(check: Check) -> None:
    branch = """
schemaVersion: '0.3'
parameters: {Size: {type: String}}
mainSteps:
  - name: choose
    action: aws:branch
    inputs:
      Choices: [{NextStep: small, Variable: '{{ Size }}', StringEquals: s}]
      Default: large
  - {name: back, action: 'aws:pause', nextStep: %s}
  - {name: small, action: 'aws:pause', isEnd: true}
  - {name: large, action: 'aws:pause'}
"""
    assert check(branch % "small") == []
    assert check(branch % "choose") == []
    assert [problem.code for problem in check(branch.replace("isEnd: true", "nextStep: choose") % "small")] == [
        "circle"
    ]


def test_thousands_of_steps_are_walked_without_recursion(check: Check) -> None:
    steps = [f"  - {{name: s{n}, action: 'aws:pause'}}" for n in range(1_600)]
    assert check("schemaVersion: '0.3'\nmainSteps:\n" + "\n".join(steps)) == []


@pytest.mark.parametrize("jump", ["nextStep: nowhere", "onFailure: 'step:nowhere'", "onCancel: 'step:nowhere'"])
def test_a_target_that_does_not_exist_is_refused(jump: str, check: Check) -> None:
    assert [problem.code for problem in check(runbook(f"name: a, {jump}"))] == ["unknown-step"]


def test_a_name_is_used_once_also_across_loops(check: Check) -> None:
    text = (
        runbook("name: a")
        + "  - {name: b, action: 'aws:loop', inputs: {Iterators: [x], Steps: [{name: a, action: 'aws:pause'}]}}"
    )
    (problem,) = check(text)
    assert (problem.code, problem.place.line) == ("duplicate-step", 4)


def test_on_cancel_cannot_lead_to_what_takes_too_long(check: Check) -> None:
    assert [problem.code for problem in check(runbook("name: a, onCancel: 'step:b'", "name: b"))] == [
        "bad-cancel-target"
    ]


def test_on_cancel_is_not_for_loops_and_variables_unless_it_asks_for_nothing(check: Check) -> None:
    text = """
schemaVersion: '0.3'
variables: {x: {type: String, default: ''}}
mainSteps:
  - {name: set, action: 'aws:updateVariable', onCancel: %s, inputs: {Name: 'variable:x', Value: a}}
  - {name: next, action: 'aws:changeInstanceState', inputs: {InstanceIds: [i-1], DesiredState: running}}
"""
    assert check(text % "Abort") == []
    assert [problem.code for problem in check(text % "'step:next'")] == ["forbidden-property"]


LOOP = """
schemaVersion: '0.3'
mainSteps:
  - {name: before, action: 'aws:pause'}
  - name: each
    action: aws:loop
    inputs:
      Iterators: [x]
      Steps:
        - {name: inner, action: 'aws:pause', %s}
        - {name: second, action: 'aws:pause'}
  - {name: after, action: 'aws:executeAwsApi', inputs: {Service: s3, Api: ListBuckets}, %s}
"""


@pytest.mark.parametrize(
    ("inner", "after", "codes"),
    [
        ("nextStep: second", "isEnd: true", []),
        ("nextStep: after", "isEnd: true", ["unreachable-target"]),
        ("onCancel: 'step:after'", "isEnd: true", []),
        ("isEnd: true", "nextStep: inner", ["unreachable-target"]),
        ("onFailure: 'step:before'", "isEnd: true", ["leaves-loop", "circle"]),
    ],
)
def test_targets_stay_in_their_list_except_on_failure_and_on_cancel(
    inner: str, after: str, codes: list[str], check: Check
) -> None:
    assert [problem.code for problem in check(LOOP % (inner, after))] == codes


def test_a_failing_step_may_leave_its_loop_with_a_warning(check: Check) -> None:
    (problem,) = check(LOOP % ("onFailure: 'step:after'", "isEnd: true"))
    assert (problem.code, problem.is_error) == ("leaves-loop", False)
