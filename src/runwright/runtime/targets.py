"""Finds the resources that an execution is to run on: by tag, resource group or id, through the backend.

What there is to be found is asked anew each time and all pages of it are read. Accounts and regions are found in
`locations`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from runwright.interpreter import rulings
from runwright.messages import Failure, Json
from runwright.runtime.backend import Backend
from runwright.runtime.failures import Refused
from runwright.runtime.scope import Scope

CALL_SECONDS = 25.0

_TAG_VALUES_A_SEARCH = 20
"""[B] of one filter of GetResources."""

_ENDED = frozenset({"shutting-down", "terminated"})

Found = list[str] | Refused


async def find_targets(backend: Backend, scope: Scope, target: dict[str, Json], target_type: str | None) -> Found:
    """The ids of the resources that `target` (a member of Targets) means, in the order they are listed, each once."""
    key, values = str(target["Key"]), [str(value) for value in target.get("Values") or ()]
    wanted_type = target_type.removeprefix("/") if target_type else ""
    match key:
        case "ParameterValues":
            return _once(values)
        case "tag-key":
            return await _by_tags(backend, scope, [[{"Key": name}] for name in values], wanted_type)
        case "ResourceGroup":
            return await _in_group(backend, scope, values[0], wanted_type)
        case "AWS::EC2::Instance":
            return await _instances(backend, scope, [] if "*" in values else _once(values))
        case "InstanceIds":
            return await _managed_instances(backend, scope) if "*" in values else _once(values)
        case _:
            name = key.removeprefix("tag:")
            parts = [values[at : at + _TAG_VALUES_A_SEARCH] for at in range(0, len(values), _TAG_VALUES_A_SEARCH)]
            searches = [[{"Key": name, "Values": part}] for part in parts]
            return await _by_tags(backend, scope, searches, wanted_type)


async def pages(
    backend: Backend,
    scope: Scope,
    call: tuple[str, str],
    parameters: dict[str, Json],
    member: str,
    tokens: tuple[str, str] = ("NextToken", "NextToken"),
) -> list[Json] | Refused:
    """What a paged operation lists under `member`. `tokens` name the token's members in request and answer."""
    found: list[Json] = []
    given, answered = tokens
    while True:
        reply = await backend.call(scope, *call, parameters, seconds=CALL_SECONDS)
        if isinstance(reply, Refused):
            return reply
        found += reply.get(member) or []
        if not reply.get(answered):
            return found
        parameters = parameters | {given: reply[answered]}


# ------------------------------------------------------------------------------------------------------- by tag


async def _by_tags(backend: Backend, scope: Scope, searches: list[list[dict[str, Json]]], wanted_type: str) -> Found:
    """The resources that one search or another finds; the filters of one search all hold."""
    found: list[str] = []
    for filters in searches:
        asked: dict[str, Json] = {"TagFilters": filters}
        if wanted_type:
            asked["ResourceTypeFilters"] = [rulings.tagged_type(wanted_type)]
        call = ("resourcegroupstaggingapi", "GetResources")
        tokens = ("PaginationToken", "PaginationToken")
        listed = await pages(backend, scope, call, asked, "ResourceTagMappingList", tokens)
        if isinstance(listed, Refused):
            return listed.because_of("The targets could not be found by their tags")
        found += [rulings.target_id(each["ResourceARN"]) for each in listed]
    return _once(found)


# ----------------------------------------------------------------------------------------------------- by group


async def _in_group(backend: Backend, scope: Scope, group: str, wanted_type: str) -> Found:
    asked: dict[str, Json] = {"Group": group}
    if wanted_type:
        asked["Filters"] = [{"Name": "resource-type", "Values": [wanted_type]}]
    listed = await pages(backend, scope, ("resource-groups", "ListGroupResources"), asked, "Resources")
    if not isinstance(listed, Refused):
        return _once(rulings.target_id(each["Identifier"]["ResourceArn"]) for each in listed)
    if listed.failure.code == "UnknownOperationException":  # moto knows groups, and not what is in them
        return await _by_query_of(backend, scope, group, wanted_type)
    return _of_group(group, scope, listed)


async def _by_query_of(backend: Backend, scope: Scope, group: str, wanted_type: str) -> Found:
    """The members of a group whose query asks for tags, found by that query."""
    reply = await backend.call(scope, "resource-groups", "GetGroupQuery", {"Group": group}, seconds=CALL_SECONDS)
    if isinstance(reply, Refused):
        return _of_group(group, scope, reply)
    query = reply["GroupQuery"]["ResourceQuery"]
    if query["Type"] != "TAG_FILTERS_1_0":
        text = f"The backend cannot list the resource group {group}: its query is of type {query['Type']}."
        return Refused(Failure(text, "UnknownOperationException"))
    asked = json.loads(query["Query"])
    types = [each for each in asked["ResourceTypeFilters"] if each != "AWS::AllSupported"]
    if wanted_type and types and wanted_type not in types:
        return []
    found: list[str] = []
    for each in [wanted_type] if wanted_type else types or [""]:
        members = await _by_tags(backend, scope, [asked["TagFilters"]], each)
        if isinstance(members, Refused):
            return members
        found += members
    return _once(found)


def _of_group(group: str, scope: Scope, refused: Refused) -> Refused:
    if refused.failure.code == "NotFoundException":
        text = f"There is no resource group {group} in account {scope.account}, region {scope.region}."
        return Refused(Failure(text, refused.failure.code))
    return refused.because_of(f"The resource group {group} could not be read")


# -------------------------------------------------------------------------------------------------- by instance


async def _instances(backend: Backend, scope: Scope, ids: list[str]) -> Found:
    """The instances with these ids; without ids all that have not been terminated (inferred)."""
    asked: dict[str, Json] = {"InstanceIds": ids} if ids else {"MaxResults": 1000}
    listed = await pages(backend, scope, ("ec2", "DescribeInstances"), asked, "Reservations")
    if isinstance(listed, Refused):
        return listed.because_of("The instances could not be found")
    instances = [instance for reservation in listed for instance in reservation["Instances"]]
    if ids:
        there = {instance["InstanceId"] for instance in instances}
        return [id_ for id_ in ids if id_ in there]
    return _once(each["InstanceId"] for each in instances if each["State"]["Name"] not in _ENDED)


async def _managed_instances(backend: Backend, scope: Scope) -> Found:
    call = ("ssm", "DescribeInstanceInformation")
    listed = await pages(backend, scope, call, {"MaxResults": 50}, "InstanceInformationList")
    if isinstance(listed, Refused):
        return listed.because_of("The managed instances could not be found")
    return _once(each["InstanceId"] for each in listed)


def _once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))
