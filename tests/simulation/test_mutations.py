"""The simulation has teeth: a planted bug for each invariant is found within a few seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from runwright.interpreter import execution as machine
from runwright.interpreter import rulings
from runwright.interpreter.admission import Admission
from runwright.interpreter.fanout_state import Fanout, Group
from runwright.interpreter.state import State, cursor_of
from runwright.messages import CallAws, Effect, WishId
from runwright.runtime import folding, journal
from runwright.runtime.folding import Folding
from runwright.runtime.journal import TurnRows
from runwright.runtime.slots import Slots
from tests.simulation.play import play
from tests.simulation.virtual import Stuck
from tests.simulation.world import Violation, Whims

MOST_SEEDS = 60

Plant = Callable[[pytest.MonkeyPatch], None]


def _answers_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    fold = Folding.turn

    def early(self: Folding, *given: Any) -> Any:
        turn = fold(self, *given)
        turn.answer()
        return turn

    patch.setattr(Folding, "turn", early)


def _stores_the_place_before_the_last(patch: pytest.MonkeyPatch) -> None:
    last: dict[str, Any] = {}

    def stale(state: State) -> dict[str, Any]:
        cursor = json.loads(json.dumps(cursor_of(state)))
        before = last.get(state.id, cursor)
        last[state.id] = cursor
        stored: dict[str, Any] = before | {"seq": state.seq}
        return stored

    patch.setattr(journal, "cursor_of", stale)


def _tells_a_failed_step_as_the_end(patch: pytest.MonkeyPatch) -> None:
    rows_of = journal.rows_of

    def hasty(state: State, *given: Any) -> Any:
        failed = any(row.status == "Failed" for row in state.rows.values())
        rows, stored = rows_of(state, *given)
        execution = ("Failed", *rows.execution[1:]) if failed else rows.execution
        return _with(rows, execution=execution), stored

    patch.setattr(folding, "rows_of", hasty)


def _with(rows: TurnRows, **changed: Any) -> TurnRows:
    values = {name: getattr(rows, name) for name in TurnRows.__dataclass_fields__}
    return TurnRows(**(values | changed))


def _wants_after_the_end(patch: pytest.MonkeyPatch) -> None:
    wants = machine.wants

    def greedy(state: State) -> dict[WishId, Effect]:
        if state.ended:
            return {WishId("again", 1, 1, 0): CallAws("ec2", "DescribeVpcs", {})}
        return wants(state)

    patch.setattr(machine, "wants", greedy)


def _admits_one_too_many(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Admission, "_is_full", lambda self: 0 < self.running < len(self.holders))


def _forgets_a_position(patch: pytest.MonkeyPatch) -> None:
    def short(state: State) -> dict[str, Any]:
        cursor = cursor_of(state)
        return cursor | {"positions": max(0, state.positions - 1)}

    patch.setattr(journal, "cursor_of", short)


def _forgets_whom_it_has_admitted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Slots, "restore", lambda *given: None)


def _counts_an_end_twice(patch: pytest.MonkeyPatch) -> None:
    rows_of = journal.rows_of

    def twice(state: State, *given: Any) -> Any:
        if isinstance(state.fanout, Fanout) and state.ended:
            state.fanout.counts["Success"] += 1
        return rows_of(state, *given)

    patch.setattr(folding, "rows_of", twice)


def _starts_one_child_too_many(patch: pytest.MonkeyPatch) -> None:
    concurrency_of = rulings.concurrency_of
    patch.setattr(rulings, "concurrency_of", lambda *given: concurrency_of(*given) + 1)


def _never_gives_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Group, "gives_up", property(lambda self: False))


def _lets_the_clock_run_backwards(patch: pytest.MonkeyPatch) -> None:
    fold = machine.fold

    def loose(state: State, event: Any) -> None:
        state.now = event.at
        fold(state, event)

    patch.setattr(machine, "fold", loose)


BUGS: dict[str, tuple[Plant, dict[str, Any], str]] = {
    "an acknowledged start ends": (_answers_before_the_commit, {"crash": 0.2}, "was acknowledged and is None"),
    "a recorded step does not run again": (_stores_the_place_before_the_last, {"crash": 0.2}, "runs again|and became"),
    "a terminal status never changes": (
        _tells_a_failed_step_as_the_end,
        {"failing_calls": 0.3},
        "was Failed and became",
    ),
    "nothing is wanted after the end": (_wants_after_the_end, {}, "performed after the end"),
    "the quota holds": (_admits_one_too_many, {}, "executions hold slots"),
    "the quota holds over a restart": (_forgets_whom_it_has_admitted, {"crash": 0.2}, "executions hold slots"),
    "what was read never vanishes": (_forgets_a_position, {"crash": 0.2}, "is gone|and became"),
    "a parent counts its children": (_counts_an_end_twice, {}, "counts"),
    "no more children run than may": (_starts_one_child_too_many, {}, "are allowed"),
    "the error budget holds": (_never_gives_up, {"failing_calls": 0.8}, "begins a child after"),
    "time does not run backwards": (_lets_the_clock_run_backwards, {"jumping": 0.3}, "began at"),
}


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS.keys())
def test_a_planted_bug_is_found(bug: tuple[Plant, dict[str, Any], str], monkeypatch: pytest.MonkeyPatch) -> None:
    plant, faults, found = bug
    plant(monkeypatch)

    assert any(_finds(range(MOST_SEEDS), faults, found))


def _finds(seeds: Sequence[int], faults: dict[str, Any], found: str) -> Any:
    for seed in seeds:
        try:
            play(Whims(seed, **faults), starts=6, running=2)
        except Violation as violation:
            yield any(text in str(violation) for text in found.split("|"))
        except Stuck:
            yield False
