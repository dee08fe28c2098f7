"""What ends a step, and where the flow goes from there: one table for every kind of step, loops included."""

from __future__ import annotations

from typing import NamedTuple

from runwright.interpreter import rulings
from runwright.language.model import Step
from runwright.messages import Json
from runwright.records import field, record


@record
class Outcome:
    """How an attempt ended. `goto` is a branch's decision; `final` failures are not tried again."""

    status: str
    outputs: dict[str, Json] = field(factory=dict)
    message: str | None = None
    stage: str = "Invocation"
    type: str = "Action"
    final: bool = False
    goto: str | None = None


class Continuation(NamedTuple):
    """`next` is the step to begin (None: the frame is at its end); `fails` says that the frame ends badly for it."""

    next: str | None
    fails: bool


def after(step: Step, outcome: Outcome) -> Continuation:
    """Where the flow goes after the last attempt of a step that was not cancelled.

    Precedence: `onFailure: step:X` beats isEnd; isEnd beats `Continue` and nextStep; a branch's decision beats
    nextStep, which beats the order of the list.
    """
    onward = outcome.goto or step.next_step or step.following
    if not rulings.failing_status(outcome.status):
        return Continuation(None if step.is_end and outcome.goto is None else onward, fails=False)
    critical = rulings.is_critical(step)
    if step.on_failure.startswith("step:"):
        return Continuation(step.on_failure.removeprefix("step:"), critical)
    if step.is_end:
        return Continuation(None, critical)
    if step.on_failure == "Continue":
        return Continuation(onward, critical)
    return Continuation(None, fails=True)


def valid_next_steps(step: Step) -> list[str]:
    """[OBS] the names that a record shows as ValidNextSteps; a failure's target is not among them."""
    if step.choices or step.default:
        names = [choice.next_step for choice in step.choices]
        if step.default:
            names.append(step.default)
        elif not step.is_end and (onward := step.next_step or step.following):
            names.append(onward)
        return list(dict.fromkeys(names))
    onward = None if step.is_end else step.next_step or step.following
    return [onward] if onward else []
