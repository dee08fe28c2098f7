"""Holds a step's rendered inputs against its action's declaration, just before the action runs.

Few things are converted: a single text where a list is meant, `"true"` for true, JSON text for a map. A text where an
Integer is declared fails [UG], except for the inputs that are known to take it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runwright.language.declarations import Declaration, Input
from runwright.language.fields import as_flag, as_text, one_of, shown
from runwright.language.json_values import json_value
from runwright.language.types import is_of_kind
from runwright.messages import Json


def fit(declaration: Declaration, rendered: Mapping[str, Json]) -> dict[str, Json]:
    """Return the inputs as the action takes them, of their declared types; ValueError says what is wrong."""
    given = {name: value for name, value in rendered.items() if not _is_left_out(declaration.input(name), value)}
    known = [one.name for one in declaration.inputs]
    if not declaration.is_open and any(name not in known for name in given):
        raise ValueError(
            f"Unknown input names provided. Known=[ [{', '.join(known)}] ], Provided=[ [{', '.join(rendered)}] ]"
        )
    for one in declaration.inputs:
        if one.required and one.name not in given:
            raise ValueError(f"The input {one.name} is missing; {declaration.action} requires it")
    fitted = {}
    for name, value in given.items():
        declared = declaration.input(name)
        fitted[name] = value if declared is None else _fitted(declared, value)
    if declaration.rule is not None:
        for name, message in declaration.rule(fitted):
            raise ValueError(f"The input {name} is wrong: {message}")
    return fitted


def _is_left_out(declared: Input | None, value: Json) -> bool:
    """Whether an input counts as not written.

    An optional text that renders to nothing does (inferred): runbooks pass optional parameters, whose default is `''`,
    straight on to optional inputs.
    """
    if declared is None:
        return False
    return value is None or (value == "" and declared.type == "String" and not declared.required)


def _fitted(declared: Input, value: Json) -> Json:
    made = _as_type(declared, value)
    if not is_of_kind(declared.type, made):
        raise ValueError(f"The input {declared.name} is {shown(value)}; it has to be of type {declared.type}")
    _check_limits(declared, made)
    return made


def _as_type(declared: Input, value: Json) -> Json:
    match declared.type, value:
        case "String", bool() | int() | float():
            return as_text(value)
        case "Boolean", str():
            flag = as_flag(value)
            return value if flag is None else flag
        case "Integer", str() if declared.takes_text and re.fullmatch(r"[0-9]{1,18}", value.strip()):
            return int(value)
        case "StringList", str():
            return [value]
        case "StringList", list():
            return [as_text(each) if isinstance(each, bool | int | float) else each for each in value]
        case "StringMap", str():
            return _json(value)
        case "MapList", str():
            made = _json(value)
            return [made] if isinstance(made, dict) else made
        case "MapList", dict():
            return [value]
        case _:
            return value


def _json(text: str) -> Json:
    """The JSON that a text holds, else the text."""
    try:
        return json_value(text) if text.strip() else text
    except ValueError:  # not JSON: its type is reported as the text that it is
        return text


def _check_limits(declared: Input, value: Json) -> None:
    if declared.allowed and value not in declared.allowed:
        raise ValueError(f"The input {declared.name} is {shown(value)}; it can be {one_of(declared.allowed)}")
    size = value if isinstance(value, int) else len(value) if isinstance(value, list) else None
    if size is not None and not isinstance(value, bool):
        unit = " items" if isinstance(value, list) else ""
        if declared.minimum is not None and size < declared.minimum:
            raise ValueError(f"The input {declared.name} has {size}{unit}; it has to be at least {declared.minimum}")
        if declared.maximum is not None and size > declared.maximum:
            raise ValueError(f"The input {declared.name} has {size}{unit}; it can be at most {declared.maximum}")
    if isinstance(value, str):
        if declared.max_chars is not None and len(value) > declared.max_chars:
            limit = f"at most {declared.max_chars} are accepted"
            raise ValueError(f"The input {declared.name} has {len(value)} characters; {limit}")
        if declared.pattern is not None and not re.fullmatch(declared.pattern, value):
            raise ValueError(f"The input {declared.name} is {shown(value)}; it has to match {declared.pattern}")
