"""What the text of a step alone decides, worked out once for each step and shared by all its executions."""

from __future__ import annotations

from functools import lru_cache
from json import JSONEncoder
from typing import NamedTuple

from runwright.actions.every import DECLARATIONS
from runwright.interpreter import rulings
from runwright.interpreter.outcome import valid_next_steps
from runwright.language.inputs import fit
from runwright.language.model import Step
from runwright.language.templates import references
from runwright.messages import Json

_STEPS_KEPT = 8192

json_text = JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
"""Compact JSON. ValueError for what JSON cannot hold."""


class Words(NamedTuple):
    """Members of a step's record as JSON texts: those before its times, its inputs (None: not fixed), and the last."""

    head: str
    inputs: str | None
    tail: str


@lru_cache(_STEPS_KEPT)
def inputs(step: Step) -> dict[str, Json] | None:
    """The inputs as the action takes them; None where they refer to something or do not fit. Not to be changed."""
    declaration = DECLARATIONS[step.action]
    verbatim = {each.name for each in declaration.inputs if each.is_verbatim}
    rendered = {name: value for name, value in step.inputs.items() if name not in verbatim}
    if step.choices or step.loop is not None or any(True for _ in references(rendered)):
        return None
    try:
        return fit(declaration, step.inputs)
    except ValueError:
        return None


@lru_cache(_STEPS_KEPT)
def words(step: Step) -> Words:
    """What every record of the step says."""
    given = inputs(step)
    head = {"StepName": step.name, "Action": step.action} | written_properties(step)
    return Words(
        json_text(head)[1:-1],
        None if given is None else json_text(rulings.input_texts(given)),
        json_text({"OverriddenParameters": {}} | flow_properties(step))[1:-1],
    )


def written_properties(step: Step) -> dict[str, Json]:
    """[OBS] what is only shown when the document writes it; a timeout that refers to something is known later."""
    shown: dict[str, Json] = {}
    if "timeoutSeconds" in step.written and isinstance(step.timeout_seconds, float | int):
        shown["TimeoutSeconds"] = int(step.timeout_seconds)
    if "onFailure" in step.written:
        shown["OnFailure"] = step.on_failure
    if "maxAttempts" in step.written and isinstance(step.max_attempts, int):
        shown["MaxAttempts"] = step.max_attempts
    return shown


def flow_properties(step: Step) -> dict[str, Json]:
    """Where the flow may go from the step."""
    shown: dict[str, Json] = {}
    if "isEnd" in step.written:
        shown["IsEnd"] = step.is_end
    if "isCritical" in step.written and step.is_critical is not None:
        shown["IsCritical"] = step.is_critical
    if "nextStep" in step.written:
        shown["NextStep"] = step.next_step
    following = valid_next_steps(step)
    if following:
        shown["ValidNextSteps"] = following
    return shown
