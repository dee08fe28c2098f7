"""The members of StartAutomationExecution that executions act on: what is kept of them, and how it is read again."""

from __future__ import annotations

from typing import TypeAlias

from runwright.messages import Json
from runwright.records import field, record
from runwright.stored_form import NotUnderstood, take_only_known


@record
class _Object:
    required: dict[str, _Shape]
    optional: dict[str, _Shape] = field(factory=dict)

    def members(self) -> dict[str, _Shape]:
        return self.required | self.optional


@record
class _List:
    each: _Shape
    least: int = 0


_Shape: TypeAlias = "type | tuple[str, ...] | _Object | _List"
"""A JSON type, one of some words, an object, or a list."""

_TEXTS = _List(str)
_TARGETS = _List(_Object({"Key": str, "Values": _TEXTS}))
_ALARMS = _Object({"Alarms": _List(_Object({"Name": str}), least=1)}, {"IgnorePollAlarmFailure": bool})
_LOCATION = _Object(
    {"Accounts": _TEXTS, "Regions": _TEXTS},
    {
        "ExecutionRoleName": str,
        "ExcludeAccounts": _TEXTS,
        "IncludeChildOrganizationUnits": bool,
        "TargetLocationMaxConcurrency": str,
        "TargetLocationMaxErrors": str,
        "TargetLocationAlarmConfiguration": _ALARMS,
        "Targets": _TARGETS,
        "TargetsMaxConcurrency": str,
        "TargetsMaxErrors": str,
    },
)
_REQUEST = _Object(
    {},
    {
        "DocumentName": str,
        "DocumentVersion": str,
        "ClientToken": str,
        "Parameters": dict,
        "Mode": ("Auto", "Interactive"),
        "Targets": _TARGETS,
        "TargetMaps": _List(dict),
        "TargetParameterName": str,
        "TargetLocations": _List(_LOCATION),
        "TargetLocationsURL": str,
        "MaxConcurrency": str,
        "MaxErrors": str,
        "AlarmConfiguration": _ALARMS,
        "Tags": _List(_Object({"Key": str, "Value": str})),
    },
)


def known_part(request: dict[str, Json]) -> dict[str, Json]:
    """The members that an execution acts on, without those that a newer service model has beside them."""
    known: dict[str, Json] = _known(request, _REQUEST)
    return known


def _known(value: Json, shape: _Shape) -> Json:
    if isinstance(shape, _Object) and isinstance(value, dict):
        members = shape.members()
        return {name: _known(one, members[name]) for name, one in value.items() if name in members}
    if isinstance(shape, _List) and isinstance(value, list):
        return [_known(one, shape.each) for one in value]
    return value


def understand(stored: Json) -> dict[str, Json]:
    """A stored request as it was. Raises NotUnderstood for a member that is unknown, or is not what it should be."""
    _take(stored, _REQUEST, "request")
    request: dict[str, Json] = stored
    in_places = request.get("TargetLocations") or request.get("TargetLocationsURL")
    if request.get("Targets") and not in_places and "TargetParameterName" not in request:
        raise NotUnderstood("request.Targets without TargetParameterName")
    return request


def _take(value: Json, shape: _Shape, where: str) -> None:
    if isinstance(shape, tuple):
        if value not in shape:
            raise NotUnderstood(f"{value!r} as {where}")
    elif isinstance(shape, _Object):
        _must_be(dict, value, where)
        members = shape.members()
        take_only_known(value, members.keys(), where)
        if missing := shape.required.keys() - value.keys():
            raise NotUnderstood(f"{where} without {min(missing)}")
        for name, one in value.items():
            _take(one, members[name], f"{where}.{name}")
    elif isinstance(shape, _List):
        _must_be(list, value, where)
        if len(value) < shape.least:
            raise NotUnderstood(f"{where} with {len(value)} items")
        for one in value:
            _take(one, shape.each, where)
    else:
        _must_be(shape, value, where)


def _must_be(kind: type, value: Json, where: str) -> None:
    if type(value) is not kind:
        raise NotUnderstood(f"{where} of type {type(value).__name__}, not {kind.__name__}")
