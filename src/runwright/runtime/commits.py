"""Turns that are folded while one commit is under way share the next one."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable

from runwright.logs import get_logger
from runwright.runtime.damage import Damaged
from runwright.runtime.journal import Journal
from runwright.runtime.live import NotStored, Turn
from runwright.runtime.metrics import Metrics
from runwright.runtime.pace import Pace, Pieces

log = get_logger()


class Commits:
    """One at a time, and an execution has one turn in each.

    `stored` and `refused` are called with each turn after its commit, in the order of commits, `refused` also with the
    error that nothing more can be stored after; `began` when turns that were added are under way, `over` with the task
    of each commit. A turn whose execution was dropped meanwhile is not stored, and its callers are told.
    """

    def __init__(
        self,
        journal: Journal,
        metrics: Metrics,
        pace: Pace,
        stored: Callable[[Turn], None],
        refused: Callable[[Turn, NotStored | None], None],
        began: Callable[[], None],
        over: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self._journal, self._metrics = journal, metrics
        self._answers = Pieces(pace, least=0.0, a_read=0.000005, rounds=1)  # most who are answered read next
        self._stored, self._refused, self._began, self._over = stored, refused, began, over
        self._next: dict[str, Turn] = {}
        self._is_busy = False
        self._why: NotStored | None = None
        self.last: asyncio.Task[None] | None = None

    def has_next_of(self, execution_id: str) -> bool:
        """Whether a turn of it waits for the next commit, so that it can have no other."""
        return execution_id in self._next

    def add(self, turn: Turn) -> None:
        """Store it with the next commit, which `begin` begins, or the end of the one that is under way."""
        self._next[turn.live.id] = turn

    def begin(self) -> None:
        if self._is_busy or not self._next:
            return
        turns, self._next = list(self._next.values()), {}
        self._is_busy = True
        self.last = asyncio.create_task(self._commit(turns, self.last))
        self.last.add_done_callback(self._over)
        self._began()

    async def finish(self) -> None:
        """Return when nothing is under way or waits for it."""
        while self.last is not None and not self.last.done():
            await asyncio.wait([self.last])

    async def _commit(self, turns: list[Turn], before: asyncio.Task[None] | None) -> None:
        """Store turns, and begin the next commit before what follows from this one.

        That comes after what follows from `before`.
        """
        sound = [turn for turn in turns if not turn.live.dropped]
        for turn in turns:
            if turn.live.dropped:
                turn.fail()
        stored = await self._store(sound)
        if before is not None and not before.done():  # with nothing to store it was overtaken
            await asyncio.wait([before])
        for turn in sound if len(stored) < len(sound) else ():
            if turn not in stored:
                self._refused(turn, self._why)
        self._is_busy = False
        if self._next:
            self.begin()
            await asyncio.sleep(0)  # it is on its way
        self._answers.begin()
        for turn in stored:
            self._stored(turn)
            await self._answers.stand_back()

    async def _store(self, turns: list[Turn]) -> list[Turn]:
        """Store them together and give those that are stored. One that cannot be is found, and refused alone."""
        rows = [turn.rows for turn in turns if turn.rows is not None]
        if not rows:
            return turns
        began = time.perf_counter()
        try:
            await self._journal.commit(rows)
        except Damaged as damage:  # the log has it already
            self._metrics.failed_commits += 1
            self._why = NotStored(str(damage))
            return []
        except Exception as failed:
            self._metrics.failed_commits += 1
            log.error("commit failed", error=repr(failed), executions=[turn.live.id for turn in turns])
            if len(turns) == 1 or isinstance(failed, OSError | sqlite3.OperationalError):
                return []  # the disk's trouble is that of all
            return [turn for each in turns for turn in await self._store([each])]
        self._metrics.commit_sizes.add(len(rows))
        self._metrics.commit_seconds.add(time.perf_counter() - began)
        return turns
