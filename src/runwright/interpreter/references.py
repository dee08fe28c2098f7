"""What a `{{ }}` reference stands for within an execution, at the moment when a step is rendered."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from runwright.interpreter import rulings
from runwright.language.fields import as_kind
from runwright.language.model import Variable
from runwright.language.templates import render
from runwright.messages import Json

if TYPE_CHECKING:
    from runwright.interpreter.state import Start, State

Lookup = Callable[[str], Json]

TARGET = "RESOURCE_ID"
"""[UG] a pseudo parameter: the resource that an execution of a rate control is for."""


class TooMuch(ValueError):
    """What values are put into, each as often as it is named there, would grow beyond a limit."""


def lookup_in(state: State) -> Lookup:
    """A lookup over parameters, variables, outputs and system variables; KeyError for what has no value.

    It is for the inputs of one step: raises TooMuch where they would come to more than the outputs of an execution may.
    """
    return _bounded(_values_of(state), rulings.EXECUTION_OUTPUT_BYTES)


def _bounded(lookup: Lookup, most: int) -> Lookup:
    sizes: dict[str, int] = {}
    room = most

    def look(reference: str) -> Json:
        nonlocal room
        value = lookup(reference)
        if isinstance(value, (str, list, dict)):
            if reference not in sizes:
                sizes[reference] = size_of(value)
            room -= sizes[reference]
            if room < 0:
                raise TooMuch(f"the values that are put into it come to more than {most} bytes")
        return value

    return look


def size_of(value: Json) -> int:
    """Bytes of a value: of a text itself, else of its JSON."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return len(json.dumps(value, separators=(",", ":")))


def _values_of(state: State) -> Lookup:
    start = state.start

    def lookup(reference: str) -> Json:
        kind, colon, name = reference.partition(":")
        if colon:
            if kind == "variable":
                return state.variables[name]
            return system_variable(reference, start, state.now)
        step, dot, output = reference.partition(".")
        if dot:
            return state.outputs[step][output]
        if reference == TARGET and start.target is not None and reference not in start.parameters:
            return start.target
        return start.parameters[reference]

    return lookup


def first_value(variable: Variable, start: Start, at: float) -> Json:
    """What a variable holds before a step has set it.

    [OBS] in AWS's own runbooks its default refers to parameters. A default that comes to more than is kept is none.
    """

    def lookup(reference: str) -> Json:
        return system_variable(reference, start, at) if ":" in reference else start.parameters[reference]

    if variable.default is None:
        return None
    try:
        return as_kind(variable.kind, render(variable.default, _bounded(lookup, rulings.OUTPUT_BYTES)))
    except TooMuch:
        return None


def system_variable(reference: str, start: Start, at: float) -> Json:
    """[UG] the `global:` and `automation:` variables; dates are UTC (inferred, [OBS] form) at the time of rendering."""
    match reference:
        case "global:ACCOUNT_ID":
            return start.account
        case "global:REGION":
            return start.region
        case "global:AWS_PARTITION":
            return start.partition
        case "global:DATE":
            return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
        case "global:DATE_TIME":
            return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d_%H.%M.%S")
        case "automation:EXECUTION_ID":
            return start.id
        case _:
            raise KeyError(reference)


def script_context(state: State) -> dict[str, Json]:
    """The second argument of a script's handler: [OBS] system variables under their whole names."""
    return {name: system_variable(name, state.start, state.now) for name in _OF_SCRIPTS}


_OF_SCRIPTS = (
    "global:ACCOUNT_ID", "global:REGION", "global:AWS_PARTITION", "global:DATE", "global:DATE_TIME",
    "automation:EXECUTION_ID",
)  # fmt: skip
