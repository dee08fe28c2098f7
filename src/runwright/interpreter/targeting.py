"""What a start may say about targets, locations and their limits; every breach is the operation's own error."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runwright.errors import ServiceError
from runwright.interpreter.fanout_state import is_fanout
from runwright.interpreter.location_urls import location_url_problem
from runwright.language.fields import shown
from runwright.language.model import Parameter
from runwright.messages import Json

KEYS = ("ParameterValues", "ResourceGroup", "tag:KEY", "tag-key", "AWS::EC2::Instance", "InstanceIds")
ROLE_PARAMETER = "AutomationAssumeRole"
ACCOUNT = r"[0-9]{12}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}"
PLACES = {"Accounts": rf"{ACCOUNT}|r-[a-z0-9]{{4,32}}", "Regions": r"[a-z]{2,}(-[a-z0-9]+)+"}
"""[UG] What stands in the lists of a location; botocore's model has no patterns for them."""

_EXPECTED_PLACES = {
    "Accounts": "an account id of 12 digits, an organizational unit (ou-...) or a root (r-...)",
    "Regions": "the name of a region, such as us-east-1,",
}


def target_parameters(request: dict[str, Json]) -> frozenset[str]:
    """The parameters that each child gets its own value of: the parent may leave them out."""
    names = {name for each in request.get("TargetMaps") or () for name in each}
    if request.get("TargetParameterName"):
        names.add(request["TargetParameterName"])
    return frozenset(names)


def check_targeting(request: dict[str, Json], parameters: Mapping[str, Parameter]) -> None:
    """Raise InvalidAutomationExecutionParametersException or InvalidTarget for what does not go together."""
    locations = request.get("TargetLocations") or []
    if is_fanout(request) and request.get("Mode") == "Interactive":
        raise _invalid("Mode Interactive runs one execution: it cannot be given with targets or locations.")
    if locations and request.get("TargetLocationsURL"):
        raise _invalid("TargetLocations and TargetLocationsURL exclude each other: give one of them.")
    if request.get("TargetLocationsURL") and (problem := location_url_problem(request["TargetLocationsURL"])):
        raise _invalid(f"TargetLocationsURL {problem}")
    lists = [request.get("Targets") or []]
    for number, location in enumerate(locations):
        for member, pattern in PLACES.items():
            if not location.get(member):
                raise _invalid(f"TargetLocations[{number}] needs {member}: at least one.")
            for place in location[member]:
                if not re.fullmatch(pattern, place):
                    expected = _EXPECTED_PLACES[member]
                    raise _invalid(f"TargetLocations[{number}] has {shown(place)} in {member}: {expected} is expected.")
        lists.append(location.get("Targets") or [])
    for targets in lists:
        _check_targets(targets)
    _check_combination(request, any(lists), bool(locations or request.get("TargetLocationsURL")))
    _check_target_parameters(request, parameters)


def _check_targets(targets: list[dict[str, Json]]) -> None:
    if len(targets) > 1:
        raise _invalid("Only one resource group or tag can be specified at a time")
    for target in targets:
        key, values = target.get("Key"), target.get("Values") or []
        known = isinstance(key, str) and (key in KEYS or (key.startswith("tag:") and len(key) > len("tag:")))
        if not known or key == "tag:KEY":
            raise _invalid(f"Target key can have only following values : {', '.join(KEYS)}. It is {key!r}.")
        if not values:
            raise ServiceError("InvalidTarget", f"The target {key} has no values: give at least one.")
        if key == "ResourceGroup" and len(values) > 1:
            raise _invalid("Only one resource group or tag can be specified at a time")


def _check_combination(request: dict[str, Json], has_targets: bool, has_locations: bool) -> None:
    name, maps = request.get("TargetParameterName"), request.get("TargetMaps")
    if maps and request.get("Targets"):
        raise _invalid("Targets and TargetMaps exclude each other: give one of them.")
    if has_targets and not name:
        raise _invalid("TargetParameterName is required when Targets is given: it names the target's parameter.")
    if name and not (has_targets or maps or has_locations):
        raise _invalid("Targets is required when TargetParameterName is given.")


def _check_target_parameters(request: dict[str, Json], parameters: Mapping[str, Parameter]) -> None:
    for name in sorted(target_parameters(request)):
        if name == ROLE_PARAMETER:
            raise _invalid(f"{ROLE_PARAMETER} cannot be used as target parameter.")
        if name not in parameters:
            declared = ", ".join(sorted(parameters)) or "none"
            raise _invalid(f'Parameter "{name}" is not defined in document parameters. Defined are: {declared}.')


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidAutomationExecutionParametersException", message)
