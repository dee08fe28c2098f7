"""What a turn stores, and the port through which it is stored. SQL stands here and nowhere else in the driver's way.

A turn's rows are encoded before they join a group, so that a value that cannot be stored fails its own turn. They are
idempotent by `seq`: an older row never overwrites a newer one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from sys import intern
from typing import Protocol

from runwright.interpreter import execution as machine
from runwright.interpreter import views
from runwright.interpreter.fixed import json_text
from runwright.interpreter.state import Start, State, StepRow, cursor_of, start_from_json, start_to_json
from runwright.messages import AwaitSignal, Json, SleepUntil, WishId
from runwright.runtime.bulk import write_rows
from runwright.runtime.runbooks import RunbookText
from runwright.runtime.slots import Line
from runwright.runtime.sqlite import Database
from runwright.stored_form import as_json


@dataclass(frozen=True, slots=True)
class New:
    """What only the first turn of an execution stores.

    `token` is lower-cased; `token_request` tells requests apart. `text` is None where it is certainly stored: by an
    execution that runs it and does not end before this one.
    """

    start: Start
    token: str | None = None
    token_request: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    text: RunbookText | None = None


@dataclass(frozen=True, slots=True)
class TurnRows:
    """One turn's rows of one execution; `number` is the execution's."""

    number: int
    new: tuple[object, ...] | None
    text: RunbookText | None
    tags: tuple[tuple[str, ...], ...]
    execution: tuple[object, ...]
    steps: tuple[StepRow, ...]
    replies: tuple[tuple[object, ...], ...]
    forgets_replies: bool

    @property
    def seq(self) -> int:
        seq = self.execution[5]
        assert isinstance(seq, int)
        return seq

    def execution_record(self) -> dict[str, Json]:
        """The AutomationExecution as it stands after this turn, without its steps."""
        record: dict[str, Json] = json.loads(str(self.execution[6]))
        return record

    def step_records(self) -> list[dict[str, Json]]:
        """The StepExecutions that this turn began, changed or ended, as answers show them."""
        return [json.loads(row.record) for row in self.steps]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is known of an execution without loading it. There may be very many.

    `skips_since` is when an execution that skips time began, None for others.
    """

    id: str
    number: int
    line: Line
    family: str
    status: str
    slot: str | None
    wake_at: float | None
    skips_since: float | None

    @property
    def is_child(self) -> bool:
        return self.family != self.id


@dataclass(frozen=True, slots=True)
class Stored:
    number: int
    start: Start
    cursor: dict[str, Json] | None
    replies: list[tuple[WishId, float, str, dict[str, Json]]]


class Journal(Protocol):
    """Load, commit turns, and what is unfinished: all that the driver needs of a store."""

    async def commit(self, turns: Sequence[TurnRows]) -> None: ...

    async def load(self, execution_id: str) -> Stored | None: ...

    async def unfinished(self) -> list[Unfinished]: ...

    async def last_number(self) -> int: ...


@dataclass(slots=True)
class StoredReplies:
    """Which replies of the attempt in flight are in the store."""

    attempt: tuple[str, int, int] | None = None
    count: int = 0


def rows_of(
    state: State, number: int, stored: StoredReplies, new: New | None, waits_for: str | None
) -> tuple[TurnRows, StoredReplies]:
    """Encode what the state has become; clears the rows that it has gathered. ValueError for what JSON cannot hold."""
    replies, now_stored, forgets = _replies(state, stored, number)
    start = state.start
    steps = tuple(map(_storable, state.rows.values()))
    state.rows = {}
    activity = state.activity
    action = None if activity is None or state.ended else state.step_of(activity).action
    execution = (
        state.status, state.ended_at, action, wake_at(state), state.slot, state.seq,
        json_text(views.execution_record(state, waits_for)), None if state.ended else json_text(cursor_of(state)),
    )  # fmt: skip
    inserted = None
    tags: tuple[tuple[str, ...], ...] = ()
    if new is not None:
        inserted = (
            number, start.id, start.account, start.region, start.family, start.parent, start.document,
            start.runbook_sha256, execution_type(start), machine.quota_of(start), start.skip_time,
            state.started_at, new.token, new.token_request, json_text(start_to_json(start)),
        )  # fmt: skip
        tags = tuple((start.account, start.region, "Automation", start.id, name, value) for name, value in new.tags)
    return TurnRows(
        number, inserted, None if new is None else new.text, tags, execution, steps, replies, forgets
    ), now_stored


def execution_type(start: Start) -> str:
    """[UG] CrossAccount for an execution with locations, Local for all others."""
    return "CrossAccount" if {"TargetLocations", "TargetLocationsURL"} & start.request.keys() else "Local"


def wake_at(state: State) -> float | None:
    """When the execution has to be loaded: 0 when something is to be done, its next timer, or None."""
    timers = []
    for effect in machine.wants(state).values():
        if isinstance(effect, SleepUntil):
            timers.append(effect.at)
        elif not isinstance(effect, AwaitSignal):
            return 0.0
    return min(timers, default=None)


def _replies(
    state: State, stored: StoredReplies, number: int
) -> tuple[tuple[tuple[object, ...], ...], StoredReplies, bool]:
    attempt, answers = state.answered
    attempt = attempt if answers and not state.ended else None
    same = attempt is not None and attempt == stored.attempt
    known = stored.count if same else 0
    rows: tuple[tuple[object, ...], ...] = ()
    count = 0
    if attempt is not None:
        count = len(answers)
        rows = tuple(
            (number, *attempt, index, answered.at, answered.effect, json_text(as_json(answered.reply)))
            for index, answered in enumerate(answers)
            if index >= known
        )
    return rows, StoredReplies(attempt, count), bool(stored.count) and not same


def _storable(row: StepRow) -> StepRow:
    """SQLite takes no lone surrogates, which a value of a loop may hold."""
    value = row.iterator_value
    return row if value is None else row._replace(iterator_value=value.encode("utf-8", "replace").decode())


# ------------------------------------------------------------------------------------------------------ SQLite

_INSERT = """
INSERT INTO executions (number, id, account, region, family, parent, document, runbook, type, quota, skip_time,
    started_at, token, token_request, begin, status, ended_at, current_action, wake_at, slot, seq, record, cursor)
VALUES {rows}
"""
_UPDATE = """
UPDATE executions SET status = column2, ended_at = column3, current_action = column4, wake_at = column5,
    slot = column6, seq = column7, record = column8, cursor = column9
FROM (VALUES {rows}) WHERE number = column1 AND seq < column7
"""
_STEP = """
INSERT INTO steps (execution, seq, position, id, name, action, status, started_at, ended_at, parent_id, iteration,
    iterator_value, record)
VALUES {rows}
ON CONFLICT DO UPDATE SET status = excluded.status, ended_at = excluded.ended_at, seq = excluded.seq,
    record = excluded.record WHERE excluded.seq > seq
"""
_REPLY = "INSERT OR IGNORE INTO replies (execution, path, visit, attempt, idx, at, effect, reply) VALUES {rows}"
_TEXT = "INSERT OR IGNORE INTO runbooks (sha256, format, text) VALUES {rows}"
_TAG = "INSERT OR REPLACE INTO tags (account, region, type, resource, name, value) VALUES {rows}"
_FORGET = "WITH gone (number) AS (VALUES {rows}) DELETE FROM replies WHERE execution IN (SELECT number FROM gone)"


class SqliteJournal:
    """The journal in a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def commit(self, turns: Sequence[TurnRows]) -> None:
        """Store all turns or none; returns when they are durable."""
        await self._database.write(lambda connection: _store(connection, turns))

    async def load(self, execution_id: str) -> Stored | None:
        return await self._database.read(lambda connection: _load(connection, execution_id))

    async def unfinished(self) -> list[Unfinished]:
        return await self._database.read(_unfinished)

    async def last_number(self) -> int:
        query = "SELECT coalesce(max(number), 0) FROM executions"
        return int(await self._database.read(lambda connection: connection.execute(query).fetchone()[0]))


def _store(connection: sqlite3.Connection, turns: Sequence[TurnRows]) -> None:
    """Turns of one commit are of different executions, so that their rows may be stored kind by kind."""
    rows: list[tuple[str, list[tuple[object, ...]]]] = [
        (_TEXT, list({turn.text.key: turn.text for turn in turns if turn.text is not None}.values())),
        (_INSERT, [turn.new + turn.execution for turn in turns if turn.new is not None]),
        (_UPDATE, [(turn.number, *turn.execution) for turn in turns if turn.new is None]),
        (_TAG, [tag for turn in turns for tag in turn.tags]),
        (_STEP, [(turn.number, turn.seq, *row) for turn in turns for row in turn.steps]),
        (_FORGET, [(turn.number,) for turn in turns if turn.forgets_replies]),
        (_REPLY, [reply for turn in turns for reply in turn.replies]),
    ]
    for statement, of_a_kind in rows:
        write_rows(connection, statement, of_a_kind)


def _load(connection: sqlite3.Connection, execution_id: str) -> Stored | None:
    row = connection.execute("SELECT number, begin, cursor FROM executions WHERE id = ?", (execution_id,)).fetchone()
    if row is None:
        return None
    number, begin, cursor = row
    replies = [
        (WishId(path, visit, attempt, index), at, effect, json.loads(reply))
        for path, visit, attempt, index, at, effect, reply in connection.execute(
            "SELECT path, visit, attempt, idx, at, effect, reply FROM replies WHERE execution = ?", (number,)
        )
    ]
    return Stored(number, start_from_json(json.loads(begin)), json.loads(cursor) if cursor else None, replies)


def _unfinished(connection: sqlite3.Connection) -> list[Unfinished]:
    """What is equal in them is one object."""
    lines: dict[Line, Line] = {}
    rows = connection.execute(
        "SELECT id, number, account, region, family, quota, status, slot, wake_at, iif(skip_time, started_at, NULL)"
        " FROM executions WHERE ended_at IS NULL ORDER BY number"
    )
    found = []
    for id_, number, account, region, family, quota, status, slot, wake, skips in rows:
        line = Line(account, region, quota)
        line = lines.setdefault(line, line)
        family = id_ if family == id_ else family
        found.append(Unfinished(id_, number, line, family, intern(status), slot and intern(slot), wake, skips))
    return found
