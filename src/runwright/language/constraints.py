"""The constraints of parameters: allowed values, sizes and patterns, in AWS's words where they are known."""

from __future__ import annotations

from collections.abc import Iterable

from runwright.language.model import Parameter
from runwright.language.templates import as_embedded_text
from runwright.messages import Json


def problem_with(parameter: Parameter, value: Json, sent: Iterable[str] | None = None) -> str | None:
    """Say which constraint of `parameter` the typed `value` breaks, or None.

    Patterns are tested on the texts as they were `sent`, where that is known.
    """
    return (
        _problem_with_allowed_values(parameter, value)
        or _problem_with_size(parameter, value)
        or _problem_with_pattern(parameter, value, sent)
    )


def _problem_with_allowed_values(parameter: Parameter, value: Json) -> str | None:
    if parameter.allowed_values is None or value in parameter.allowed_values:
        return None
    several = [each if isinstance(each, list) else [each] for each in parameter.allowed_values]
    accepted = [as_embedded_text(each) for group in several for each in group]
    for each in _texts(value):
        if each not in accepted:
            return f'Parameter "{parameter.name}" has value "{each}" not found in [{", ".join(accepted)}].'
    return None


def _problem_with_size(parameter: Parameter, value: Json) -> str | None:
    if isinstance(value, list | dict):
        least, most, length, unit = parameter.min_items, parameter.max_items, len(value), "items"
        if problem := _out_of_range(parameter.name, length, least, most, unit):
            return problem
    if parameter.kind in ("String", "StringList"):
        for each in _texts(value):
            problem = _out_of_range(parameter.name, len(each), parameter.min_chars, parameter.max_chars, "characters")
            if problem:
                return problem
    return None


def _out_of_range(name: str, length: int, least: int | None, most: int | None, unit: str) -> str | None:
    if least is not None and length < least:
        return f'Parameter "{name}" has a value of {length} {unit}, but at least {least} are required.'
    if most is not None and length > most:
        return f'Parameter "{name}" has a value of {length} {unit}, but at most {most} are allowed.'
    return None


def _problem_with_pattern(parameter: Parameter, value: Json, sent: Iterable[str] | None) -> str | None:
    if parameter.allowed_pattern is None:
        return None
    from runwright.language.patterns import TooSlow, matches  # loaded when needed

    for each in _texts(value) if sent is None else sent:
        try:
            if not matches(parameter.allowed_pattern, each):
                return f'Parameter "{parameter.name}" has value "{each}" not matching "{parameter.allowed_pattern}".'
        except TooSlow:
            return f'Parameter "{parameter.name}" has a value on which "{parameter.allowed_pattern}" takes too long.'
    return None


def _texts(value: Json) -> list[str]:
    """The texts that constraints on single values are held against: each item of a list [inferred]."""
    return [as_embedded_text(each) for each in (value if isinstance(value, list) else [value])]
