"""Lists of executions, the newest first, at a cost that does not grow with their number.

The filters are turned into ranges of the indexes in `schema/1/indexes.sql`, each already in the order of the list; the
first few of every range are merged. What no index knows is looked at row by row within these ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import islice
from sqlite3 import Connection
from typing import Any, NamedTuple

UNDER_WAY = ("Pending", "InProgress", "Waiting", "Cancelling")

_BY_ID = "sqlite_autoindex_executions_1"  # of the UNIQUE id

_ONLY_IN_GET = (
    "Parameters", "Variables", "TargetLocations", "ProgressCounters", "TargetsSummary", "StepExecutions",
    "StepExecutionsTruncated",
)  # fmt: skip
"""[OBS] and [B]: members of AutomationExecution that AutomationExecutionMetadata does not have."""


class Found(NamedTuple):
    """An execution in a list, as JSON text; a page goes on behind `place`."""

    place: tuple[float, int]
    metadata: str


@dataclass(frozen=True, slots=True)
class ExecutionsWanted:
    """What a list asks for: within a field any of the values, all fields together; None asks for nothing.

    Times are seconds since the epoch. `impossible` is a wish that nothing here can meet.
    """

    ids: frozenset[str] | None = None
    parents: frozenset[str] | None = None
    prefixes: tuple[frozenset[str], ...] = ()
    statuses: frozenset[str] | None = None
    actions: frozenset[str] | None = None
    types: frozenset[str] | None = None
    tag_keys: tuple[frozenset[str], ...] = ()
    started_before: float | None = None
    started_since: float | None = None
    groups: frozenset[str] | None = None
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class _Range:
    """Conditions that `index` answers, with their values; the index is named so that no planner guesses another."""

    index: str
    conditions: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(slots=True)
class _Residue:
    """Conditions on the rows of every range."""

    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def compare(self, condition: str, *values: Any) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    def any_of(self, column: str, choices: frozenset[str] | None) -> None:
        if choices is not None:
            self.compare(f"{column} IN ({', '.join('?' * len(choices))})", *sorted(choices))


def list_executions(
    conn: Connection, account: str, region: str, wanted: ExecutionsWanted, after: tuple[float, int] | None, most: int
) -> list[Found]:
    """At most `most` executions that come behind `after`, as members of DescribeAutomationExecutions' answer."""
    if wanted.impossible:
        return []
    residue = _residue(wanted, account, region, after)
    streams = [_places(conn, each, residue, most) for each in _ranges(conn, account, region, wanted)]
    newest = list(islice(merge(*streams, reverse=True), most))
    metadata = _metadata(conn, [number for _, number in newest])
    return [Found(place, metadata[place[1]]) for place in newest]


def _ranges(conn: Connection, account: str, region: str, wanted: ExecutionsWanted) -> Iterator[_Range]:
    """Cut what is wanted into ranges of one index: the most selective one that the filters allow."""
    owner = ("account = ?", "region = ?")
    home = (account, region)
    statuses = wanted.statuses
    if statuses is None and wanted.actions is not None:
        statuses = frozenset(UNDER_WAY)  # only what is under way has a current action
    if wanted.ids is not None:
        yield from (_Range(_BY_ID, (*owner, "id = ?"), (*home, each)) for each in sorted(wanted.ids))
    elif wanted.parents is not None:
        for each in sorted(wanted.parents):
            yield _Range("executions_by_parent_start", (*owner, "parent = ?"), (*home, each))
    elif wanted.tag_keys:
        for resource in _tagged(conn, account, region, wanted.tag_keys[0]):
            yield _Range(_BY_ID, (*owner, "id = ?"), (*home, resource))
    elif wanted.prefixes:
        for name in _documents(conn, account, region, wanted.prefixes[0]):
            for status in _statuses(conn, account, region, name) if statuses is None else sorted(statuses):
                conditions = (*owner, "document = ?", "status = ?")
                yield _Range("executions_by_document", conditions, (*home, name, status))
    elif statuses is not None:
        for each in sorted(statuses):
            yield _Range("executions_by_status", (*owner, "status = ?"), (*home, each))
    elif wanted.types == frozenset({"CrossAccount"}):
        yield _Range("executions_across_accounts", (*owner, "type = 'CrossAccount'"), home)
    else:
        yield _Range("executions_by_start", owner, home)


def _tagged(conn: Connection, account: str, region: str, keys: frozenset[str]) -> list[str]:
    rows = conn.execute(
        "SELECT DISTINCT resource FROM tags WHERE account = ? AND region = ? AND type = 'Automation' "  # noqa: S608
        f"AND name IN ({', '.join('?' * len(keys))})",
        (account, region, *sorted(keys)),
    ).fetchall()
    return [resource for (resource,) in rows]


def _documents(conn: Connection, account: str, region: str, prefixes: frozenset[str]) -> list[str]:
    """Names of documents that were run, by leaps through the index from each to the next."""
    first = "SELECT min(document) FROM executions WHERE account = ? AND region = ? AND document >= ?"
    further = "SELECT min(document) FROM executions WHERE account = ? AND region = ? AND document > ?"
    names: set[str] = set()
    for prefix in prefixes:
        name = conn.execute(first, (account, region, prefix)).fetchone()[0]
        while name is not None and name.startswith(prefix):
            names.add(name)
            name = conn.execute(further, (account, region, name)).fetchone()[0]
    return sorted(names)


def _statuses(conn: Connection, account: str, region: str, document: str) -> Iterator[str]:
    """Statuses that executions of a document have, by the same leaps."""
    query = "SELECT min(status) FROM executions WHERE account = ? AND region = ? AND document = ? AND status > ?"
    status = ""
    while (status := conn.execute(query, (account, region, document, status)).fetchone()[0]) is not None:
        yield status


def _residue(wanted: ExecutionsWanted, account: str, region: str, after: tuple[float, int] | None) -> _Residue:
    residue = _Residue()
    if after is not None:
        residue.compare("(started_at, number) < (?, ?)", *after)
    if wanted.started_before is not None:
        residue.compare("started_at < ?", wanted.started_before)
    if wanted.started_since is not None:
        residue.compare("started_at >= ?", wanted.started_since)
    residue.any_of("parent", wanted.parents)
    residue.any_of("status", wanted.statuses)
    residue.any_of("current_action", wanted.actions)
    residue.any_of("type", wanted.types)
    if wanted.groups is not None:
        residue.compare("quota <> 'running'")  # who runs on a resource group is a fan-out: the others need no look
        residue.compare("json_extract(record, '$.Targets[0].Key') = 'ResourceGroup'")
        residue.any_of("json_extract(record, '$.Targets[0].Values[0]')", wanted.groups)
    for prefixes in wanted.prefixes:
        each = sorted(prefixes)
        residue.compare("(" + " OR ".join(["instr(document, ?) = 1"] * len(each)) + ")", *each)
    for keys in wanted.tag_keys:
        residue.compare(
            "EXISTS (SELECT 1 FROM tags WHERE account = ? AND region = ? AND type = 'Automation' "  # noqa: S608
            f"AND resource = id AND name IN ({', '.join('?' * len(keys))}))",
            account,
            region,
            *sorted(keys),
        )
    return residue


def _places(conn: Connection, bounds: _Range, residue: _Residue, most: int) -> list[tuple[float, int]]:
    conditions = " AND ".join((*bounds.conditions, *residue.conditions))
    query = (
        f"SELECT started_at, number FROM executions INDEXED BY {bounds.index} "  # noqa: S608 - names and marks of ours
        f"WHERE {conditions} ORDER BY started_at DESC, number DESC LIMIT ?"
    )
    return conn.execute(query, (*bounds.values, *residue.values, most)).fetchall()


def _metadata(conn: Connection, numbers: list[int]) -> dict[int, str]:
    paths = ", ".join(f"'$.{member}'" for member in _ONLY_IN_GET)
    query = (
        f"SELECT number, json_insert(json_remove(record, {paths}), '$.LogFile', '', '$.AutomationType', type) "  # noqa: S608
        f"FROM executions WHERE number IN ({', '.join('?' * len(numbers))})"
    )
    return dict(conn.execute(query, numbers).fetchall())
