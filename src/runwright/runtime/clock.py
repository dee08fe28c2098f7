"""Time: the real clock, and families of executions whose time can be skipped. Nothing else knows that it can.

A *family* is an outermost execution with its descendants. An alarm is set under a key for a time of its family; when it
is due, `ring(key, at)` is called. A skipping family jumps to its next alarm when nothing holds it back: work under way,
a turn not yet committed, a person who is awaited, a start in the queue.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_LONGEST_WAIT = 30.0
"""Seconds; the wall clock is looked at again at least this often, in case somebody has set it."""
_RUNG_AT_ONCE = 100
_LEAST_CLEARED = 64
"""Entries of alarms that were set anew, beside as many as there are alarms, before the heap is cleared of them."""


@dataclass(slots=True)
class _Family:
    offset: float = 0.0
    members: int = 0
    alarms: dict[str, float] = field(default_factory=dict)
    holds: set[Hashable] = field(default_factory=set)
    askers: dict[_Asker, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Asker:
    """Who is let look before each jump. `satisfied`: nothing has happened in the family since it began to look."""

    waits: asyncio.Future[None] | None = None
    satisfied: bool = True


class Clock:
    """Belongs to one event loop. `wall` gives seconds since the epoch."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._loop = asyncio.get_running_loop()
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str, str]] = []
        self._sleepers: dict[str, asyncio.Future[None]] = {}
        self._sleeps = itertools.count()
        self._families: dict[str, _Family] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self.ring: Callable[[str, float], None] = lambda key, at: None

    def join(self, family: str, latest: float) -> None:
        """Make `family` a skipping one; its time is at least `latest`. Each `join` needs a `leave`."""
        known = self._families.setdefault(family, _Family())
        known.members += 1
        known.offset = max(known.offset, latest - self._wall())

    def leave(self, family: str) -> None:
        """One member less; the family is forgotten with its last."""
        known = self._families.get(family)
        if known is not None:
            known.members -= 1
            if known.members == 0:
                del self._families[family]

    def skips(self, family: str) -> bool:
        return family in self._families

    def now(self, family: str) -> float:
        known = self._families.get(family)
        return self._wall() + (known.offset if known else 0.0)

    def set_alarm(self, key: str, family: str, at: float | None) -> None:
        """Ring `key` at that time of its family; a former alarm of the key is gone. None: no alarm.

        There may be very many: an alarm is an entry of a heap and one of a map, which share what they hold.
        """
        known = self._families.get(family)
        if known is not None:
            known.alarms.pop(key, None)
        self._due.pop(key, None)
        if at is None:
            return
        if known is not None:
            known.alarms[key] = at
            self._consider_soon(family)
        self._push(key, at if known is None else at - known.offset, family)

    async def sleep_until(self, family: str, at: float) -> None:
        """Wait for a time of the family; for polls, whose waiting may be skipped."""
        key = f"sleep {next(self._sleeps)}"
        self._sleepers[key] = self._loop.create_future()
        self.set_alarm(key, family, at)
        try:
            await self._sleepers[key]
        finally:
            del self._sleepers[key]
            self.set_alarm(key, family, None)
            self.let_go(family, key)

    def hold(self, family: str, key: Hashable) -> None:
        """Keep the family from jumping until `let_go` with the same key."""
        known = self._families.get(family)
        if known is not None:
            known.holds.add(key)
            _unsettle(known)

    def let_go(self, family: str, key: Hashable) -> None:
        known = self._families.get(family)
        if known is not None:
            known.holds.discard(key)
            self._consider_soon(family)

    @contextmanager
    def working(self, family: str) -> Iterator[None]:
        """Hold the family while something is really done."""
        key = object()
        self.hold(family, key)
        try:
            yield
        finally:
            self.let_go(family, key)

    @contextmanager
    def asked_before_jumps(self, family: str) -> Iterator[Callable[[], Awaitable[None]]]:
        """Let somebody look before each jump of the family: what is given returns when one is about to be made.

        The family is held until it is awaited again; it never returns where no time is skipped. Whoever waits makes no
        jump necessary: without an alarm that is due there is none.
        """
        known, asker = self._families.get(family), _Asker()
        if known is not None:
            known.askers[asker] = None
            known.holds.add(asker)

        async def about_to_jump() -> None:
            asker.waits = self._loop.create_future()
            self.let_go(family, asker)
            try:
                await asker.waits
            finally:
                asker.waits, asker.satisfied = None, True
                if known is not None:
                    known.holds.add(asker)

        try:
            yield about_to_jump
        finally:
            if known is not None:
                known.askers.pop(asker, None)
            self.let_go(family, asker)

    def close(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._heap.clear()
        self._due.clear()
        self._families.clear()

    # ----------------------------------------------------------------------------------------------- inside

    def _consider_soon(self, family: str) -> None:
        """After what is ready now has run: an effect that was just begun holds the family by then."""
        self._loop.call_soon(self._consider, family)

    def _consider(self, family: str) -> None:
        known = self._families.get(family)
        if known is None or known.holds or not known.alarms:
            return
        ahead = min(known.alarms.values()) - self.now(family)
        if ahead > 0:
            if _ask(known):
                return
            known.offset += ahead
            _unsettle(known)
            for key, at in known.alarms.items():
                self._push(key, at - known.offset, family)
        self._ring_due()

    def _push(self, key: str, due: float, family: str) -> None:
        self._due[key] = due
        heapq.heappush(self._heap, (due, key, family))
        if len(self._heap) > 2 * len(self._due) + _LEAST_CLEARED:
            self._heap = [entry for entry in set(self._heap) if self._due.get(entry[1]) == entry[0]]
            heapq.heapify(self._heap)
        self._arm()

    def _arm(self) -> None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        if not self._heap:
            return
        due = self._heap[0][0]
        if self._timer is not None and self._timer_at <= due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = due
        wait = min(max(0.0, due - self._wall()), _LONGEST_WAIT)
        self._timer = self._loop.call_later(wait, self._timer_rang)

    def _timer_rang(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        self._ring_due()
        self._arm()

    def _ring_due(self) -> None:
        """Ring what is due; when it is very much, the timer goes on with it at once, and others have their turn."""
        now, rung = self._wall(), 0
        while self._heap and self._heap[0][0] <= now + 1e-6 and rung < _RUNG_AT_ONCE:
            rung += 1
            due, key, family = heapq.heappop(self._heap)
            if self._due.get(key) != due:
                continue
            del self._due[key]
            known = self._families.get(family)
            at = due
            if known is not None:
                at = known.alarms.pop(key, due + known.offset)
            sleeper = self._sleepers.get(key)
            if sleeper is None:
                self.ring(key, at)
                continue
            if known is not None:
                known.holds.add(key)  # until whoever sleeps has woken and says what it does next
            if not sleeper.done():
                sleeper.set_result(None)


def _unsettle(family: _Family) -> None:
    """What was seen before is not to be relied on for the next jump."""
    for asker in family.askers:
        asker.satisfied = False


def _ask(family: _Family) -> bool:
    """Wake and await those who have to look before a jump; whether there are any."""
    asked = [asker for asker in family.askers if not asker.satisfied]
    for asker in asked:
        family.holds.add(asker)
        if asker.waits is not None and not asker.waits.done():
            asker.waits.set_result(None)
    return bool(asked)
