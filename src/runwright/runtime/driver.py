"""The one loop: event, state, wanted effects, event.

A *turn* takes what has arrived for an execution, folds it and yields rows and wants. Turns that are ready share one
commit. Until that commit nothing of a turn is done or seen: effects begin, callers are answered and readers see it only
after it, while later events may already be folded. If a commit fails, every state that it touched is dropped and loaded
again, and its callers get InternalServerError; what happened outside is kept and folded again, and effects that have
begun go on.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from runwright.errors import ServiceError
from runwright.interpreter import execution as machine
from runwright.interpreter.requests import Request, refusal_of_ended
from runwright.interpreter.rulings import internal_text
from runwright.interpreter.state import Start, State, new_state
from runwright.language.model import Runbook
from runwright.logs import get_logger
from runwright.messages import (
    AwaitSignal,
    Broke,
    Replied,
    Reply,
    SleepUntil,
    WishId,
)
from runwright.runtime import chronicle
from runwright.runtime.clock import Clock
from runwright.runtime.commits import Commits
from runwright.runtime.damage import Damaged
from runwright.runtime.folding import Folding
from runwright.runtime.journal import Journal, New, TurnRows, Unfinished
from runwright.runtime.live import Asked, Due, Item, Live, NotStored, Turn, fail
from runwright.runtime.loading import take_up
from runwright.runtime.metrics import Metrics
from runwright.runtime.pace import Pace, Pieces
from runwright.runtime.performing import Performer, Performing
from runwright.runtime.slots import Line, Slots
from runwright.runtime.watchers import Watchers
from runwright.stored_form import NotUnderstood

RELOAD_SECONDS = 1.0
"""How long after a failed commit an execution is loaded again."""
LOADS_OF_A_ROUND = 8
"""How many executions are loaded before others have their turn; one takes some 0.1 ms."""
CANCEL_AGAIN_SECONDS = 1.0
"""How long after it was cancelled a task that has not ended is cancelled again."""

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
        pace: Pace,
    ) -> None:
        self._journal, self._clock = journal, clock
        self._runbook_of = runbook_of
        self.observe: Callable[[str, TurnRows], None] | None = None
        self.metrics = Metrics()
        self._live: dict[str, Live] = {}
        self._known: dict[str, Unfinished] = {}
        self._ready: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._slots = Slots(quotas, lambda execution_id: self._post(execution_id, Due(0.0)))
        self._folding = Folding(clock, self._slots, quotas)
        self._pieces = Pieces(pace, least=0.0002, a_read=0.00005, rounds=2)
        self._commits = Commits(
            journal, self.metrics, pace, self._stored, self._refused, self._fold_postponed, self._refuse_all_after
        )
        self.performing = Performing(performer, clock, self._replied, report)
        self._watchers = Watchers()
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_number = 0
        self._closing = self._draining = False
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
                self._post(known.id, Due(0.0))  # its state tells whether somebody is awaited and time not to be skipped
            if known.slot == "held":
                self._slots.restore(known.line, known.id)
            elif known.slot == "asked":
                self._folding.queue(known, known.status)
            if known.wake_at is not None:
                self._clock.set_alarm(known.id, known.family, known.wake_at)
        self._loop_task = asyncio.create_task(self._run(), name="runwright-driver")
        self._loop_task.add_done_callback(self._refuse_all_after)
        self._slots.admit_all()

    async def close(self) -> None:
        """Stop: what has been folded is committed, effects in flight are dropped and begun again by the next open.

        From now on no effect is begun and no alarm rings, or those that always have something to do would never end.
        """
        self._draining = True
        await self._load_what_has_arrived()
        self._closing = True
        self._wake.set()
        if self._loop_task is not None:
            await asyncio.wait([self._loop_task])
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=CANCEL_AGAIN_SECONDS)
        for live in self._live.values():
            fail(live.callers())
        self._watchers.close()

    async def _load_what_has_arrived(self) -> None:
        """Try once more what a commit or a read that failed has left to be stored."""
        loads = [self._begin_load(live) for live in self._live.values() if live.state is None and live.unstored_facts()]
        if loads:
            await asyncio.wait(loads, timeout=CANCEL_AGAIN_SECONDS)

    async def drain(self, seconds: float) -> None:
        """Begin no further effect; return when calls and scripts in flight are answered, or after so long.

        What has not been begun, and what is cut short by `close`, is begun by the next open.
        """
        self._draining = True
        await self.performing.settle(seconds)

    def statuses(self) -> Counter[str]:
        """How many unfinished executions there are of each status."""
        return Counter(known.status for known in self._known.values())

    def refuses_start(self, start: Start) -> bool:
        """Whether the queue that the execution would have to stand in is full."""
        return self._slots.refuses_start(_line_of(start))

    async def start(self, new: New, runbook: Runbook) -> None:
        """Accept an execution; returns when it is stored. ServiceError when it cannot be."""
        if self._closing:
            raise NotStored
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
        if live.state.slot == "asked":  # now, so that the next start finds it in the line
            self._folding.queue(live, live.state.status)
            self._slots.admit(live.line, but=live.id)
        self._make_ready(live)
        await live.accepted

    async def ask(self, execution_id: str, request: Request) -> None:
        """Put a request to an execution; returns after its commit. KeyError when there is no such execution."""
        if self._closing:
            raise NotStored
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if execution_id not in self._live and execution_id not in self._known:
            raise KeyError(execution_id)
        self._post(execution_id, Asked(request, done))
        await done

    def is_unfinished(self, execution_id: str) -> bool:
        return execution_id in self._live or execution_id in self._known

    def watch(self, execution_id: str) -> asyncio.Future[None]:
        """Done when the execution's end has been committed; at once when it is not unfinished.

        It fails with ServiceError when the driver is closed before, or the start of the execution was not stored.
        """
        done = self._watchers.add(execution_id)
        if not self.is_unfinished(execution_id):
            self._watchers.ended(execution_id)
        elif self._closing:
            self._watchers.close()
        return done

    def at_work(self, execution_id: str) -> tuple[Start, tuple[str, int, int]] | None:
        """The start of an execution and the attempt (path, visit, attempt) that it is at; None when there is none."""
        live = self._live.get(execution_id)
        return None if live is None else live.at_work()

    def counts(self) -> dict[str, dict[str, int]]:
        """By `account/region quota`: how many executions hold a slot and how many are queued for one."""
        return {
            f"{line.account}/{line.region} {line.quota}": {"held": held, "queued": queued}
            for line, held, queued in self._slots.counts()
        }

    # -------------------------------------------------------------------------------------------------- arrivals

    def _post(self, execution_id: str, item: Item) -> None:
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
        self._ready[live.id] = None
        self._wake.set()

    def _begin_load(self, live: Live) -> asyncio.Task[None]:
        if live.loading is None:
            live.loading = self._spawn(self._load(live))
        return live.loading

    def _rang(self, execution_id: str, at: float) -> None:
        if self._closing:
            return
        self._post(execution_id, Due(at))

    async def _load_later(self, live: Live) -> None:
        """What takes its place is loaded; somebody may set the machine's clock meanwhile, so that no alarm serves."""
        await asyncio.sleep(RELOAD_SECONDS)
        self._clock.let_go(live.family, ("reload", live.id))
        self._post(live.id, Due(0.0))

    async def _load(self, live: Live) -> None:
        """Make the state from what is stored; tried again later when it cannot be read."""
        try:
            if live.after is not None:
                await asyncio.wait([live.after])
            stored = await self._journal.load(live.id)
            if stored is None:  # the commit that would have stored it failed
                self._drop(live, after=None)
            elif stored.cursor is None:  # its end is stored, and what was to follow from it failed
                for task in live.held.values():
                    task.cancel()
                self._forget(live, stored.start, "an end reached meanwhile")
            else:
                runbook = await self._runbook_of(stored.start.runbook_sha256)
                now = self._clock.now(live.family)
                take_up(live, stored, stored.cursor, runbook, now, lambda: self._fault(live.id))
                live.loading = None
                self._make_ready(live)
        except NotUnderstood as what:
            self._leave_alone(live, what)
            return
        except Damaged as damage:
            self._drop(live, live.unstored_facts(), live.after, NotStored(str(damage)))
        except Exception:
            self._fault(live.id)
            self._drop(live, live.unstored_facts(), live.after)
            return

    def _spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ----------------------------------------------------------------------------------------------------- turns

    async def _run(self) -> None:
        """Load and fold what is ready, also while a commit is under way."""
        while self._ready or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            ready, self._ready = self._ready, {}
            loads = 0
            self._pieces.begin()
            for id_ in ready:
                if self._commits.has_next_of(id_):
                    self._ready[id_] = None
                elif (live := self._live.get(id_)) is not None and live.state is None:
                    self._begin_load(live)
                    loads += 1
                    if loads % LOADS_OF_A_ROUND == 0:
                        await asyncio.sleep(0)  # they are loaded, where nothing has to be awaited, and ready once more
                elif live is not None:
                    self._turn(live)
                    await self._pieces.stand_back()
            self._commits.begin()
            if self._closing:
                await self._commits.finish()

    def _turn(self, live: Live) -> None:
        """Fold what has arrived and encode the rows. A fault of ours in it becomes that execution's own end."""
        if live.state is None or live.state.ended:  # it is to be loaded, or what has arrived waits for its end
            return
        inbox, live.inbox = live.inbox, []
        try:
            self._commits.add(self._folding.turn(live, live.state, inbox))
        except Exception:
            broke = Broke(self._clock.now(live.family), self._fault(live.id))
            why = ServiceError("InternalServerError", internal_text(broke.log_id), 500)
            fail([*live.callers(), *(item.done for item in inbox if isinstance(item, Asked))], why)
            is_ending = live.state.stop == "Broke" or any(isinstance(item, Broke) for item in inbox)
            heir = self._drop(live, [broke], self._commits.last if live.uncommitted else None)
            if heir is not None and not is_ending:
                self._make_ready(heir)  # one that cannot even be ended is tried again later

    def _fold_postponed(self) -> None:
        if self._ready:
            self._wake.set()

    # ------------------------------------------------------------------------------------- after the commit

    def _refused(self, turn: Turn, for_good: NotStored | None) -> None:
        turn.fail(for_good)
        if not turn.live.dropped:
            self._drop(turn.live, turn.live.unstored_facts(), for_good=for_good)

    def _stored(self, turn: Turn) -> None:
        try:
            self._apply(turn)
        except Exception:  # a fault of ours in one execution is not the end of the others
            self._fault(turn.live.id)
            turn.answer()
            if not turn.live.dropped:
                self._drop(turn.live, turn.live.unstored_facts(), self._commits.last)

    def _apply(self, turn: Turn) -> None:
        live = turn.live
        live.uncommitted.remove(turn)
        if turn.rows is not None:
            if chronicle.is_heard() and live.state is not None:
                chronicle.tell(live.state.start, turn.rows, turn.status, ended=turn.ended)
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
                broke = partial(self._broke, live, wish.path)
                task = self._spawn(self.performing.see_through(state.start, wish, effect, broke, self._goes_on))
                task.add_done_callback(lambda _: self._let_rest(live.id))
                live.held[wish] = task
                self.performing.began(task, effect)
        if turn.ended:
            self._forget(live, state.start, state.status)
        else:
            self._remember(live, state, turn)

    def _remember(self, live: Live, state: State, turn: Turn) -> None:
        if turn.slot is None and state.slot is None and not live.uncommitted:  # no row says any more that it holds one
            self._slots.give_back(live.line, live.id)
        skips_since = state.started_at if state.start.skip_time else None
        self._known[live.id] = Unfinished(
            live.id, live.number, live.line, live.family, turn.status, turn.slot, turn.wakes_at, skips_since
        )
        self._clock.set_alarm(live.id, live.family, turn.wakes_at)
        self._clock.let_go(live.family, ("reload", live.id))
        for reason, holds in (("person", turn.awaits_person), ("queue", turn.slot == "asked")):
            (self._clock.hold if holds else self._clock.let_go)(live.family, (reason, live.id))
        if not live.inbox and not live.uncommitted:
            self._clock.let_go(live.family, ("turn", live.id))
        self._let_rest(live.id)

    def _forget(self, live: Live, start: Start, status: str) -> None:
        self._known.pop(live.id, None)
        self._live.pop(live.id, None)
        self._slots.give_back(live.line, live.id)
        self._clock.set_alarm(live.id, live.family, None)
        for item in live.inbox:
            if isinstance(item, Asked) and not item.done.done():  # its caller may have gone
                item.done.set_exception(refusal_of_ended(live.id, status, item.request))
        if self.performing.has_parent_waiting(live.id):
            self._spawn(self.performing.tell_parents(live.id))
        self._watchers.ended(live.id)
        for reason in ("turn", "person", "queue", "reload"):
            self._clock.let_go(live.family, (reason, live.id))
        if start.skip_time:
            self._clock.leave(live.family)

    def _goes_on(self) -> bool:
        return not self._draining

    def _broke(self, live: Live, step: str, *, again: bool) -> None:
        """A fault of ours in performing an effect ends the execution."""
        log_id = self._fault(live.id, step)
        if not again:
            self._post(live.id, Broke(self._clock.now(live.family), log_id))

    def _replied(self, execution_id: str, wish: WishId, reply: Reply) -> None:
        live = self._live.get(execution_id) or self._known.get(execution_id)
        if live is not None:
            self._post(execution_id, Replied(self._clock.now(live.family), wish, reply))

    def _let_rest(self, execution_id: str) -> None:
        """Forget the state of an execution that only waits; it is loaded again when something comes."""
        live = self._live.get(execution_id)
        if live is None or live.state is None or live.state.fanout is not None:
            return  # it is to be loaded; a fan-out's targets are many and its children soon end
        idle = not live.inbox and not live.uncommitted and live.loading is None and execution_id in self._known
        if idle and all(task.done() for task in live.held.values()):
            del self._live[execution_id]

    # ------------------------------------------------------------------------------------------------- faults

    def _drop(
        self,
        live: Live,
        facts: Sequence[Item] = (),
        after: asyncio.Task[None] | None = None,
        for_good: NotStored | None = None,
    ) -> Live | None:
        """Trust this state no more. What is stored is loaded again, and the facts are folded; None if nothing is.

        `after` is a commit that may yet store something of it: what it asks for or holds is known when it is loaded.
        `for_good` says why nothing is stored any more: then it is loaded for those alone who ask something of it.
        """
        live.dropped = True
        self._live.pop(live.id, None)
        fail(live.callers(), for_good)
        known = self._known.get(live.id)
        if after is None and known is not None and known.slot == "asked":
            self._folding.rest(known)
        elif after is None and (known is None or known.slot != "held"):
            self._slots.give_back(live.line, live.id)
        heir = None
        if known is not None or after is not None:
            heir = self._live[live.id] = live.heir()
            heir.inbox.extend(facts)
            heir.after = after
            self._clock.hold(live.family, ("reload", live.id))  # skipping, it would try again at once
            if for_good is None:
                self._spawn(self._load_later(live))
            else:
                self._watchers.not_stored(live.id, for_good)
        else:
            self._watchers.not_stored(live.id, for_good)
            self._clock.let_go(live.family, ("reload", live.id))
            self._clock.leave(live.family)
        self._clock.let_go(live.family, ("turn", live.id))
        return heir

    def _leave_alone(self, live: Live, what: NotUnderstood) -> None:
        """It stays as it is stored, with the slot that is stored, until a program that understands it takes it up."""
        log.error("an execution is not run", execution=live.id, reason=str(what))
        if (known := self._known.get(live.id)) is not None and known.slot != "held":
            self._slots.give_back(live.line, live.id)
        self._live.pop(live.id, None)
        fail(live.callers(), ServiceError("InternalServerError", f"Execution {live.id} is not run. {what}", 500))

    def _refuse_all_after(self, task: asyncio.Task[None]) -> None:
        """Leave nobody waiting when a fault of ours has ended the loop or a commit: nothing is stored any more."""
        if task.cancelled() or task.exception() is None:
            return
        log.critical("nothing is run any more: start the server again", exc_info=task.exception())
        self._draining = self._closing = True
        self._wake.set()
        for live in self._live.values():
            fail([*live.callers(), *(done for turn in live.uncommitted for done, _ in turn.answers)])
        self._watchers.close()

    def _fault(self, execution_id: str, step: str | None = None) -> str:
        log_id = uuid.uuid4().hex[:12]
        log.exception("a fault of ours", execution=execution_id, step=step, log_id=log_id)
        return log_id


def _line_of(start: Start) -> Line:
    return Line(start.account, start.region, machine.quota_of(start))
