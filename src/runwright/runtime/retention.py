"""Removes executions that ended long ago, a few at a time, so that nobody waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from functools import partial

from runwright.logs import get_logger
from runwright.runtime.damage import Damaged
from runwright.runtime.sqlite import Database

BATCH = 200
"""Executions looked at in one transaction."""
BETWEEN_BATCHES_SECONDS = 0.05
BETWEEN_SWEEPS_SECONDS = 60.0
_VACUUM_PAGES = 500

log = get_logger()


class Retention:
    """Belongs to one event loop. `keep_seconds` is counted from the end of an execution."""

    def __init__(self, database: Database, keep_seconds: float, now: Callable[[], float] = time.time) -> None:
        self._database, self._keep_seconds, self._now = database, keep_seconds, now

    async def run(self) -> None:
        """Sweep for as long as the file is sound; a sweep that fails is logged and tried again with the next."""
        while True:
            try:
                removed = await self.sweep()
            except Damaged:
                return
            except Exception as failed:  # the database says why; what is kept too long does no harm
                log.error("old executions could not be removed", error=repr(failed))
            else:
                if removed:
                    log.info("old executions removed", count=removed)
            await asyncio.sleep(BETWEEN_SWEEPS_SECONDS)

    async def sweep(self) -> int:
        """Remove every execution whose family's root and itself ended before the time that is kept; how many."""
        before, removed = self._now() - self._keep_seconds, 0
        place: int | None = 0
        while place is not None:
            place, count = await self._database.write(partial(_remove, before=before, place=place))
            removed += count
            await asyncio.sleep(BETWEEN_BATCHES_SECONDS)
        if removed:
            await self._database.write(_remove_unused_texts)
        return removed


def _remove(connection: sqlite3.Connection, before: float, place: int) -> tuple[int | None, int]:
    """One batch, in the order of starting: (where the next one begins, how many were removed).

    It is the last one when all of it was started too late. Starts in skipped time say nothing about those that follow.
    """
    rows = connection.execute(
        "SELECT number, id, account, region, iif(skip_time, 0, started_at), ended_at < ?1 AND NOT EXISTS "
        "(SELECT 1 FROM executions AS root WHERE root.id = e.family AND root.ended_at IS NULL) "
        "FROM executions AS e WHERE number > ?2 ORDER BY number LIMIT ?3",
        (before, place, BATCH),
    ).fetchall()
    old = [row for row in rows if row[5]]
    for number, id_, account, region, _, _ in old:
        connection.execute("DELETE FROM steps WHERE execution = ?", (number,))
        connection.execute("DELETE FROM replies WHERE execution = ?", (number,))
        key = (account, region, id_)
        connection.execute(
            "DELETE FROM tags WHERE account = ? AND region = ? AND type = 'Automation' AND resource = ?", key
        )
        connection.execute("DELETE FROM executions WHERE number = ?", (number,))
    is_last = len(rows) < BATCH or all(row[4] >= before for row in rows)
    return None if is_last else rows[-1][0], len(old)


def _remove_unused_texts(connection: sqlite3.Connection) -> None:
    """Texts that no execution was started with any more; a start stores its text with its first turn."""
    connection.execute("DELETE FROM runbooks WHERE sha256 NOT IN (SELECT runbook FROM executions)")
    for _ in range(_VACUUM_PAGES):  # one at a time: of more, the module would take the first step alone
        connection.execute("PRAGMA incremental_vacuum(1)")
