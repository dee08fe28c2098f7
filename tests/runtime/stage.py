"""A driver on a disk and a backend that do as they are told."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from runwright.engine import parse
from runwright.interpreter.state import Start
from runwright.messages import Effect, Reply, WishId
from runwright.runtime.clock import Clock
from runwright.runtime.driver import Driver
from runwright.runtime.journal import New, SqliteJournal, Stored, TurnRows
from runwright.runtime.pace import Pace
from runwright.runtime.scope import Scope
from runwright.runtime.sqlite import Database

CALL = "{name: call, action: 'aws:executeAwsApi', inputs: {Service: ec2, Api: DescribeVpcs}}"
CALLS = ", ".join(CALL.replace("name: call", f"name: call{number}") for number in range(200))
NAPS = ", ".join(f"{{name: nap{number}, action: 'aws:sleep', inputs: {{Duration: PT1S}}}}" for number in range(200))
BOOKS = {
    "pause": "{schemaVersion: '0.3', mainSteps: [{name: wait, action: 'aws:pause', inputs: {}}]}",
    "call": f"{{schemaVersion: '0.3', mainSteps: [{CALL}]}}",
    "nap": "{schemaVersion: '0.3', mainSteps: [{name: nap, action: 'aws:sleep', inputs: {Duration: PT0S}}]}",
    "naps": f"{{schemaVersion: '0.3', mainSteps: [{NAPS}]}}",
    "calls": f"{{schemaVersion: '0.3', mainSteps: [{CALLS}]}}",
}


class Disk(SqliteJournal):
    """A journal that may refuse to store, and to read, so many times, or to store a new execution of one id.

    `committing` is called with each commit, `failed` counts those that failed.
    """

    refusals = unreadable = failed = 0
    poisonous = ""
    refused_to_read: asyncio.Event
    committing: Callable[[Sequence[TurnRows]], None] = staticmethod(lambda turns: None)

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.refused_to_read = asyncio.Event()

    async def commit(self, turns: Sequence[TurnRows]) -> None:
        self.committing(turns)
        if self.refusals:
            self.refusals -= 1
            self.failed += 1
            raise OSError("no space left on device")
        if any(turn.new is not None and self.poisonous in turn.new for turn in turns):
            self.failed += 1
            raise sqlite3.InterfaceError("type is not supported")
        await super().commit(turns)

    async def load(self, execution_id: str) -> Stored | None:
        if self.unreadable:
            self.unreadable -= 1
            self.refused_to_read.set()
            raise sqlite3.OperationalError("disk I/O error")
        return await super().load(execution_id)


class Backend:
    """Answers calls, once it may."""

    def __init__(self) -> None:
        self.calls = 0
        self.called, self.may_answer = asyncio.Event(), asyncio.Event()

    async def perform(
        self, effect: Effect, wish: WishId, scope: Scope, clock: Clock, report: Callable[[str], None]
    ) -> Reply:
        self.calls += 1
        self.called.set()
        await self.may_answer.wait()
        return Reply({})


class Stage:
    def __init__(self, pace: Pace, quotas: dict[str, int]) -> None:
        self.database = Database.open(None)
        self.disk, self.backend = Disk(self.database), Backend()
        books = {name: parse(text, "YAML") for name, text in BOOKS.items()}

        async def book(key: str) -> Any:
            return books[key]

        self._books = books
        none = {"running": 0, "queued": 0, "rate-controlled": 0}
        self.clock = Clock()
        self.driver = Driver(self.disk, self.clock, self.backend, book, none | quotas, lambda *_: None, pace)

    def start_of(self, book: str, id_: str, skipping: str | None = None) -> Start:
        return Start(
            id=id_, family=skipping or id_, account="111111111111", region="us-east-1", partition="aws",
            executed_by="arn:a", document=book, version="1", runbook_sha256=book, request={}, parameters={},
            skip_time=skipping is not None,
        )  # fmt: skip

    async def start(self, book: str, id_: str = "x", skipping: str | None = None) -> None:
        """Start an execution; `skipping` is its family, whose time is skipped."""
        await self.driver.start(New(self.start_of(book, id_, skipping)), self._books[book])

    def records(self) -> dict[str, dict[str, Any]]:
        rows = self.database._reader.execute("SELECT id, record FROM executions")
        return {id_: json.loads(record) for id_, record in rows}


@asynccontextmanager
async def stage(pace: Pace | None = None, **quotas: int) -> AsyncIterator[Stage]:
    made = Stage(pace or Pace(), quotas)
    await made.driver.open()
    try:
        async with asyncio.timeout(20):
            yield made
    finally:
        await made.driver.close()
        await made.database.close()
