"""aws:loop: which passes there are. Its steps are run by `flow` in a frame of their own."""

from __future__ import annotations

from runwright.interpreter import attempts
from runwright.interpreter.outcome import Outcome
from runwright.interpreter.references import TooMuch, lookup_in
from runwright.interpreter.state import Activity, Frame, State
from runwright.language.conditions import holds
from runwright.language.fields import as_kind
from runwright.language.model import Loop
from runwright.language.templates import Unresolved, render
from runwright.messages import Json

MOST_PASSES = 100


def begin_loop(state: State, activity: Activity) -> Outcome | None:
    """Fix the iterators and begin the first pass; the outcome when there is none or the inputs are wrong."""
    step = state.step_of(activity)
    loop = _loop(state, activity)
    outcome = attempts.prepare(state, activity, step)
    if outcome is not None:
        return outcome
    try:
        activity.values = None if loop.condition is not None else _values(state, loop)
        activity.max_iterations = _max_iterations(state, loop)
    except Unresolved as missing:
        return attempts.input_failure(f"{missing.reference} has no value: its step did not run or has no such output")
    except ValueError as wrong:
        return attempts.input_failure(str(wrong))
    if activity.values is not None and not activity.values:
        return Outcome("Success")
    _begin_pass(state, activity, 1)
    return None


def after_pass(state: State, activity: Activity, iteration: int) -> Outcome | None:
    """Begin the next pass, or say that the loop has succeeded."""
    loop = _loop(state, activity)
    more = iteration < activity.max_iterations
    if activity.values is not None:
        more = more and iteration < len(activity.values)
    elif more:
        assert loop.condition is not None
        try:
            more = holds(loop.condition, lookup_in(state))
        except TooMuch as wrong:
            return attempts.input_failure(f"its condition cannot be looked at: {wrong}")
    if not more:
        return Outcome("Success", dict(state.outputs[activity.name]))
    _begin_pass(state, activity, iteration + 1)
    return None


def _begin_pass(state: State, activity: Activity, iteration: int) -> None:
    outputs: dict[str, Json] = {"CurrentIteration": iteration}
    if activity.values is not None:
        outputs["CurrentIteratorValue"] = activity.values[iteration - 1]
    state.outputs[activity.name] = outputs
    again = f"#{activity.visit}" if activity.visit > 1 else ""
    path = f"{activity.path}{again}.{activity.attempt}/{iteration}/"
    first = _loop(state, activity).steps[0].name
    state.frames.append(Frame(path=path, loop=activity.name, iteration=iteration, next=first))


def _loop(state: State, activity: Activity) -> Loop:
    loop = state.step_of(activity).loop
    assert loop is not None
    return loop


def _values(state: State, loop: Loop) -> list[Json]:
    rendered = render(loop.iterators, lookup_in(state))
    values = rendered if isinstance(rendered, list) else [rendered]
    if len(values) > MOST_PASSES:
        raise ValueError(f"Iterators has {len(values)} entries: at most {MOST_PASSES} are accepted")
    return [_typed(loop.iterator_kind, value) for value in values]


def _typed(kind: str, value: Json) -> Json:
    """[UG] iterators are strings; IteratorDataType says what they stand for."""
    made = as_kind(kind, value)
    if made is not None:
        return made
    raise ValueError(f"Iterators holds {value!r}, which is no {kind}")


def _max_iterations(state: State, loop: Loop) -> int:
    value = render(loop.max_iterations, lookup_in(state))
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_PASSES:
        raise ValueError(f"MaxIterations is {value!r}: a whole number from 1 to {MOST_PASSES} is expected")
    return value
