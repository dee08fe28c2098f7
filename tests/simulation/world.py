"""A world around the production driver: a disk that survives crashes, a backend with whims, and the invariants.

The driver, the interpreter, admission and the clock are the product's own; only what lies behind the ports is made
here. Every whim comes from one seeded generator, so that a seed replays its run.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from runwright.engine import parse
from runwright.errors import ServiceError
from runwright.interpreter.requests import Request, Stop
from runwright.interpreter.state import Start, StepRow, start_from_json, step_execution_id
from runwright.language.model import Runbook
from runwright.messages import (
    CallAws,
    Effect,
    Failure,
    FindTargets,
    Json,
    Poll,
    Replied,
    Reply,
    RunChild,
    RunScript,
    WishId,
)
from runwright.runtime.clock import Clock
from runwright.runtime.driver import Driver
from runwright.runtime.journal import New, Stored, TurnRows, Unfinished
from runwright.runtime.scope import Scope
from runwright.runtime.slots import Line

EPOCH = 1_700_000_000.0
HUNG_SECONDS = 25.0
"""A performer gives a call up then."""
ENDED = {"Success", "Failed", "TimedOut", "Cancelled"}


class Crash(BaseException):
    """The process is killed here."""


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass
class Whims:
    """How the world misbehaves; probabilities of a run. `full`: a commit finds the disk full, for some seconds."""

    seed: int
    crash_commits: set[int] = field(default_factory=set)
    crash_after: bool = False
    crash: float = 0.0
    failing_commits: float = 0.0
    full: float = 0.0
    failing_calls: float = 0.0
    duplicate: float = 0.0
    slow: float = 0.0
    hanging: float = 0.0
    jumping: float = 0.0


class Disk:
    """What has been committed. It checks, row by row, what may never happen."""

    def __init__(self) -> None:
        self.executions: dict[int, dict[str, Any]] = {}
        self.steps: dict[tuple[int, int], dict[str, Any]] = {}
        self.replies: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self.numbers: dict[str, int] = {}

    def store(self, turn: TurnRows) -> None:
        status, ended_at, _, wake_at, slot, seq, record, cursor = turn.execution
        if turn.new is not None:
            _, id_, account, region, family, parent, _, sha, _, quota, skip, started_at, token, _, begin = turn.new
            if id_ in self.numbers:
                raise Violation(f"execution {id_} was started twice")
            self.numbers[str(id_)] = turn.number
            self.executions[turn.number] = {
                "id": id_, "account": account, "region": region, "family": family, "parent": parent, "sha": sha,
                "quota": quota, "skip": skip, "started_at": started_at, "token": token, "begin": begin, "seq": -1,
                "status": None,
            }  # fmt: skip
        row = self.executions[turn.number]
        if row["seq"] >= seq:
            return
        if row["status"] in ENDED and row["status"] != status:
            raise Violation(f"{row['id']} was {row['status']} and became {status}")
        row |= {"status": status, "ended_at": ended_at, "wake_at": wake_at, "slot": slot, "seq": seq,
                "record": json.loads(str(record)), "cursor": cursor}  # fmt: skip
        self._check_budget(turn.number, turn.steps)
        for step in turn.steps:
            self._store_step(turn.number, step)
        self._check_concurrency(turn.number)
        if turn.forgets_replies:
            self.replies = {key: value for key, value in self.replies.items() if key[0] != turn.number}
        for reply in turn.replies:
            self.replies.setdefault(reply[:5], reply)

    def _limits(self, number: int) -> tuple[int, int] | None:
        request = json.loads(self.executions[number]["begin"])["request"]
        return (int(request["MaxConcurrency"]), int(request["MaxErrors"])) if "Targets" in request else None

    def _check_budget(self, number: int, steps: Sequence[StepRow]) -> None:
        """No child is begun once more errors than MaxErrors have been stored."""
        limits = self._limits(number)
        if limits is None:
            return
        errors = sum(row["status"] in ("Failed", "TimedOut") for (its, _), row in self.steps.items() if its == number)
        if errors > limits[1] and any((number, step.position) not in self.steps for step in steps):
            raise Violation(f"{self.executions[number]['id']} begins a child after {errors} errors")

    def _check_concurrency(self, number: int) -> None:
        limits = self._limits(number)
        running = sum(row["status"] not in ENDED for (its, _), row in self.steps.items() if its == number)
        if limits is not None and running > limits[0]:
            raise Violation(f"{self.executions[number]['id']} runs {running} children, {limits[0]} are allowed")

    def _store_step(self, number: int, step: StepRow) -> None:
        known = self.steps.get((number, step.position))
        if known is not None and known["status"] in ENDED and known["status"] != step.status:
            raise Violation(f"step {known['name']} was {known['status']} and became {step.status}")
        if known is not None and known["id"] != step.id:
            raise Violation(f"step {known['name']} was to be read and is gone: {step.name} is in its place")
        if step.ended_at is not None and step.ended_at < step.started_at:
            raise Violation(f"step {step.name} began at {step.started_at} and ended at {step.ended_at}")
        shown = {"id": step.id, "name": step.name, "status": step.status, "record": json.loads(step.record)}
        self.steps[number, step.position] = shown

    def steps_of(self, execution_id: str) -> list[dict[str, Any]]:
        number = self.numbers[execution_id]
        return [row for (its, _), row in sorted(self.steps.items()) if its == number]

    def status_of(self, execution_id: str) -> str | None:
        number = self.numbers.get(execution_id)
        return None if number is None else self.executions[number]["status"]


class MemoryJournal:
    """The journal port over a Disk; it may be slow, fail, or be killed before or after it has stored."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._full_until = 0.0

    async def commit(self, turns: Sequence[TurnRows]) -> None:
        world, whims = self._world, self._world.whims
        await asyncio.sleep(world.random.random() * 0.01)
        world.commits += 1
        if world.random.random() < whims.jumping:
            world.set_clock(world.random.choice([-86_400.0, -60.0, -1.0, 1.0, 60.0, 86_400.0]))
        killed = world.commits in whims.crash_commits or world.random.random() < whims.crash
        if killed and not whims.crash_after and (not whims.crash or world.random.random() < 0.5):
            world.crashed.set()
            await asyncio.Event().wait()
        now = asyncio.get_running_loop().time()
        if world.random.random() < whims.full:
            self._full_until = now + world.random.random() * 10
        if now < self._full_until or world.random.random() < whims.failing_commits:
            raise OSError("no space left on device")
        try:
            for turn in turns:
                world.disk.store(turn)
        except Violation as violation:
            world.violation = violation
            raise
        if killed:
            world.crashed.set()
            await asyncio.Event().wait()
        world.check_admission()

    async def load(self, execution_id: str) -> Stored | None:
        disk = self._world.disk
        number = disk.numbers.get(execution_id)
        if number is None:
            return None
        row = disk.executions[number]
        replies = [
            (WishId(*key[1:]), value[5], value[6], json.loads(value[7]))
            for key, value in disk.replies.items()
            if key[0] == number
        ]
        cursor = json.loads(row["cursor"]) if row["cursor"] else None
        return Stored(number, start_from_json(json.loads(row["begin"])), cursor, replies)

    async def unfinished(self) -> list[Unfinished]:
        return [
            Unfinished(row["id"], number, Line(row["account"], row["region"], row["quota"]), row["family"],
                       row["status"], row["slot"], row["wake_at"], row["started_at"] if row["skip"] else None)
            for number, row in sorted(self._world.disk.executions.items())
            if row["ended_at"] is None
        ]  # fmt: skip

    async def last_number(self) -> int:
        return max(self._world.disk.executions, default=0)


class Backend:
    """Answers effects after a while, with failures and duplicates as the whims have it."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def perform(
        self, effect: Effect, wish: WishId, scope: Scope, clock: Clock, report: Callable[[str], None]
    ) -> Reply:
        world, whims = self._world, self._world.whims
        world.check_wanted(scope.execution_id, wish)
        if isinstance(effect, Poll):
            await clock.sleep_until(scope.family, clock.now(scope.family) + world.random.choice([0.1, 5.0, 60.0]))
        with clock.working(scope.family):
            await asyncio.sleep(world.random.choice([0.0, 0.01, 1.0, 30.0 if whims.slow else 1.0]))
            if world.random.random() < whims.hanging:
                await asyncio.sleep(HUNG_SECONDS)
                return Reply(failure=Failure("it gave no answer in time", "OutcomeUnknown"))
        world.performed[scope.execution_id, wish] = world.performed.get((scope.execution_id, wish), 0) + 1
        reply = self._reply(effect)
        if world.random.random() < whims.duplicate:
            world.answer_again(scope.execution_id, wish, reply)
        return reply

    def _reply(self, effect: Effect) -> Reply:
        world = self._world
        if world.random.random() < world.whims.failing_calls:
            return Reply(failure=Failure("An error occurred (Whim) when calling it: no", "Whim"))
        match effect:
            case FindTargets():
                return Reply(["a", "b", "c", "d", "e", "f", "g"])
            case CallAws():
                return Reply({selection.name: "ok" for selection in effect.select})
            case RunScript():
                return Reply({"Payload": {"ok": True}} | {selection.name: "ok" for selection in effect.select})
            case _:
                return Reply("done")


class Kin:
    """Children by way of the same driver."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def run(self, effect: RunChild, child_id: str, parent: Start) -> Reply | None:
        world = self._world
        assert world.driver is not None
        if world.driver.is_unfinished(child_id):
            return None
        ended = await self.outcome(child_id)
        if ended is not None or world.driver.is_unfinished(child_id):
            return ended
        try:
            book = parent.document if effect.target is not None else effect.request["DocumentName"]
            await world.start_one(book, id_=child_id, parent=parent)
        except ServiceError as refused:
            return Reply(failure=Failure(refused.message, refused.code))
        return None

    async def stop(self, child_id: str) -> Reply | None:
        driver = self._world.driver
        assert driver is not None
        if not driver.is_unfinished(child_id):
            return await self.outcome(child_id) or Reply()
        try:
            await driver.ask(child_id, Stop("Cancel", ""))
        except (KeyError, ServiceError):
            return await self.outcome(child_id)
        return None

    async def outcome(self, child_id: str) -> Reply | None:
        status = self._world.disk.status_of(child_id)
        if status not in ENDED:
            return None
        return Reply({"ExecutionId": child_id, "Status": status, "Outputs": {}, "FailureMessage": None})


class World:
    """One run: a disk, and one process after another that works on it."""

    def __init__(self, books: dict[str, str], whims: Whims, *, running: int = 0, skip_time: bool = False) -> None:
        self.books: dict[str, Runbook] = {name: parse(text, "YAML") for name, text in books.items()}
        self.whims, self.running, self.skip_time = whims, running, skip_time
        self.random = random.Random(whims.seed)
        self.disk = Disk()
        self.commits = 0
        self.set_by = 0.0
        self.acknowledged: list[str] = []
        self.performed: dict[tuple[str, WishId], int] = {}
        self.driver: Driver | None = None
        self.callers: set[asyncio.Task[None]] = set()
        self.crashed = asyncio.Event()
        self.violation: Violation | None = None

    async def boot(self) -> None:
        """A new process on the same disk."""
        self.crashed = asyncio.Event()
        loop = asyncio.get_running_loop()
        clock = Clock(lambda: EPOCH + self.set_by + loop.time())
        quotas = {"running": self.running, "queued": 0, "rate-controlled": 0}
        self.driver = Driver(MemoryJournal(self), clock, Backend(self), self._book, quotas, lambda *_: None)
        self.driver.performing.children = Kin(self)
        self.clock = clock
        await self.driver.open()

    async def _book(self, key: str) -> Runbook:
        return self.books[key]

    async def kill(self) -> None:
        """End everything of the process at once, without a chance to tidy up."""
        self.clock.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the machine's clock; never further from the truth than a day."""
        self.set_by = max(-86_400.0, min(86_400.0, self.set_by + seconds))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside the play; a kill ends it."""
        task = asyncio.ensure_future(work)
        self.callers.add(task)
        task.add_done_callback(self.callers.discard)

    async def start_one(
        self, book: str, *, id_: str, parent: Start | None = None, request: dict[str, Json] | None = None
    ) -> None:
        runbook = self.books[book]
        start = Start(
            id=id_, family=parent.family if parent else id_, account="111111111111", region="us-east-1",
            partition="aws", executed_by="arn:aws:iam::111111111111:user/a", document=book, version="1",
            runbook_sha256=book,
            request=request or {}, parameters={}, parent=parent.id if parent else None, skip_time=self.skip_time,
        )  # fmt: skip
        assert self.driver is not None
        await self.driver.start(New(start), runbook)

    def answer_again(self, execution_id: str, wish: WishId, reply: Reply) -> None:
        """The same reply comes a second time, later."""
        driver = self.driver
        assert driver is not None

        def answer() -> None:
            if driver is self.driver and not self.crashed.is_set():
                driver._post(execution_id, Replied(self.clock.now(execution_id), wish, reply))

        asyncio.get_running_loop().call_later(self.random.random() * 5, answer)

    async def request(self, execution_id: str, request: Request) -> None:
        assert self.driver is not None
        try:
            await self.driver.ask(execution_id, request)
        except (KeyError, ServiceError):
            pass  # refused or too late: both are fine answers here

    # ------------------------------------------------------------------------------------------ invariants

    def check_wanted(self, execution_id: str, wish: WishId) -> None:
        """Nothing is wanted after the end, and no step that is recorded as finished runs again."""
        if self.disk.status_of(execution_id) in ENDED:
            raise self._note(f"{wish} of {execution_id} is performed after the end")
        for step in self.disk.steps_of(execution_id):
            if step["id"] == self._step_id(execution_id, wish) and step["status"] in ENDED:
                raise self._note(f"step {step['name']} of {execution_id} is {step['status']} and runs again")

    def _note(self, text: str) -> Violation:
        """Keep a violation seen inside the driver, which takes every exception for its own fault."""
        self.violation = Violation(text)
        return self.violation

    @staticmethod
    def _step_id(execution_id: str, wish: WishId) -> str:
        return step_execution_id(execution_id, wish.path, wish.visit)

    def check_admission(self) -> None:
        """The quota holds: no more slots are held on disk than there are."""
        held = sum(
            row["slot"] == "held" and row["quota"] == "running" and row["ended_at"] is None
            for row in self.disk.executions.values()
        )
        if self.running and held > self.running:
            raise self._note(f"{held} executions hold slots, the quota is {self.running}")

    def check_end(self) -> None:
        """Every acknowledged start has ended, and its steps agree with it."""
        for id_ in self.acknowledged:
            status = self.disk.status_of(id_)
            if status not in ENDED:
                raise Violation(f"{id_} was acknowledged and is {status}")
            if "Internal Server Error" in str(self.disk.executions[self.disk.numbers[id_]]["record"]):
                raise Violation(f"{id_} ended for a fault of ours")
            for step in self.disk.steps_of(id_):
                if step["status"] not in ENDED:
                    raise Violation(f"{id_} is {status}, its step {step['name']} is {step['status']}")
            self._check_counts(id_)

    def _check_counts(self, id_: str) -> None:
        """A parent's counters and steps agree with its children."""
        record = self.disk.executions[self.disk.numbers[id_]]["record"]
        if "ProgressCounters" not in record:
            return
        counters = record["ProgressCounters"]
        children = [row["status"] for row in self.disk.executions.values() if row["parent"] == id_]
        steps = [step["status"] for step in self.disk.steps_of(id_)]
        for status in ENDED:
            if counters[f"{status}Steps"] != steps.count(status):
                raise Violation(f"{id_} counts {counters}, its steps are {steps}")
            if status in ("Success", "TimedOut") and children.count(status) != steps.count(status):
                raise Violation(f"{id_} has children {children} and steps {steps}")
