"""Runbooks with any flow: branches, loops within loops, failures, time-outs, tries, people, and what onCancel leads to.

Durations are such that what falls due does so at times that are told apart.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

LETTERS = "abcdefgh"
DEEPEST = 2
"""Loops around a step, at most."""
RESPONSES = ("Resume", "Cancel", "StopStep", "Complete")
"""What a person does at aws:pause; Complete is followed by Resume."""

_NOT_ON_CANCEL = ("aws:sleep", "aws:pause")

Step = dict[str, Any]


class Around(NamedTuple):
    """A loop around the steps that are drawn: what they may refer to, and where they may go when they fail."""

    name: str
    has_values: bool
    later: tuple[str, ...]


def refuses(prefix: str, earlier: int) -> bool:
    """Whether the backend refuses a call with this QueueNamePrefix, after so many with the same."""
    return prefix.endswith(("ill", "second-2")) or (prefix.endswith("odd") and earlier % 2 == 0)


@st.composite
def plays(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """A runbook, and what is done each time that it waits for a person."""
    steps = _steps(draw, "", draw(st.integers(1, 5)), ())
    _add_on_cancel(draw, steps, ())
    variables = {"n": {"type": "Integer", "default": 0}, "list": {"type": "StringList", "default": ["1", "2"]}}
    responses = draw(st.lists(st.sampled_from(RESPONSES), max_size=4))
    return {"schemaVersion": "0.3", "variables": variables, "mainSteps": steps}, responses


def _steps(draw: st.DrawFn, prefix: str, count: int, around: tuple[Around, ...]) -> list[Step]:
    names = [prefix + letter for letter in LETTERS[:count]]
    return [_step(draw, name, tuple(names[index + 1 :]), around) for index, name in enumerate(names)]


def _step(draw: st.DrawFn, name: str, later: tuple[str, ...], around: tuple[Around, ...]) -> Step:
    kinds = ["sleep", "variable", "call", "call", "pause", *(["branch"] if later else [])]
    kind = draw(st.sampled_from(kinds + ["loop"] * 4 * (len(around) < DEEPEST)))
    step: Step = {"name": name}
    match kind:
        case "sleep":
            step |= {"action": "aws:sleep", "inputs": {"Duration": draw(st.sampled_from(["PT0S", "PT100S", "PT1H"]))}}
            if draw(st.booleans()):
                step["timeoutSeconds"] = draw(st.sampled_from([37, 730]))
        case "variable":
            step |= {"action": "aws:updateVariable", "inputs": _new_value(draw, around)}
        case "call":
            step |= {"action": "aws:executeAwsApi", "inputs": _call(draw, name, around)}
        case "pause":
            step |= {"action": "aws:pause", "inputs": {}}
        case "branch":
            step |= {"action": "aws:branch", "inputs": _choices(draw, later)}
        case _:
            step |= {"action": "aws:loop", "inputs": _loop(draw, name, later, around)}
            if draw(st.integers(0, 2)) == 0:
                step["timeoutSeconds"] = draw(st.sampled_from([61, 163, 1013, 7433]))
    _add_flow(draw, step, later, around)
    return step


def _add_flow(draw: st.DrawFn, step: Step, later: tuple[str, ...], around: tuple[Around, ...]) -> None:
    if len(later) > 0 and draw(st.booleans()):
        step["nextStep"] = draw(st.sampled_from(later))
    elif draw(st.integers(0, 4)) == 0:
        step["isEnd"] = True
    outside = [target for each in around for target in each.later]
    targets = ["Abort", "Continue", *(f"step:{target}" for target in (*later, *outside))]
    if draw(st.booleans()):
        step["onFailure"] = draw(st.sampled_from(targets))
    if draw(st.integers(0, 2)) == 0:
        step["isCritical"] = draw(st.booleans())
    if draw(st.integers(0, 2)) == 0:
        step["maxAttempts"] = draw(st.integers(1, 3))


def _new_value(draw: st.DrawFn, around: tuple[Around, ...]) -> dict[str, Any]:
    if draw(st.integers(0, 4)) == 0:
        values = draw(st.lists(st.sampled_from("123"), max_size=3))
        return {"Name": "variable:list", "Value": values}
    told = [f"{{{{{each.name}.CurrentIteration}}}}" for each in around]
    told += [f"{{{{{each.name}.CurrentIteratorValue}}}}" for each in around if each.has_values]
    return {"Name": "variable:n", "Value": draw(st.sampled_from([0, 1, 2, 3, "no number", *told, *told]))}


def _call(draw: st.DrawFn, name: str, around: tuple[Around, ...]) -> dict[str, Any]:
    told = [f"second-{{{{{each.name}.CurrentIteration}}}}" for each in around]
    how = draw(st.sampled_from(["well", "ill", "odd", "second-{{variable:n}}", *told]))
    return {"Service": "sqs", "Api": "ListQueues", "QueueNamePrefix": f"{name}-{how}"}


def _choices(draw: st.DrawFn, later: tuple[str, ...]) -> dict[str, Any]:
    choices = [
        {"NextStep": draw(st.sampled_from(later)), "Variable": "{{variable:n}}", "NumericEquals": number}
        for number in range(draw(st.integers(1, 2)))
    ]
    return {"Choices": choices} | ({"Default": draw(st.sampled_from(later))} if draw(st.booleans()) else {})


def _loop(draw: st.DrawFn, name: str, later: tuple[str, ...], around: tuple[Around, ...]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    has_values = draw(st.booleans())
    if has_values:
        written = st.lists(st.sampled_from("123"), max_size=3) | st.just("{{variable:list}}")
        inputs["Iterators"] = draw(written)
        if draw(st.booleans()):
            inputs["IteratorDataType"] = "Integer"
    else:
        seen = draw(st.sampled_from(["{{variable:n}}", f"{{{{{name}.CurrentIteration}}}}"]))
        condition = {"Variable": seen, "NumericLesser": draw(st.integers(1, 3))}
        inputs["LoopCondition"] = {"Not": condition} if draw(st.integers(0, 3)) == 0 else condition
    if not has_values or draw(st.booleans()):
        inputs["MaxIterations"] = draw(st.sampled_from([1, 2, 3, "2", "{{variable:n}}"]))
    within = (*around, Around(name, has_values, later))
    inputs["Steps"] = _steps(draw, name, draw(st.integers(1, 3)), within)
    return inputs


def _add_on_cancel(draw: st.DrawFn, steps: list[Step], outside: tuple[str, ...]) -> None:
    """onCancel may name any step of the list or around it, also one that comes earlier."""
    reached = (*outside, *(step["name"] for step in steps if step["action"] not in _NOT_ON_CANCEL))
    for step in steps:
        if step["action"] == "aws:loop":
            _add_on_cancel(draw, step["inputs"]["Steps"], reached)
        elif step["action"] == "aws:pause" and len(reached) > 0 and draw(st.booleans()):
            step["onCancel"] = f"step:{draw(st.sampled_from(reached))}"
