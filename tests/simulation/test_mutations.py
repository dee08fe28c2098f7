"""The simulation has teeth: a bug planted against each invariant is found within a few seeds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from runwright.interpreter import execution as machine
from runwright.interpreter import rulings
from runwright.interpreter.admission import Admission
from runwright.interpreter.fanout_state import Fanout, Group
from runwright.interpreter.requests import Request, Stop, answer
from runwright.interpreter.state import State, cursor_of
from runwright.messages import CallAws, Effect, WishId
from runwright.runtime import folding, journal
from runwright.runtime.children import ChildExecutions
from runwright.runtime.clock import Clock
from runwright.runtime.commits import Commits
from runwright.runtime.driver import Driver
from runwright.runtime.folding import Folding
from runwright.runtime.journal import StoredReplies, TurnRows
from runwright.runtime.live import Live, Turn
from runwright.runtime.performing import Performing
from runwright.runtime.slots import Slots
from tests.simulation.invariants import Invariant, Violation
from tests.simulation.play import play
from tests.simulation.virtual import Stuck
from tests.simulation.whims import Whims

MOST_SEEDS = 60

Plant = Callable[[pytest.MonkeyPatch], None]


class Bug(NamedTuple):
    """What is planted, against which invariant, and the whims under which it shows."""

    plant: Plant
    breaks: Invariant
    whims: dict[str, Any]


def _change_rows(patch: pytest.MonkeyPatch, change: Callable[[State, TurnRows], dict[str, Any]]) -> None:
    rows_of = journal.rows_of

    def changed(state: State, *given: Any) -> tuple[TurnRows, StoredReplies]:
        rows, stored = rows_of(state, *given)
        values = {name: getattr(rows, name) for name in TurnRows.__dataclass_fields__}
        return TurnRows(**(values | change(state, rows))), stored

    patch.setattr(folding, "rows_of", changed)


def _starts_a_child_again(patch: pytest.MonkeyPatch) -> None:
    async def unknown(self: ChildExecutions, child_id: str) -> None:
        return None

    patch.setattr(ChildExecutions, "outcome", unknown)


def _answers_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    fold = Folding.turn

    def early(self: Folding, *given: Any) -> Turn:
        turn = fold(self, *given)
        turn.answer()
        return turn

    patch.setattr(Folding, "turn", early)


def _tells_no_parent(patch: pytest.MonkeyPatch) -> None:
    async def silent(self: Performing, child_id: str) -> None:
        return None

    patch.setattr(Performing, "tell_parents", silent)


def _leaves_cancelled_steps_as_they_were(patch: pytest.MonkeyPatch) -> None:
    _change_rows(patch, lambda _, rows: {"steps": tuple(row for row in rows.steps if row.status != "Cancelled")})


def _tells_a_failed_step_as_the_end(patch: pytest.MonkeyPatch) -> None:
    def hasty(state: State, rows: TurnRows) -> dict[str, Any]:
        failed = any(row.status == "Failed" for row in rows.steps)
        return {"execution": ("Failed", *rows.execution[1:])} if failed else {}

    _change_rows(patch, hasty)


def _stores_the_place_before_the_last(patch: pytest.MonkeyPatch) -> None:
    last: dict[str, Any] = {}

    def stale(state: State) -> dict[str, Any]:
        cursor = json.loads(json.dumps(cursor_of(state)))
        before = last.get(state.id, cursor)
        last[state.id] = cursor
        stored: dict[str, Any] = before | {"seq": state.seq}
        return stored

    patch.setattr(journal, "cursor_of", stale)


def _forgets_what_it_has_begun(patch: pytest.MonkeyPatch) -> None:
    heir_of = Live.heir

    def poor(self: Live) -> Live:
        heir = heir_of(self)
        heir.held = {}
        return heir

    patch.setattr(Live, "heir", poor)


def _hears_no_reply_while_it_drains(patch: pytest.MonkeyPatch) -> None:
    replied = Driver._replied

    def deaf(self: Driver, *given: Any) -> None:
        if not self._draining:
            replied(self, *given)

    patch.setattr(Driver, "_replied", deaf)


def _waits_for_effects_while_it_closes(patch: pytest.MonkeyPatch) -> None:
    async def patient(self: Driver) -> None:
        await asyncio.gather(*self._tasks)

    patch.setattr(Driver, "close", patient)


def _wants_after_the_end(patch: pytest.MonkeyPatch) -> None:
    wants = machine.wants

    def greedy(state: State) -> dict[WishId, Effect]:
        if state.ended:
            return {WishId("again", 1, 1, 0): CallAws("ec2", "DescribeVpcs", {})}
        return wants(state)

    patch.setattr(machine, "wants", greedy)


def _counts_an_end_twice(patch: pytest.MonkeyPatch) -> None:
    rows_of = journal.rows_of

    def twice(state: State, *given: Any) -> Any:
        if isinstance(state.fanout, Fanout) and state.ended:
            state.fanout.counts["Success"] += 1
        return rows_of(state, *given)

    patch.setattr(folding, "rows_of", twice)


def _takes_a_timeout_for_a_success(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rulings, "status_of_child", lambda status: "Success" if status == "TimedOut" else status)


def _starts_one_child_too_many(patch: pytest.MonkeyPatch) -> None:
    concurrency_of = rulings.concurrency_of
    patch.setattr(rulings, "concurrency_of", lambda *given: concurrency_of(*given) + 1)


def _never_gives_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Group, "gives_up", property(lambda self: False))


def _admits_one_too_many(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Admission, "_is_full", lambda self: 0 < self.running < len(self.holders))


def _forgets_whom_it_has_admitted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Slots, "restore", lambda *given: None)


def _refuses_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Admission, "refuses_start", lambda self: False)


def _forgets_a_position(patch: pytest.MonkeyPatch) -> None:
    def short(state: State) -> dict[str, Any]:
        cursor = cursor_of(state)
        return cursor | {"positions": max(0, state.positions - 1)}

    patch.setattr(journal, "cursor_of", short)


def _shows_rows_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    async def early(self: Commits, turns: list[Turn], before: object) -> None:
        for turn in turns:
            self._stored(turn)
        await self._store(turns)
        self._is_busy = False
        self.begin()

    patch.setattr(Commits, "_commit", early)


def _grants_a_stop_and_does_nothing(patch: pytest.MonkeyPatch) -> None:
    def idle(state: State, request: Request, at: float) -> Any:
        cancels = isinstance(request, Stop) and request.type == "Cancel" and not state.ended
        return None if cancels else answer(state, request, at)

    patch.setattr(folding, "answer", idle)


def _lets_the_clock_run_backwards(patch: pytest.MonkeyPatch) -> None:
    fold = machine.fold

    def loose(state: State, event: Any) -> None:
        state.now = event.at
        fold(state, event)

    patch.setattr(machine, "fold", loose)


def _breaks_when_a_child_has_failed(patch: pytest.MonkeyPatch) -> None:
    names = {0: "Success"}
    patch.setattr(rulings, "status_of_rate_control", lambda counts: names[counts["Failed"]])


def _keeps_families_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Clock, "leave", lambda *given: None)


KILLS = {"crash": 0.2}
BUGS = (
    Bug(_starts_a_child_again, Invariant.STARTED_ONCE, KILLS),
    Bug(_answers_before_the_commit, Invariant.ENDS, KILLS),
    Bug(_tells_no_parent, Invariant.ENDS, {}),
    Bug(_leaves_cancelled_steps_as_they_were, Invariant.STEPS_END, {}),
    Bug(_tells_a_failed_step_as_the_end, Invariant.FINAL, {"failing_calls": 0.3}),
    Bug(_stores_the_place_before_the_last, Invariant.NO_STEP_AGAIN, KILLS),
    Bug(_forgets_what_it_has_begun, Invariant.NOT_BEGUN_TWICE, {"failing_commits": 0.3, "slow": 1.0}),
    Bug(_hears_no_reply_while_it_drains, Invariant.REPLY_KEPT, {"restart": 0.3, "slow": 0.3}),
    Bug(_waits_for_effects_while_it_closes, Invariant.STOPS, {"restart": 0.3, "endless": 0.5}),
    Bug(_wants_after_the_end, Invariant.NOTHING_AFTER_END, {}),
    Bug(_counts_an_end_twice, Invariant.COUNTS, {}),
    Bug(_takes_a_timeout_for_a_success, Invariant.COUNTS, {"endless": 0.5}),
    Bug(_starts_one_child_too_many, Invariant.CONCURRENCY, {}),
    Bug(_never_gives_up, Invariant.BUDGET, {"failing_calls": 0.8}),
    Bug(_admits_one_too_many, Invariant.QUOTA, {"running": 2}),
    Bug(_forgets_whom_it_has_admitted, Invariant.QUOTA, {"running": 2} | KILLS),
    Bug(_refuses_nobody, Invariant.QUEUE, {"running": 1, "queued": 1}),
    Bug(_forgets_a_position, Invariant.SEEN_STAYS, KILLS),
    Bug(_shows_rows_before_the_commit, Invariant.SEEN_STAYS, KILLS),
    Bug(_grants_a_stop_and_does_nothing, Invariant.GRANTED, {}),
    Bug(_lets_the_clock_run_backwards, Invariant.TIME, {"jumping": 0.3}),
    Bug(_breaks_when_a_child_has_failed, Invariant.NO_FAULT, {"failing_calls": 0.5}),
    Bug(_keeps_families_for_ever, Invariant.NOTHING_LEFT, {"skip_time": True}),
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.plant.__name__.lstrip("_"))
def test_a_planted_bug_is_found(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    bug.plant(monkeypatch)

    assert any(broken is bug.breaks for broken in _broken(bug.whims))


def test_each_invariant_has_a_bug_that_breaks_it() -> None:
    assert {bug.breaks for bug in BUGS} == set(Invariant)


def _broken(whims: dict[str, Any]) -> Iterator[Invariant | None]:
    for seed in range(MOST_SEEDS):
        try:
            play(Whims(seed, starts=6, **whims))
        except Violation as violation:
            yield violation.invariant
        except Stuck:
            yield None
