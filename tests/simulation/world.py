"""A world around the production driver: a disk that survives its processes, an outside with whims, and a witness.

The driver, the interpreter, admission, children, alarms, the journal and the clock are the product's own; only what
lies behind the ports is made here. Every whim comes from one seeded generator, so that a seed replays its run.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Coroutine
from typing import Any, cast

from runwright.errors import ServiceError
from runwright.interpreter.execution import ALARM
from runwright.interpreter.requests import Request
from runwright.interpreter.state import Start, step_execution_id
from runwright.language.model import Runbook
from runwright.messages import Json, Reply, WishId
from runwright.runtime.children import ChildExecutions
from runwright.runtime.clock import Clock
from runwright.runtime.driver import Driver
from runwright.runtime.journal import New
from runwright.runtime.pace import Pace
from runwright.runtime.scope import Birth, Caller
from runwright.runtime.sqlite import Database
from tests.simulation.books import parsed
from tests.simulation.disk import Disk, TroubledJournal
from tests.simulation.invariants import Invariant, Violation
from tests.simulation.ledger import ENDED
from tests.simulation.outside import Outside
from tests.simulation.whims import Whims
from tests.simulation.witness import Witness

EPOCH = 1_700_000_000.0
DRAIN_SECONDS = 4.0
STOP_SECONDS = 60.0
PATIENCE_SECONDS = 2.0
CALLER = Caller("111111111111", "us-east-1", "arn:aws:iam::111111111111:user/a")


class World:
    """One run: a disk, and one process after another that works on it."""

    def __init__(self, books: dict[str, str], whims: Whims) -> None:
        self.books: dict[str, Runbook] = {name: parsed(text) for name, text in books.items()}
        self.whims = whims
        self.random = random.Random(whims.seed)
        self.quotas = {
            "running": whims.running, "queued": whims.queued, "rate-controlled": whims.rate_controlled,
        }  # fmt: skip
        self.disk = Disk(whims, self.random, self.quotas, lambda: self.crashed.set(), self._note)
        self.ledger = self.disk.ledger
        self.witness = Witness()
        self.callers: set[asyncio.Task[None]] = set()
        self.violation: AssertionError | None = None
        self._set_by = 0.0
        self._kept: set[tuple[str, WishId]] = set()

    async def boot(self) -> None:
        """A new process on the same disk; one more, when it cannot read what is there."""
        while not await self._opens():
            await self.kill()

    async def _opens(self) -> bool:
        self.witness.check_seen(self.disk.database.connection, self.ledger)
        self.crashed = asyncio.Event()
        self.disk.has_failed = False
        self._begun: Counter[tuple[str, WishId]] = Counter()
        self._answered: dict[tuple[str, WishId], float] = {}
        loop = asyncio.get_running_loop()
        self.clock = Clock(lambda: EPOCH + self._set_by + loop.time())
        outside = Outside(self, self.whims, self.random)
        self.driver = Driver(
            TroubledJournal(self.disk), self.clock, outside, self._book, self.quotas, lambda *_: None, self._pace()
        )  # fmt: skip
        database = cast(Database, self.disk.database)
        self.driver.performing.children = ChildExecutions(database, self.driver, self.start_child)
        self.driver.observe = self.witness.saw
        try:
            await self.driver.open()
        except sqlite3.OperationalError:
            return False
        return True

    def _pace(self) -> Pace:
        """Somebody always reads, and pieces of work are now long enough and now too short to stand back."""
        draw = random.Random(f"pace {self.whims.seed}")
        pace = Pace(lambda: draw.random() * 0.0006)
        pace.reader_came()
        return pace

    async def _book(self, key: str) -> Runbook:
        self.disk.may_fail_to_read()
        return self.books[key]

    async def kill(self) -> None:
        """End everything of the process at once, without a chance to tidy up."""
        self.clock.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._kept = set()
        await self.disk.after_kill()

    async def stop(self) -> None:
        """End the process as SIGTERM does; a kill may come first.

        Once the disk has failed a reply may wait to be stored, and a graceful stop loses it.
        """
        closing = asyncio.ensure_future(self._close())
        crash = asyncio.ensure_future(self.crashed.wait())
        done, _ = await asyncio.wait({closing, crash}, timeout=STOP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise Violation(Invariant.STOPS, f"not in {STOP_SECONDS:g} seconds")
        kept = closing.result() if closing in done and not self.disk.has_failed else set()
        await self.kill()
        self._kept = kept

    async def _close(self) -> set[tuple[str, WishId]]:
        """What had been answered before the end of the draining."""
        await self.driver.drain(DRAIN_SECONDS)
        drained_at = asyncio.get_running_loop().time()
        await self.driver.close()
        return {effect for effect, at in self._answered.items() if at < drained_at}

    async def leave(self) -> None:
        """End the world."""
        await self.kill()
        self.disk.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside the play, as a caller who may leave before it is done; a kill ends it."""
        task = asyncio.ensure_future(work)
        self.callers.add(task)
        task.add_done_callback(self.callers.discard)
        if self.random.random() < self.whims.impatient:
            asyncio.get_running_loop().call_later(self.random.random() ** 4 * PATIENCE_SECONDS, task.cancel)

    # ------------------------------------------------------------------------------------------------ requests

    async def start_one(self, book: str, *, id_: str, request: dict[str, Json] | None = None) -> None:
        """A caller's start. Raises ServiceError when it is refused."""
        start = _start_of(book, id_, request or {}, CALLER, None, skip_time=self.whims.skip_time)
        if self.driver.refuses_start(start):
            raise ServiceError("AutomationExecutionLimitExceededException", "The queue is full.")
        await self.driver.start(New(start), self.books[book])

    async def start_child(self, request: dict[str, Json], caller: Caller, birth: Birth) -> None:
        """The start of an execution by another, as the engine makes it."""
        self.disk.may_fail_to_read()
        if self.random.random() < self.whims.failing_calls * 0.1:
            self.witness.refused.add(birth.id)
            raise ServiceError("InvalidAutomationExecutionParametersException", "A whim refuses it.")
        book = birth.definition.document if birth.definition else request["DocumentName"]
        start = _start_of(book, birth.id, request, caller, birth, skip_time=birth.parent.skip_time)
        await self.driver.start(New(start), self.books[book])

    async def request(self, execution_id: str, request: Request) -> None:
        """A caller's request; what it is told is remembered."""
        try:
            await self.driver.ask(execution_id, request)
        except (KeyError, ServiceError):
            return  # refused or too late: both are fine answers here
        self.witness.granted(execution_id, request)

    async def wait(self, execution_id: str) -> None:
        """A caller who waits for the end; it is told of one that is stored."""
        await self.driver.watch(execution_id)
        if self.ledger.status_of(execution_id) not in ENDED:
            self._note(Violation(Invariant.SEEN_STAYS, f"the end of {execution_id} is told and not stored"))

    # -------------------------------------------------------------------------------------------------- effects

    def begins(self, execution_id: str, wish: WishId) -> None:
        """An effect begins: is it one that may?"""
        effect = (execution_id, wish)
        self._begun[effect] += 1
        if self.random.random() < self.whims.jumping:
            self._set_clock(self.random.choice([-86_400.0, -60.0, -1.0, 1.0, 60.0, 86_400.0]))
        if self.ledger.status_of(execution_id) in ENDED:
            self._refuse(Invariant.NOTHING_AFTER_END, f"{wish} of {execution_id}")
        identity = step_execution_id(execution_id, wish.path, wish.visit)
        for step in self.ledger.steps_of(execution_id):
            if step.id == identity and step.status in ENDED:
                self._refuse(Invariant.NO_STEP_AGAIN, f"{step.name} of {execution_id} is {step.status}")
        if wish == ALARM:  # an alarm is looked at again after each wait
            return
        if self._begun[effect] > 1:
            self._refuse(Invariant.NOT_BEGUN_TWICE, f"{wish} of {execution_id}")
        if effect in self._kept:
            self._refuse(Invariant.REPLY_KEPT, f"{wish} of {execution_id} begins again")

    def replied(self, execution_id: str, wish: WishId, reply: Reply) -> None:
        """An effect is answered, and perhaps once more later."""
        self._answered[execution_id, wish] = asyncio.get_running_loop().time()
        if self.random.random() < self.whims.duplicate:
            driver = self.driver

            def again() -> None:
                if driver is self.driver and not self.crashed.is_set():
                    driver._replied(execution_id, wish, reply)

            asyncio.get_running_loop().call_later(self.random.random() * 5, again)

    def breaks(self, execution_id: str) -> None:
        self.witness.at_fault.add(execution_id)

    def fills_the_disk(self) -> None:
        self.disk.fill()

    def _set_clock(self, seconds: float) -> None:
        """Somebody sets the machine's clock; never further from the truth than a day."""
        self._set_by = max(-86_400.0, min(86_400.0, self._set_by + seconds))

    # ------------------------------------------------------------------------------------------ invariants

    def _note(self, violation: Violation) -> None:
        """Keep a violation seen inside the driver, which takes every exception for its own fault."""
        self.violation = self.violation or violation

    def _refuse(self, invariant: Invariant, found: str) -> None:
        violation = Violation(invariant, found)
        self._note(violation)
        raise violation

    def check_end(self) -> None:
        """All has ended and agrees with what was told; nothing is left."""
        self.witness.check_end(self.ledger)
        if self.callers:
            raise Violation(Invariant.ENDS, f"{len(self.callers)} callers still wait for an answer")
        self.witness.check_seen(self.disk.database.connection, self.ledger)
        driver, clock = self.driver, self.clock
        left = {
            "executions in memory": list(driver._live), "unfinished executions": list(driver._known),
            "slots": [line for line in driver.counts().items() if any(line[1].values())],
            "awaited children": list(driver.performing._parents), "watched ends": list(driver._watchers._waiting),
            "effects": list(driver.performing._under_way), "alarms": list(clock._due),
            "families": list(clock._families),
        }  # fmt: skip
        if any(left.values()):
            raise Violation(Invariant.NOTHING_LEFT, str({name: value for name, value in left.items() if value}))


def _start_of(
    book: str, id_: str, request: dict[str, Json], caller: Caller, birth: Birth | None, *, skip_time: bool
) -> Start:
    parent = birth.parent if birth else None
    return Start(
        id=id_, family=parent.family if parent else id_, account=caller.account, region=caller.region,
        partition="aws", executed_by=caller.arn, document=book, version="1", runbook_sha256=book, request=request,
        parameters={}, parent=parent.id if parent else None, target=birth.target if birth else None,
        skip_time=skip_time,
    )  # fmt: skip
