"""What the service model demands of a request, compiled into closures: types, required members, enums, patterns, sizes.

The model is botocore's, read once, and each operation is compiled when it is first asked for. A value of a wrong JSON
type is a SerializationException, a breach of a constraint a ValidationException in AWS's words that lists every one.
Members that the model does not know are dropped, as AWS does. What a request *means* is the operations' business.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, NoReturn

import regex
from botocore.loaders import Loader

from runwright.errors import ServiceError
from runwright.messages import Json

MOST_FAULTS = 20
"""Faults that one answer lists; the search stops there, so that a hostile body costs no more than a wrong one."""

MOST_ECHOED = 200
"""Characters of a caller's own text that an error repeats."""

MOST_LISTED = 1000
"""(inferred) Items of a list for which the model states no maximum (TagKeys, Requires, filters): as many as of Tags.
Ten megabytes of them would hold up everybody else for seconds."""

YIELDING_SIZES = {("StartAutomationExecution", "Targets"): "max", ("StartAutomationExecution", "Parameters"): "min"}
"""Members of which one size limit gives way: the operation has a sourced message of its own for two targets, and
clients send empty parameters, which answers of the real service show as they were sent."""

Fault = tuple[str, str]
"""(path, AWS's words)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape. `read` takes JSON apart and returns what the model knows of it; `judge` adds what is wrong with it.

    `texts` are the shape's constraints in AWS's words when its container reports them (`holds` says whether they are
    met); None for a shape whose members report for themselves.
    """

    read: Callable[[Json, str], Json]
    judge: Callable[[Json, str, list[Fault]], None]
    holds: Callable[[Json], bool]
    texts: tuple[str, ...] | None


@cache
def known_operations() -> frozenset[str]:
    """Every operation of the service model, ours or not."""
    return frozenset(_model()["operations"])


def check(operation: str, body: Json) -> dict[str, Json]:
    """The members of a request of `operation` that the model knows, none of them null.

    Raises SerializationException for a wrong JSON type (also of the body) and ValidationException for the rest.
    """
    rule = _input_rule(operation)
    request = rule.read(body, "")
    faults: list[Fault] = []
    rule.judge(request, "", faults)
    if faults:
        listed = faults[:MOST_FAULTS]
        count = f"{len(listed)} validation error{'s' if len(listed) > 1 else ''} detected: "
        raise ServiceError("ValidationException", count + "; ".join(text for _, text in listed))
    return dict(request)


def undeclared_members(operation: str, output: Json) -> list[str]:
    """Paths in an answer that the service model does not declare; botocore's parser would drop them silently."""
    shape = _model()["operations"][operation].get("output")
    return list(_undeclared(shape["shape"], output, "")) if shape else [str(key) for key in output]


def enum_of(shape: str) -> tuple[str, ...]:
    """The values that the service model lists for a shape."""
    return tuple(_model()["shapes"][shape]["enum"])


def shorten(text: str) -> str:
    """A caller's text, cut to what an error may repeat."""
    return text if len(text) <= MOST_ECHOED else f"{text[:MOST_ECHOED]}..."


# --------------------------------------------------------------------------------------------------- the model


@cache
def _model() -> dict[str, Any]:
    model: dict[str, Any] = Loader().load_service_model("ssm", "service-2")
    return model


@cache
def _input_rule(operation: str) -> Rule:
    shape = _model()["operations"][operation].get("input")
    if shape is None:
        return _structure({}, (), lambda member, shape: _rule(shape))
    definition = _model()["shapes"][shape["shape"]]
    return _structure(
        {name: member["shape"] for name, member in definition["members"].items()},
        tuple(definition.get("required", ())),
        lambda member, shape: _rule(shape, YIELDING_SIZES.get((operation, member))),
    )


@cache
def _rule(shape: str, yielding: str | None = None) -> Rule:
    definition = _bounded(_model()["shapes"][shape])
    most = definition.get("max")
    enough = None if most is None else max(most + 1, MOST_ECHOED)
    return _compile({key: value for key, value in definition.items() if key != yielding}, enough)


def _bounded(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"max": MOST_LISTED, **shape} if shape["type"] == "list" else shape


def _compile(shape: Mapping[str, Any], enough: int | None) -> Rule:
    """`enough`: so many entries of a list or map that is too long are looked at, which tells that it is."""
    match shape["type"]:
        case "structure":
            members = {name: member["shape"] for name, member in shape["members"].items()}
            return _structure(members, tuple(shape.get("required", ())), lambda _, name: _rule(name))
        case "list":
            return _list(_rule(shape["member"]["shape"]), _sizes(shape, "length"), enough)
        case "map":
            return _map(_rule(shape["key"]["shape"]), _rule(shape["value"]["shape"]), _sizes(shape, "length"), enough)
        case "string":
            return _leaf(_read_string, (*_enum(shape), *_sizes(shape, "length"), *_pattern(shape)))
        case "boolean":
            return _leaf(_read_boolean, ())
        case "integer" | "long":
            return _leaf(_read_integer, _sizes(shape, "value"))
        case other:  # pragma: no cover - a model that grows a new type fails here, at the first request that has it
            raise NotImplementedError(f"the service model holds a type that requests here never had: {other}")


# ------------------------------------------------------------------------------------------- constraints in words

Limit = tuple[str, Callable[[Json], bool]]


def _sizes(shape: Mapping[str, Any], noun: str) -> tuple[Limit, ...]:
    measure: Callable[[Json], int] = len if noun == "length" else int
    limits: list[Limit] = []
    if (most := shape.get("max")) is not None:
        limits.append((f"Member must have {noun} less than or equal to {most}", lambda value: measure(value) <= most))
    if least := shape.get("min"):
        limits.append(
            (f"Member must have {noun} greater than or equal to {least}", lambda value: measure(value) >= least)
        )
    return tuple(limits)


def _enum(shape: Mapping[str, Any]) -> tuple[Limit, ...]:
    if not (values := shape.get("enum")):
        return ()
    return ((f"Member must satisfy enum value set: [{', '.join(values)}]", frozenset(values).__contains__),)


def _pattern(shape: Mapping[str, Any]) -> tuple[Limit, ...]:
    """The whole value must match, and `\\w` and `\\d` are ASCII, as with Java's `matches`."""
    if not (pattern := shape.get("pattern")):
        return ()
    matches = regex.compile(pattern).fullmatch if r"\p" in pattern else re.compile(pattern, re.ASCII).fullmatch
    return ((f"Member must satisfy regular expression pattern: {pattern}", lambda value: matches(value) is not None),)


# ---------------------------------------------------------------------------------------------------- the shapes


def _leaf(read: Callable[[Json, str], Json], limits: tuple[Limit, ...]) -> Rule:
    def judge(value: Json, path: str, faults: list[Fault]) -> None:
        for text, holds in limits:
            if not holds(value):
                _report(faults, path, value, text)

    return Rule(read, judge, lambda value: all(holds(value) for _, holds in limits), tuple(text for text, _ in limits))


def _list(element: Rule, limits: tuple[Limit, ...], enough: int | None) -> Rule:
    demand = f"Member must satisfy constraint: [{', '.join(element.texts or ('Member must not be null',))}]"

    def read(value: Json, path: str) -> Json:
        if type(value) is not list:
            _refuse(value, "list", path)
        return [
            None if one is None else element.read(one, f"{path}.{n}") for n, one in enumerate(islice(value, enough), 1)
        ]

    def fits(one: Json) -> bool:
        return one is not None and element.holds(one)

    def judge(value: Json, path: str, faults: list[Fault]) -> None:
        for text, holds in limits:
            if not holds(value):
                _report(faults, path, value, text)
        if element.texts is not None:
            if not all(map(fits, value)):
                _report(faults, path, value, demand)
            return
        for number, one in enumerate(value, 1):
            if len(faults) >= MOST_FAULTS:
                return
            if one is None:
                _report(faults, f"{path}.{number}.member", None, "Member must not be null")
            else:
                element.judge(one, f"{path}.{number}.member", faults)

    def all_hold(value: Json) -> bool:
        return all(holds(value) for _, holds in limits) and all(map(fits, value))

    texts = None if element.texts is None else (*(text for text, _ in limits), *((demand,) if element.texts else ()))
    return Rule(read, judge, all_hold, texts)


def _map(key: Rule, element: Rule, limits: tuple[Limit, ...], enough: int | None) -> Rule:
    key_demand = f"Map keys must satisfy constraint: [{', '.join(key.texts or ())}]"
    demand = f"Map value must satisfy constraint: [{', '.join(element.texts or ('Member must not be null',))}]"

    def read(value: Json, path: str) -> Json:
        if type(value) is not dict:
            _refuse(value, "map", path)
        return {
            key.read(name, path): None if one is None else element.read(one, f"{path}.{shorten(name)}")
            for name, one in islice(value.items(), enough)
        }

    def fits(one: Json) -> bool:
        return one is not None and element.holds(one)

    def judge(value: Json, path: str, faults: list[Fault]) -> None:
        for text, holds in limits:
            if not holds(value):
                _report(faults, path, value, text)
        if not all(map(key.holds, value)):
            _report(faults, path, value, key_demand)
        if not all(map(fits, value.values())):
            _report(faults, path, value, demand)

    def all_hold(value: Json) -> bool:
        return (
            all(holds(value) for _, holds in limits) and all(map(key.holds, value)) and all(map(fits, value.values()))
        )

    return Rule(read, judge, all_hold, (*(text for text, _ in limits), key_demand, demand))


def _structure(members: Mapping[str, str], required: tuple[str, ...], rule_of: Callable[[str, str], Rule]) -> Rule:
    rules = {name: (rule_of(name, shape), name[:1].lower() + name[1:]) for name, shape in members.items()}

    def read(value: Json, path: str) -> Json:
        if type(value) is not dict:
            _refuse(value, "structure", path)
        prefix = f"{path}." if path else ""
        return {
            name: rules[name][0].read(one, prefix + rules[name][1])
            for name, one in value.items()
            if one is not None and name in rules
        }

    def judge(value: Json, path: str, faults: list[Fault]) -> None:
        prefix = f"{path}." if path else ""
        for name, (rule, spelled) in rules.items():
            if len(faults) >= MOST_FAULTS:
                return
            if name in value:
                rule.judge(value[name], prefix + spelled, faults)
            elif name in required:
                _report(faults, prefix + spelled, None, "Member must not be null")

    def holds(value: Json) -> bool:
        faults: list[Fault] = []
        judge(value, "", faults)
        return not faults

    return Rule(read, judge, holds, None)


# ------------------------------------------------------------------------------------------------------- reading


def _read_string(value: Json, path: str) -> str:
    if type(value) is not str:
        _refuse(value, "string", path)
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ServiceError(
                "SerializationException", f"The text at '{shorten(path)}' holds half of a surrogate pair."
            ) from None
    return str(value)


def _read_boolean(value: Json, path: str) -> bool:
    if type(value) is not bool:
        _refuse(value, "boolean", path)
    return bool(value)


def _read_integer(value: Json, path: str) -> int:
    if type(value) is float and math.isfinite(value) and value == int(value):
        return int(value)
    if type(value) is not int:
        _refuse(value, "integer", path)
    return int(value)


_FOUND = {str: "STRING_VALUE", bool: "BOOLEAN_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
_WANTED = {"string": "a String", "boolean": "a Boolean", "integer": "an Integer", "list": "a List", "map": "a Map"}


def _refuse(value: Json, wanted: str, path: str) -> NoReturn:
    at = f" At '{shorten(path)}'." if path else ""
    if type(value) is list:
        message = "Start of list found where not expected."
    elif type(value) is dict:
        message = "Start of structure or map found where not expected."
    elif value is None:
        message = "null found where a structure was expected."
    else:
        message = f"{_FOUND[type(value)]} can not be converted to {_WANTED.get(wanted, 'a Structure')}."
    raise ServiceError("SerializationException", message + at)


# --------------------------------------------------------------------------------------------------------- words


def _report(faults: list[Fault], path: str, value: Json, text: str) -> None:
    shown = "null" if value is None else f"'{shorten(_echo(value))}'"
    faults.append((path, f"Value {shown} at '{shorten(path)}' failed to satisfy constraint: {text}"))


def _echo(value: Json) -> str:
    """A value as AWS prints it (Java's toString), without printing all of a giant one."""
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(_echo(one) for one in islice(value, MOST_ECHOED))}]"
        case dict():
            pairs = islice(value.items(), MOST_ECHOED)
            return f"{{{', '.join(f'{shorten(name)}={_echo(one)}' for name, one in pairs)}}}"
        case str():
            return shorten(value)
        case _:
            return shorten(str(value))


def _undeclared(shape: str, value: Json, path: str) -> list[str]:
    definition = _model()["shapes"][shape]
    match definition["type"]:
        case "structure":
            members = definition["members"]
            strangers = [f"{path}{name}" for name in value if name not in members]
            known = ((members[name]["shape"], one, f"{path}{name}.") for name, one in value.items() if name in members)
            return strangers + [found for each in known for found in _undeclared(*each)]
        case "list":
            inner = definition["member"]["shape"]
            return [found for n, one in enumerate(value) for found in _undeclared(inner, one, f"{path}{n}.")]
        case "map":
            inner = definition["value"]["shape"]
            return [found for name, one in value.items() for found in _undeclared(inner, one, f"{path}{name}.")]
        case _:
            return []
