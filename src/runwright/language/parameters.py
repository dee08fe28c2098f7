"""Turns the string lists of the API's `Parameters` into the typed values that a runbook declares.

All that is wrong with them is a ServiceError InvalidAutomationExecutionParametersException, in AWS's words where they
are known. Constraints hold for what a caller sends, never for a default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from runwright.errors import ServiceError
from runwright.language.constraints import problem_with
from runwright.language.json_values import json_value
from runwright.language.model import Parameter
from runwright.language.templates import Unresolved, as_embedded_text, references, render
from runwright.messages import Json

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_ACCEPTED = {
    "String": "one text",
    "Integer": "one whole number such as 5",
    "Boolean": "true or false",
    "StringList": "a list of texts",
    "StringMap": 'one JSON object such as {"key":"value"}',
    "MapList": 'JSON objects such as {"Key":"Name","Value":"web"}, one a value',
}


def bind(
    parameters: Mapping[str, Parameter],
    given: Mapping[str, list[str]],
    ssm: Mapping[str, Json],
    lookup_system: Callable[[str], Json],
    *,
    exempt: Collection[str] = (),
) -> dict[str, Json]:
    """Return the typed value of every parameter: what is given, else its default.

    `ssm` holds the Parameter Store values that `needed_ssm_parameters` names; `lookup_system` gives `global:` and
    `automation:` variables. Parameters in `exempt` may be missing, and then have no value: each child gets its own.
    """
    for name in given:
        if name not in parameters:
            raise _invalid(f'Parameter "{name}" is not defined in document parameters.')
    bound = {}
    for name, parameter in parameters.items():
        if name in given:
            bound[name] = _from_wire(parameter, given[name])
        elif not parameter.required:
            bound[name] = _default(parameter, ssm, lookup_system)
        elif name not in exempt:
            raise _invalid(f"Missing required parameter: {name} in user inputs.")
    return bound


def needed_ssm_parameters(parameters: Mapping[str, Parameter], given: Mapping[str, list[str]]) -> list[str]:
    """Name the Parameter Store parameters that defaults refer to, where nothing is given instead."""
    names = (
        reference.removeprefix("ssm:")
        for parameter in parameters.values()
        if parameter.name not in given
        for reference in references(parameter.default)
        if reference.startswith("ssm:")
    )
    return list(dict.fromkeys(names))


def _from_wire(parameter: Parameter, sent: list[str]) -> Json:
    value = _typed(parameter, sent)
    problem = problem_with(parameter, value, sent if len(sent) == _length(value) else None)
    if problem:
        raise _invalid(problem)
    return value


def _typed(parameter: Parameter, sent: list[str]) -> Json:
    match parameter.kind:
        case "StringList":
            whole = _json_list(sent[0]) if len(sent) == 1 else None
            if whole is not None and all(isinstance(each, str) for each in whole):
                return whole
            return list(sent)
        case "MapList":
            whole = _json_list(sent[0]) if len(sent) == 1 else None
            maps = whole if whole is not None else [_json(each) for each in sent]
            if all(isinstance(each, dict) for each in maps):
                return maps
        case "StringMap" if len(sent) == 1:
            made = _json(sent[0])
            if isinstance(made, dict):
                return made
        case "Boolean" if len(sent) == 1 and sent[0].strip().lower() in ("true", "false"):
            return sent[0].strip().lower() == "true"
        case "Integer" if len(sent) == 1 and _INTEGER.fullmatch(sent[0]):
            return int(sent[0])
        case "String" if len(sent) == 1:
            return sent[0]
    shown = f'"{sent[0]}"' if len(sent) == 1 else f"{len(sent)} values"
    accepted = _ACCEPTED[parameter.kind]
    raise _invalid(f'Parameter "{parameter.name}" has {shown}, but its type is {parameter.type}: give {accepted}.')


def _default(parameter: Parameter, ssm: Mapping[str, Json], lookup_system: Callable[[str], Json]) -> Json:
    def lookup(reference: str) -> Json:
        return ssm[reference.removeprefix("ssm:")] if reference.startswith("ssm:") else lookup_system(reference)

    try:
        value = render(parameter.default, lookup)
    except Unresolved as missing:
        raise _invalid(
            f'Parameter "{parameter.name}" has the default "{parameter.default}", but {missing}; '
            "send a value for it instead."
        ) from None
    return _of_kind(parameter.kind, value)


def _of_kind(kind: str, value: Json) -> Json:
    """A default as a value of its type: AWS's own documents write `"{}"` and `""` for maps and lists [UG].

    A text from Parameter Store is a StringList by its commas, which is how Parameter Store itself writes one.
    """
    match kind, value:
        case "StringMap", str():
            made = _json(value)
            return made if isinstance(made, dict) else {}
        case "MapList", str():
            return _json_list(value) or []
        case "StringList", str():
            whole = _json_list(value)
            return whole if whole is not None else [each.strip() for each in value.split(",")] if value else []
        case "String", list():
            return ",".join(as_embedded_text(each) for each in value)
        case _:
            return value


def _length(value: Json) -> int:
    return len(value) if isinstance(value, list) else 1


def _json_list(text: str) -> list[Json] | None:
    made = _json(text) if text.lstrip().startswith("[") else None
    return made if isinstance(made, list) else None


def _json(text: str) -> Json:
    """The JSON that `text` holds, or None."""
    try:
        return json_value(text)
    except ValueError:  # no JSON: the caller says what would be accepted
        return None


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidAutomationExecutionParametersException", message)
