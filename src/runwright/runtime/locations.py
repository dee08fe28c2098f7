"""Finds the accounts and regions that an execution is to run in: TargetLocations as given, or in the file it names.

Organizational units are expanded through Organizations. What a file holds was written by somebody else: it is held
against the shape of TargetLocations before anything is made of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from runwright.interpreter.location_urls import location_url_problem
from runwright.interpreter.targeting import ACCOUNT, PLACES
from runwright.language.json_values import json_value
from runwright.messages import Failure, Json
from runwright.runtime.backend import Backend
from runwright.runtime.failures import Refused
from runwright.runtime.lanes import LaneBlocked, OutOfTime
from runwright.runtime.scope import Scope
from runwright.runtime.targets import pages

FILE_BYTES = 1024 * 1024
FILE_SECONDS = 10.0

Pair = tuple[int, str, str]


async def find_pairs(backend: Backend, scope: Scope, locations: list[dict[str, Json]]) -> list[Pair] | Refused:
    """Item, account and region of each place, no place twice, in the order of the items and of what they list."""
    units = _Units(backend, scope)
    found: dict[tuple[str, str], Pair] = {}
    for index, location in enumerate(locations):
        accounts: list[str] = []
        for name in location.get("Accounts") or ():
            members = await units.accounts_of(name, deep=bool(location.get("IncludeChildOrganizationUnits")))
            if isinstance(members, Refused):
                return members
            accounts += members
        excluded: set[str] = set()
        for name in location.get("ExcludeAccounts") or ():
            members = await units.accounts_of(name, deep=True)  # inferred: what is below an excluded unit is excluded
            if isinstance(members, Refused):
                return members
            excluded.update(members)
        for account in dict.fromkeys(accounts):
            if account not in excluded:
                for region in location.get("Regions") or ():
                    found.setdefault((account, region), (index, account, region))
    return list(found.values())


class _Units:
    """Organizational units as Organizations knows them; each is asked for once."""

    def __init__(self, backend: Backend, scope: Scope) -> None:
        self._backend, self._scope = backend, scope
        self._listed: dict[tuple[str, str], list[Json]] = {}

    async def accounts_of(self, name: str, *, deep: bool) -> list[str] | Refused:
        """An account's own id, or the ids of the active accounts in a unit or root; `deep`: and in the units below."""
        if not name.startswith(("ou-", "r-")):
            return [name]
        found: list[str] = []
        units = [name]
        while units:
            unit = units.pop(0)
            accounts = await self._list("ListAccountsForParent", "Accounts", unit)
            if isinstance(accounts, Refused):
                return accounts
            # `State` takes the place of `Status` in newer models; a backend may know only one of them.
            found += [each["Id"] for each in accounts if each.get("State", each.get("Status")) == "ACTIVE"]
            if deep:
                below = await self._list("ListOrganizationalUnitsForParent", "OrganizationalUnits", unit)
                if isinstance(below, Refused):
                    return below
                units += [each["Id"] for each in below]
        return found

    async def _list(self, operation: str, member: str, unit: str) -> list[Json] | Refused:
        known = self._listed.get((operation, unit))
        if known is None:
            call = ("organizations", operation)
            listed = await pages(self._backend, self._scope, call, {"ParentId": unit}, member)
            if isinstance(listed, Refused):
                return listed.because_of(f"The accounts of {unit} could not be found in Organizations")
            known = self._listed[operation, unit] = listed
        return known


# --------------------------------------------------------------------------------------------------- from a file


async def read_locations(backend: Backend, scope: Scope, url: str, http: urllib3.PoolManager) -> list[Json] | Refused:
    """TargetLocations from the file in S3 that `url` names.

    On real AWS the URL is asked as it is (it is presigned); a backend with a URL of its own is asked for the object.
    """
    if problem := location_url_problem(url):
        return _refused(f"TargetLocationsURL {problem}")
    host, key = str(urlsplit(url).hostname), unquote(urlsplit(url).path.removeprefix("/"))
    where = f"https://{host}/{key}"  # without the query, which is a secret
    content: bytes | Refused
    if backend.url is not None:
        bucket, _, rest = host.partition(".s3.")
        region = rest.partition(".")[0] if rest != "amazonaws.com" else scope.region
        content = await backend.object_in_s3(scope, bucket, key, region, most=FILE_BYTES + 1, seconds=FILE_SECONDS)
        if isinstance(content, Refused):
            return content.because_of(f"The file at {where} could not be read")
    else:
        content = await _downloaded(backend, partial(download, http, url), host, where)
        if isinstance(content, Refused):
            return content
    if len(content) > FILE_BYTES:
        return _refused(f"The file at {where} has more than {FILE_BYTES} bytes, the most that is read.")
    try:
        locations = json_value(content.decode("utf-8-sig"))
    except ValueError:
        return _refused(f"The file at {where} holds no JSON: a list of TargetLocations is expected.")
    if problem := locations_problem(locations):
        return _refused(f"The file at {where} holds no TargetLocations: {problem}")
    listed: list[Json] = locations
    return listed


async def _downloaded(
    backend: Backend, work: Callable[[], tuple[int, bytes]], host: str, where: str
) -> bytes | Refused:
    try:
        status, content = await backend.lanes.call(f"file {host}", FILE_SECONDS, work)
    except (OutOfTime, LaneBlocked) as error:
        return _refused(f"The file at {where} could not be read: {error}")
    except urllib3.exceptions.HTTPError as error:  # not its text, which quotes the query
        return _refused(f"The file at {where} could not be read ({type(error).__name__}).")
    if status != 200:
        return _refused(f"The file at {where} could not be read: the answer has status {status}, 200 is expected.")
    return content


def download(http: urllib3.PoolManager, url: str) -> tuple[int, bytes]:
    """Status and content of what is at `url`, of the content at most a byte too many; no redirect is followed."""
    answer = http.request(
        "GET", url, redirect=False, preload_content=False, timeout=urllib3.Timeout(total=FILE_SECONDS)
    )
    try:
        return answer.status, answer.read(FILE_BYTES + 1, decode_content=False)  # what is packed may unpack to anything
    finally:
        answer.close()


# ----------------------------------------------------------------------------------------------- shape of a file

_COUNT = r"[1-9][0-9]{0,6}|[1-9][0-9]%|[1-9]%|100%"
_ERRORS = rf"{_COUNT}|0%?"

Fits = Callable[[Any], bool]


def _text(pattern: str) -> Fits:
    expected = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and expected.fullmatch(value) is not None


def _texts(least: int, most: int, pattern: str) -> Fits:
    fits = _text(pattern)
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(fits(each) for each in value)


def _alarms(value: Any) -> bool:
    names = _only(value, {"IgnorePollAlarmFailure", "Alarms"}).get("Alarms")
    if not isinstance(names, list) or len(names) != 1:
        return False
    if not isinstance(value.get("IgnorePollAlarmFailure", False), bool):
        return False
    return _text(r"(?=.*\S).{1,255}")(_only(names[0], {"Name"}).get("Name"))


def _targets(value: Any) -> bool:
    fits_key, fits_values = _text(r".{1,163}"), _texts(0, 50, r"[\s\S]*")
    return isinstance(value, list) and all(
        fits_key(_only(each, {"Key", "Values"}).get("Key")) and fits_values(each.get("Values", [])) for each in value
    )


def _only(value: Any, members: set[str]) -> dict[str, Json]:
    """A mapping of these members at most; empty for anything else."""
    return value if isinstance(value, dict) and set(value) <= members else {}


_MEMBERS: dict[str, Fits] = {
    "Accounts": _texts(1, 50, PLACES["Accounts"]),
    "Regions": _texts(1, 50, PLACES["Regions"]),
    "TargetLocationMaxConcurrency": _text(_COUNT),
    "TargetLocationMaxErrors": _text(_ERRORS),
    "ExecutionRoleName": _text(r"[\w+=,.@/-]{1,64}"),
    "TargetLocationAlarmConfiguration": _alarms,
    "IncludeChildOrganizationUnits": lambda value: isinstance(value, bool),
    "ExcludeAccounts": _texts(1, 5000, ACCOUNT),
    "Targets": _targets,
    "TargetsMaxConcurrency": _text(_COUNT),
    "TargetsMaxErrors": _text(_ERRORS),
}


def locations_problem(locations: Json) -> str | None:
    """Say what keeps a value from being TargetLocations; None when it is. [B] the members, and what each may be."""
    if not isinstance(locations, list) or not 1 <= len(locations) <= 100:
        return "a list of 1 to 100 items is expected."
    for number, location in enumerate(locations):
        if not isinstance(location, dict):
            return f"item {number} is no JSON object."
        for name, value in location.items():
            if name not in _MEMBERS:
                return f"item {number} has the member {name[:60]!r}; there are {', '.join(_MEMBERS)}."
            if not _MEMBERS[name](value):
                return f"{name} of item {number} is not what StartAutomationExecution accepts there."
        for name in PLACES:
            if name not in location:
                return f"item {number} needs {name}: at least one."
    return None


def _refused(message: str) -> Refused:
    return Refused(Failure(message))
