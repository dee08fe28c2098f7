"""Queries that answer GetAutomationExecution and DescribeAutomationStepExecutions from committed rows.

Rows hold records as AWS shapes them, as text; here they are only joined, so that an answer costs no decoding. Steps not
reached yet have no row: their records come from the runbook. Lists of executions are in `listing`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from sqlite3 import Connection
from typing import NamedTuple

from runwright.errors import ServiceError
from runwright.interpreter.views import pending_steps
from runwright.messages import Json
from runwright.runtime.listing import ExecutionsWanted, Found, list_executions
from runwright.runtime.runbooks import Runbooks
from runwright.runtime.sqlite import Database

STEPS_IN_GET = 100
"""Steps that GetAutomationExecution shows; with more, StepExecutionsTruncated is true. Inferred (console)."""


@dataclass(frozen=True, slots=True)
class StepsWanted:
    """What a list of steps asks for: within a field any of the values, all fields together; None for nothing.

    Times are seconds since the epoch.
    """

    statuses: frozenset[str] | None = None
    ids: frozenset[str] | None = None
    names: frozenset[str] | None = None
    actions: frozenset[str] | None = None
    parent_ids: frozenset[str] | None = None
    iterations: frozenset[int] | None = None
    iterator_values: frozenset[str] | None = None
    started_before: float | None = None
    started_since: float | None = None


class StepPlace(NamedTuple):
    """Where a step stands in the list: by position if it has begun, behind these in the runbook's order if not."""

    is_pending: bool
    number: int


class Records:
    """Reads what the driver has committed."""

    def __init__(self, database: Database, runbooks: Runbooks) -> None:
        self._database = database
        self._runbooks = runbooks

    async def get(self, account: str, region: str, execution_id: str) -> str:
        """The answer of GetAutomationExecution as JSON text. Raises AutomationExecutionNotFoundException."""

        def work(conn: Connection) -> str:
            number, sha256, record = _execution(conn, account, region, execution_id)
            rows = conn.execute(
                "SELECT name, record FROM steps WHERE execution = ? ORDER BY position LIMIT ?",
                (number, STEPS_IN_GET + 1),
            ).fetchall()
            steps = [text for _, text in rows]
            if len(rows) <= STEPS_IN_GET and sha256 is not None:
                runbook = self._runbooks.get_with(conn, sha256)
                steps += map(_text, pending_steps(runbook, execution_id, {name for name, _ in rows}))
            truncated = "true" if len(steps) > STEPS_IN_GET else "false"
            return (
                f'{{"AutomationExecution":{record[:-1]},"StepExecutions":[{",".join(steps[:STEPS_IN_GET])}],'
                f'"StepExecutionsTruncated":{truncated}}}}}'
            )

        return await self._database.read(work)

    async def steps(
        self,
        account: str,
        region: str,
        execution_id: str,
        wanted: StepsWanted,
        *,
        newest_first: bool,
        after: StepPlace | None,
        most: int,
    ) -> list[tuple[StepPlace, str]]:
        """Step records as JSON text, at most `most`, of those that come behind `after`.

        Raises AutomationExecutionNotFoundException.
        """

        def work(conn: Connection) -> list[tuple[StepPlace, str]]:
            number, sha256, _ = _execution(conn, account, region, execution_id)

            def begun() -> Iterator[tuple[StepPlace, str]]:
                bound = None if after is None or after.is_pending else after.number
                if newest_first or after is None or not after.is_pending:
                    yield from _begun(conn, number, wanted, newest_first, bound, most)

            def pending() -> Iterator[tuple[StepPlace, str]]:
                if not newest_first or after is None or after.is_pending:
                    listed = self._pending(conn, number, sha256, execution_id, wanted)
                    bound = after.number if after is not None and after.is_pending else None
                    for place, text in reversed(listed) if newest_first else listed:
                        if bound is None or (place.number < bound if newest_first else place.number > bound):
                            yield place, text

            found: list[tuple[StepPlace, str]] = []
            for part in (pending, begun) if newest_first else (begun, pending):
                if len(found) < most:
                    found.extend(part())
            return found[:most]

        return await self._database.read(work)

    async def executions(
        self, account: str, region: str, wanted: ExecutionsWanted, after: tuple[float, int] | None, most: int
    ) -> list[Found]:
        """Members of DescribeAutomationExecutions' answer, the newest first, at most `most`, older than `after`."""
        return await self._database.read(lambda conn: list_executions(conn, account, region, wanted, after, most))

    def _pending(
        self, conn: Connection, number: int, sha256: str | None, execution_id: str, wanted: StepsWanted
    ) -> list[tuple[StepPlace, str]]:
        of_begun = (wanted.parent_ids, wanted.iterations, wanted.iterator_values)
        if sha256 is None or any(each is not None for each in (*of_begun, wanted.started_before, wanted.started_since)):
            return []
        present = {name for (name,) in conn.execute("SELECT DISTINCT name FROM steps WHERE execution = ?", (number,))}
        runbook = self._runbooks.get_with(conn, sha256)
        order = {step.name: index for index, step in enumerate(runbook.steps)}

        def fits(record: dict[str, Json]) -> bool:
            pairs = (
                ("StepStatus", wanted.statuses),
                ("StepExecutionId", wanted.ids),
                ("StepName", wanted.names),
                ("Action", wanted.actions),
            )
            return all(values is None or record[name] in values for name, values in pairs)

        records = filter(fits, pending_steps(runbook, execution_id, present))
        return [(StepPlace(is_pending=True, number=order[record["StepName"]]), _text(record)) for record in records]


def _execution(conn: Connection, account: str, region: str, execution_id: str) -> tuple[int, str | None, str]:
    """(number, key of the runbook whose steps it runs, record); a fan-out runs children instead, and has no key."""
    row = conn.execute(
        "SELECT number, CASE quota WHEN 'running' THEN runbook END, record FROM executions"
        " WHERE id = ? AND account = ? AND region = ?",
        (execution_id, account, region),
    ).fetchone()
    if row is None:
        raise ServiceError(
            "AutomationExecutionNotFoundException",
            f"There is no automation execution {execution_id} in account {account}, {region}.",
        )
    number, sha256, record = row
    return number, sha256, record


def _begun(
    conn: Connection, number: int, wanted: StepsWanted, newest_first: bool, bound: int | None, most: int
) -> Iterator[tuple[StepPlace, str]]:
    conditions: list[str] = ["execution = ?"]
    values: list[Json] = [number]

    def compare(condition: str, value: float | None) -> None:
        if value is not None:
            conditions.append(condition)
            values.append(value)

    def any_of(column: str, choices: frozenset[str] | frozenset[int] | None) -> None:
        if choices is not None:
            conditions.append(f"{column} IN ({', '.join('?' * len(choices))})")
            values.extend(sorted(choices))

    compare("position < ?" if newest_first else "position > ?", bound)
    compare("started_at < ?", wanted.started_before)
    compare("started_at >= ?", wanted.started_since)
    any_of("status", wanted.statuses)
    any_of("id", wanted.ids)
    any_of("name", wanted.names)
    any_of("action", wanted.actions)
    any_of("parent_id", wanted.parent_ids)
    any_of("iteration", wanted.iterations)
    any_of("iterator_value", wanted.iterator_values)
    query = (
        f"SELECT position, record FROM steps WHERE {' AND '.join(conditions)} "  # noqa: S608 - columns and marks
        f"ORDER BY position {'DESC' if newest_first else 'ASC'} LIMIT ?"
    )
    for position, record in conn.execute(query, (*values, most)).fetchall():
        yield StepPlace(is_pending=False, number=position), record


def _text(record: dict[str, Json]) -> str:
    return json.dumps(record, separators=(",", ":"))
