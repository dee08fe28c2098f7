"""The one loop: event, state, wanted effects, event.

A *turn* takes what has arrived for an execution, folds it and yields rows and wants. Turns that are ready share one
commit. Until that commit nothing of a turn is done or seen: effects begin, callers are answered and readers see it only
after it, while later events may already be folded. If a commit fails, every state that it touched is dropped and loaded
again, and its callers get InternalServerError.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable

from runwright.errors import ServiceError
from runwright.interpreter import execution as machine
from runwright.interpreter.requests import Request, answer, refusal_of_ended
from runwright.interpreter.state import Start, State, new_state, state_from
from runwright.language.model import Runbook
from runwright.logs import get_logger
from runwright.messages import (
    Admitted,
    AwaitSignal,
    Broke,
    CallAws,
    CallWebhook,
    Effect,
    Event,
    Outdated,
    Replied,
    Reply,
    RunScript,
    SleepUntil,
    WishId,
)
from runwright.runtime import chronicle
from runwright.runtime.clock import Clock
from runwright.runtime.journal import Journal, New, StoredReplies, TurnRows, Unfinished, rows_of
from runwright.runtime.live import Asked, Due, Live, Turn, fail
from runwright.runtime.metrics import Metrics
from runwright.runtime.performing import Performer, Performing
from runwright.runtime.slots import Line, Slots

RELOAD_SECONDS = 1.0
"""How long after a failed commit an execution is loaded again."""
REAL_TIME = ""
"""A family that never skips time."""

log = get_logger()


class Driver:
    """Owns the executions of one journal. All methods belong to the event loop that made it."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        performer: Performer,
        runbook_of: Callable[[str], Awaitable[Runbook]],
        quotas: dict[str, int],
        report: Callable[[str, str, str], None],
    ) -> None:
        self._journal, self._clock = journal, clock
        self._runbook_of, self._quotas = runbook_of, quotas
        self.observe: Callable[[str, TurnRows], None] | None = None
        self.metrics = Metrics()
        self._live: dict[str, Live] = {}
        self._known: dict[str, Unfinished] = {}
        self._ready: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._slots = Slots(quotas, lambda execution_id: self._post(execution_id, Due(0.0)))
        self.performing = Performing(performer, clock, self._replied, report)
        self._watchers: dict[str, list[asyncio.Future[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._committing: asyncio.Task[None] | None = None
        self._next_number = 0
        self._closing = self._draining = False
        self._at_work: dict[asyncio.Task[None], Effect] = {}
        self._loop_task: asyncio.Task[None] | None = None
        clock.ring = self._rang

    # --------------------------------------------------------------------------------------------- from outside

    async def open(self) -> None:
        """Take up what is unfinished: set its alarms, and load what is due or has something to do."""
        self._next_number = await self._journal.last_number() + 1
        for known in await self._journal.unfinished():
            self._known[known.id] = known
            if known.skips_since is not None:
                self._clock.join(known.family, known.skips_since)
            if known.slot == "held":
                self._slots.restore(known.line, known.id)
            elif known.slot == "asked":
                self._queue(known, known.status)
            if known.wake_at is not None:
                self._clock.set_alarm(known.id, known.family, known.wake_at)
        self._loop_task = asyncio.create_task(self._run(), name="runwright-driver")
        self._slots.admit_all()

    async def close(self) -> None:
        """Stop: what has been folded is committed, effects in flight are dropped and begun again by the next open."""
        self._closing = True
        self._wake.set()
        if self._loop_task is not None:
            await self._loop_task
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self, seconds: float) -> None:
        """Begin no further effect; return when calls and scripts in flight are answered, or after so long.

        What has not been begun, and what is cut short by `close`, is begun by the next open.
        """
        self._draining = True
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=seconds)

    def scripts(self) -> int:
        """How many scripts run now or wait for a worker."""
        return sum(isinstance(effect, RunScript) for effect in self._at_work.values())

    def statuses(self) -> Counter[str]:
        """How many unfinished executions there are of each status."""
        return Counter(known.status for known in self._known.values())

    def refuses_start(self, start: Start) -> bool:
        """Whether the queue that the execution would have to stand in is full."""
        return self._slots.refuses_start(_line_of(start))

    async def start(self, new: New, runbook: Runbook) -> None:
        """Accept an execution; returns when it is stored. ServiceError when it cannot be."""
        start = new.start
        at = self._clock.now(start.family)
        if start.skip_time:
            self._clock.join(start.family, at)
        number = self._next_number
        self._next_number += 1
        live = Live(start.id, number, start.family, _line_of(start), start.parent is not None)
        live.state = new_state(start, runbook, at)
        live.new = new
        live.accepted = asyncio.get_running_loop().create_future()
        self._live[start.id] = live
        self._make_ready(live)
        await live.accepted

    async def ask(self, execution_id: str, request: Request) -> None:
        """Put a request to an execution; returns after its commit. KeyError when there is no such execution."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if execution_id not in self._live and execution_id not in self._known:
            raise KeyError(execution_id)
        self._post(execution_id, Asked(request, done))
        await done

    def is_unfinished(self, execution_id: str) -> bool:
        return execution_id in self._live or execution_id in self._known

    def watch(self, execution_id: str) -> asyncio.Future[None]:
        """Done when the execution's end has been committed; at once when it is not unfinished."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.is_unfinished(execution_id):
            self._watchers.setdefault(execution_id, []).append(done)
        else:
            done.set_result(None)
        return done

    def at_work(self, execution_id: str) -> tuple[Start, tuple[str, int, int]] | None:
        """The start of an execution and the attempt (path, visit, attempt) that it is at; None when there is none."""
        live = self._live.get(execution_id)
        activity = live.state.activity if live and live.state else None
        if live is None or live.state is None or activity is None:
            return None
        return live.state.start, activity.wish_id[:3]

    def counts(self) -> dict[str, dict[str, int]]:
        """By `account/region quota`: how many executions hold a slot and how many are queued for one."""
        return {
            f"{line.account}/{line.region} {line.quota}": {"held": held, "queued": queued}
            for line, held, queued in self._slots.counts()
        }

    # -------------------------------------------------------------------------------------------------- arrivals

    def _post(self, execution_id: str, item: Event | Due | Asked) -> None:
        live = self._live.get(execution_id)
        if live is None:
            known = self._known.get(execution_id)
            if known is None:
                return
            live = Live(known.id, known.number, known.family, known.line, known.is_child)
            self._live[execution_id] = live
        live.inbox.append(item)
        self._make_ready(live)

    def _make_ready(self, live: Live) -> None:
        self._clock.hold(live.family, ("turn", live.id))
        if live.state is None:
            if not live.loading:
                live.loading = True
                self._spawn(self._load(live))
            return
        self._ready[live.id] = None
        self._wake.set()

    def _rang(self, execution_id: str, at: float) -> None:
        self._post(execution_id, Due(at))
        if (known := self._known.get(execution_id)) is not None:
            self._clock.let_go(known.family, ("reload", execution_id))

    async def _load(self, live: Live) -> None:
        """Make the state from what is stored; tried again later when it cannot be read."""
        try:
            await self._make_state(live)
        except Exception:
            self._fault(live.id)
            self._drop(live, [])
            return
        live.loading = False
        self._make_ready(live)

    async def _make_state(self, live: Live) -> None:
        stored = await self._journal.load(live.id)
        assert stored is not None
        assert stored.cursor is not None
        runbook = await self._runbook_of(stored.start.runbook_sha256)
        live.state = state = state_from(stored.start, runbook, stored.cursor, stored.replies)
        attempt, answers = state.answered
        if answers:
            live.stored = StoredReplies(attempt, len(answers))
        try:
            if not machine.revive(state):
                live.inbox.insert(0, Outdated(self._clock.now(live.family)))
        except Exception:
            live.inbox.insert(0, Broke(self._clock.now(live.family), self._fault(live.id)))

    def _spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ----------------------------------------------------------------------------------------------------- turns

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            ready, self._ready = self._ready, {}
            turns = [turn for id_ in ready if id_ in self._live for turn in self._turn(self._live[id_])]
            if self._committing is not None:
                await self._committing
                self._committing = None
            if turns:
                self._committing = asyncio.create_task(self._commit(turns))
            if self._closing and not self._ready:
                if self._committing is not None:
                    await self._committing
                    self._committing = None
                if not self._ready:
                    return
                self._wake.set()

    def _turn(self, live: Live) -> list[Turn]:
        """Fold what has arrived and encode the rows. A fault of ours in it becomes that execution's own end."""
        if live.dropped or live.state is None:
            return []
        inbox, live.inbox = live.inbox, []
        try:
            return [self._fold(live, live.state, inbox)]
        except Exception:
            log_id = self._fault(live.id)
            callers = [item.done for item in inbox if isinstance(item, Asked)]
            self._drop(live, callers)
            if live.new is None or live.in_commit:
                self._post(live.id, Broke(self._clock.now(live.family), log_id))
            return []

    def _fold(self, live: Live, state: State, inbox: list[Event | Due | Asked]) -> Turn:
        answers: list[tuple[asyncio.Future[None], ServiceError | None]] = []
        now, seq = self._clock.now(live.family), state.seq
        self._give_slot(live, state, now)
        for item in inbox:
            match item:
                case Due(at):
                    moment = max(now, at)
                    for wish in machine.due(state, moment):
                        machine.fold(state, Replied(moment, wish, Reply()))
                        self._give_slot(live, state, now)
                case Asked(request, done):
                    event = answer(state, request, now)
                    if event is not None and not isinstance(event, ServiceError):
                        machine.fold(state, event)
                    answers.append((done, event if isinstance(event, ServiceError) else None))
                case _:
                    machine.fold(state, item)
            self._give_slot(live, state, now)
        waits_for = None
        if state.status == "Pending" and state.slot == "asked":
            quota = live.line.quota
            waits_for = f"Pending: the quota `{quota}` lets {self._quotas[quota]} executions run at a time."
        rows = None
        if live.new is not None or state.seq != seq:
            rows, live.stored = rows_of(state, live.number, live.stored, live.new, waits_for)
        if live.accepted is not None:
            answers.append((live.accepted, None))
            live.accepted = None
        live.new = None
        live.in_commit += 1
        wants = machine.wants(state)
        timers = [effect.at for effect in wants.values() if isinstance(effect, SleepUntil)]
        person = state.status == "Waiting" or any(isinstance(effect, AwaitSignal) for effect in wants.values())
        wakes_at = min(timers, default=None)
        return Turn(live, rows, wants, wakes_at, person, state.status, state.slot, state.ended, answers)

    def _give_slot(self, live: Live, state: State, now: float) -> None:
        """Ask for the slot that the state asks for; a free one is had at once."""
        while state.slot == "asked":
            if not self._slots.holds(live.line, live.id):
                self._queue(live, state.status)
                self._slots.admit(live.line, but=live.id)
            if not self._slots.holds(live.line, live.id):
                return
            machine.fold(state, Admitted(now))

    def _queue(self, who: Live | Unfinished, status: str) -> None:
        self._slots.queue(who.line, who.id, who.number, is_new=status == "Pending", by_caller=not who.is_child)

    async def _commit(self, turns: list[Turn]) -> None:
        sound = [turn for turn in turns if not turn.live.dropped]
        for turn in turns:
            if turn.live.dropped:
                turn.fail()
        try:
            rows = [turn.rows for turn in sound if turn.rows is not None]
            if rows:
                began = time.perf_counter()
                await self._journal.commit(rows)
                self.metrics.commit_sizes.add(len(rows))
                self.metrics.commit_seconds.add(time.perf_counter() - began)
        except Exception as failed:
            self.metrics.failed_commits += 1
            log.error("commit failed", error=repr(failed), executions=[turn.live.id for turn in sound])
            for turn in sound:
                turn.fail()
                if not turn.live.dropped:
                    self._drop(turn.live, [])
            return
        is_heard = chronicle.is_heard()
        for turn in sound:
            state = turn.live.state
            if is_heard and turn.rows is not None and state is not None:
                chronicle.tell(state.start, turn.rows, turn.status, ended=turn.ended)
            try:
                self._apply(turn)
            except Exception:  # a fault of ours in one execution is not the end of the others
                self._fault(turn.live.id)
                if not turn.live.dropped:
                    self._drop(turn.live, [])

    # ------------------------------------------------------------------------------------- after the commit

    def _apply(self, turn: Turn) -> None:
        live = turn.live
        live.in_commit -= 1
        if turn.rows is not None:
            self.metrics.committed(turn.rows, turn.status, ended=turn.ended)
        if self.observe is not None and turn.rows is not None:
            self.observe(live.id, turn.rows)
        turn.answer()
        if live.dropped:
            return
        for wish in [wish for wish in live.held if wish not in turn.wants]:
            live.held.pop(wish).cancel()
        state = live.state
        assert state is not None
        for wish, effect in () if self._draining else turn.wants.items():
            if wish not in live.held and not isinstance(effect, SleepUntil | AwaitSignal):
                task = self._spawn(self._perform(live, state.start, wish, effect))
                task.add_done_callback(lambda _: self._let_rest(live))
                live.held[wish] = task
                if isinstance(effect, CallAws | RunScript | CallWebhook):
                    self._at_work[task] = effect
                    task.add_done_callback(self._at_work.pop)
        if turn.slot is None and state.slot is None and not live.in_commit:  # no row says any more that it holds one
            self._slots.give_back(live.line, live.id)
        if turn.ended:
            self._forget(live, state)
        else:
            self._remember(live, state, turn)

    def _remember(self, live: Live, state: State, turn: Turn) -> None:
        skips_since = state.started_at if state.start.skip_time else None
        self._known[live.id] = Unfinished(
            live.id, live.number, live.line, live.family, turn.status, turn.slot, turn.wakes_at, skips_since
        )
        self._clock.set_alarm(live.id, live.family, turn.wakes_at)
        self._clock.let_go(live.family, ("reload", live.id))
        for reason, holds in (("person", turn.awaits_person), ("queue", turn.slot == "asked")):
            (self._clock.hold if holds else self._clock.let_go)(live.family, (reason, live.id))
        if not live.inbox and not live.in_commit:
            self._clock.let_go(live.family, ("turn", live.id))
        self._let_rest(live)

    def _forget(self, live: Live, state: State) -> None:
        self._known.pop(live.id, None)
        self._live.pop(live.id, None)
        self._clock.set_alarm(live.id, live.family, None)
        for item in live.inbox:
            if isinstance(item, Asked) and not item.done.done():  # its caller may have gone
                item.done.set_exception(refusal_of_ended(live.id, state.status, item.request))
        if self.performing.has_parent_waiting(live.id):
            self._spawn(self.performing.tell_parents(live.id))
        for done in self._watchers.pop(live.id, []):
            if not done.done():
                done.set_result(None)
        for reason in ("turn", "person", "queue", "reload"):
            self._clock.let_go(live.family, (reason, live.id))
        if state.start.skip_time:
            self._clock.leave(live.family)

    async def _perform(self, live: Live, start: Start, wish: WishId, effect: Effect) -> None:
        try:
            await self.performing.perform(start, wish, effect)
        except Exception:
            self._post(live.id, Broke(self._clock.now(live.family), self._fault(live.id, wish.path)))

    def _replied(self, execution_id: str, wish: WishId, reply: Reply) -> None:
        live = self._live.get(execution_id) or self._known.get(execution_id)
        if live is not None:
            self._post(execution_id, Replied(self._clock.now(live.family), wish, reply))

    def _let_rest(self, live: Live) -> None:
        """Forget the state of an execution that only waits; it is loaded again when something comes."""
        if live.state is not None and live.state.fanout is not None:
            return  # its targets are many and its children soon end
        idle = not live.inbox and not live.in_commit and not live.loading and live.id in self._known
        if idle and self._live.get(live.id) is live and all(task.done() for task in live.held.values()):
            del self._live[live.id]

    # ------------------------------------------------------------------------------------------------- faults

    def _drop(self, live: Live, callers: list[asyncio.Future[None]]) -> None:
        """Trust this state no more: the next event loads it again from what is stored."""
        live.dropped = True
        self._live.pop(live.id, None)
        for task in live.held.values():
            task.cancel()
        waiting = callers + [item.done for item in live.inbox if isinstance(item, Asked)]
        if live.accepted is not None:
            waiting.append(live.accepted)
        fail(waiting)
        known = self._known.get(live.id)
        if known is not None:
            self._clock.hold(live.family, ("reload", live.id))  # skipping, it would try again at once
            self._clock.set_alarm(live.id, REAL_TIME, self._clock.now(REAL_TIME) + RELOAD_SECONDS)
        self._clock.let_go(live.family, ("turn", live.id))
        if live.state is None:
            return
        if known is None or known.slot != "held":  # who asks for one asks again when it is loaded again
            self._slots.give_back(live.line, live.id)
        if known is None and live.state.start.skip_time:
            self._clock.leave(live.family)

    def _fault(self, execution_id: str, step: str | None = None) -> str:
        log_id = uuid.uuid4().hex[:12]
        log.exception("a fault of ours", execution=execution_id, step=step, log_id=log_id)
        return log_id


def _line_of(start: Start) -> Line:
    return Line(start.account, start.region, machine.quota_of(start))
