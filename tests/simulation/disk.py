"""The disk of a world: the product's journal on SQLite in memory, with the troubles that disks have.

It outlives the processes that work on it. What is committed is written into the ledger.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import cast

from runwright.runtime import migrations
from runwright.runtime.journal import SqliteJournal, TurnRows
from runwright.runtime.sqlite import Database, T, Work
from tests.simulation.invariants import Violation
from tests.simulation.ledger import Ledger
from tests.simulation.whims import Trouble, Whims

FULL_SECONDS = 15.0


@cache
def _empty() -> bytes:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrations.create(connection)
    content = connection.serialize()
    connection.close()
    return content


class MemoryDatabase:
    """Stands in for the product's Database: what that leaves to a thread of its own is done here and now."""

    def __init__(self, before_read: Callable[[], None]) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=256)
        self.connection.deserialize(_empty())
        self._before_read = before_read

    async def write(self, work: Work[T]) -> T:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            value = work(self.connection)
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.execute("COMMIT")
        return value

    async def read(self, work: Work[T]) -> T:
        self._before_read()
        return work(self.connection)


class Disk:
    """`kill` is called when the process is to be killed; `note` keeps a violation that was seen.

    `has_failed` says whether it has failed to store or to read something since that was last set.
    """

    def __init__(
        self,
        whims: Whims,
        random: Random,
        quotas: dict[str, int],
        kill: Callable[[], None],
        note: Callable[[Violation], None],
    ) -> None:
        self._whims, self._random, self._quotas = whims, random, quotas
        self._kill, self._note = kill, note
        self.ledger = Ledger()
        self.database = MemoryDatabase(self.may_fail_to_read)
        self.commits = 0
        self.has_failed = False
        self._full_until = 0.0
        self._unsure: Sequence[TurnRows] = ()

    def fill(self) -> None:
        """It is full now, for some time."""
        self._full_until = asyncio.get_running_loop().time() + self._random.random() * FULL_SECONDS

    def may_fail_to_read(self) -> None:
        """Where the product reads what it has stored."""
        if self._random.random() < self._whims.failing_reads:
            raise self._failed("disk I/O error")

    @property
    def is_unsure(self) -> bool:
        """Whether a kill is to come that finds more than was said to be stored."""
        return bool(self._unsure)

    async def after_kill(self) -> None:
        """The process that worked on it is gone; what it may have stored is found."""
        unsure, self._unsure = self._unsure, ()
        if unsure:
            await self._write(unsure)

    def close(self) -> None:
        self.database.connection.close()

    async def commit(self, turns: Sequence[TurnRows]) -> None:
        """Store the turns, or not."""
        most = 1.0 if self._random.random() < self._whims.slow * 0.1 else 0.01
        await asyncio.sleep(self._random.random() * most)
        match self._trouble():
            case Trouble.KILLED_BEFORE:
                await self._end()
            case Trouble.KILLED_AFTER:
                await self._write(turns)
                await self._end()
            case Trouble.FAILS:
                raise self._failed("database or disk is full")
            case Trouble.UNSURE:
                self._unsure = turns
                asyncio.get_running_loop().call_later(self._random.random() * 5, self._kill_unsure, turns)
                raise self._failed("disk I/O error")
            case None:
                await self._write(turns)

    def _trouble(self) -> Trouble | None:
        """What becomes of the commit that comes now."""
        whims, chance = self._whims, self._random.random
        self.commits += 1
        if self.is_unsure:
            return Trouble.KILLED_BEFORE
        if self.commits in whims.at:
            return whims.at[self.commits]
        if chance() < whims.crash:
            return self._random.choice([Trouble.KILLED_BEFORE, Trouble.KILLED_AFTER])
        if chance() < whims.full:
            self.fill()
        if asyncio.get_running_loop().time() < self._full_until or chance() < whims.failing_commits:
            return Trouble.FAILS
        return Trouble.UNSURE if chance() < whims.unsure else None

    def _failed(self, text: str) -> sqlite3.Error:
        self.has_failed = True
        return sqlite3.OperationalError(text)

    def _kill_unsure(self, turns: Sequence[TurnRows]) -> None:
        if self._unsure is turns:
            self._kill()

    async def _end(self) -> None:
        self._kill()
        await asyncio.Event().wait()

    async def _write(self, turns: Sequence[TurnRows]) -> None:
        try:
            self.ledger.store(turns, self._quotas)
        except Violation as violation:
            self._note(violation)
            raise
        await SqliteJournal(cast(Database, self.database)).commit(turns)


class TroubledJournal(SqliteJournal):
    """The product's journal, whose commits the disk may refuse."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(cast(Database, disk.database))
        self._disk = disk

    async def commit(self, turns: Sequence[TurnRows]) -> None:
        await self._disk.commit(turns)
