"""The production driver and interpreter in a world of whims; every seed replays its run exactly."""

from __future__ import annotations

from random import Random

import pytest

from tests.simulation.books import BOOKS
from tests.simulation.play import play, play_one
from tests.simulation.world import ENDED, Whims

SEEDS = 60
"""Of each kind; `--seeds 440` plays more than 20,000 in all, `--seed N --seeds 1` one of each again."""

FAULTS = {
    "calm": {},
    "killed now and then": {"crash": 0.05},
    "killed after every few commits": {"crash": 0.3, "crash_after": True},
    "failing backend": {"failing_calls": 0.3},
    "hanging backend": {"slow": 1.0},
    "answers come twice": {"duplicate": 0.5},
    "failing disk": {"failing_commits": 0.2},
    "full disk": {"full": 0.03},
    "backend that gives no answer": {"hanging": 0.3},
    "a clock that is set": {"jumping": 0.1},
    "everything": {"crash": 0.05, "failing_calls": 0.1, "slow": 0.1, "duplicate": 0.2, "failing_commits": 0.1,
                   "hanging": 0.05, "jumping": 0.02},
}  # fmt: skip


@pytest.fixture
def seeds(pytestconfig: pytest.Config) -> range:
    """The seeds that each test plays, as the command line has it."""
    first, count = pytestconfig.getoption("seed"), pytestconfig.getoption("seeds")
    return range(first, first + (SEEDS if count is None else count))


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("running", [0, 1, 2], ids=["no quota", "quota 1", "quota 2"])
def test_invariants_hold_under(faults: dict[str, float], running: int, seeds: range) -> None:
    for seed in seeds:
        play(Whims(seed, **faults), running=running)  # type: ignore[arg-type]


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_invariants_hold_while_time_is_skipped_under(faults: dict[str, float], seeds: range) -> None:
    for seed in seeds:
        play(Whims(seed, **faults), skip_time=True)  # type: ignore[arg-type]


MOST = {"crash": 0.3, "failing_commits": 0.3, "full": 0.1, "failing_calls": 0.4, "duplicate": 0.5, "slow": 1.0,
        "hanging": 0.3, "jumping": 0.1}  # fmt: skip


def mix(seed: int) -> Whims:
    """Some of the faults, each as bad as the seed has it; what a mix of all hides shows where others are off."""
    draw = Random(seed)
    drawn = {name: draw.random() * most for name, most in MOST.items() if draw.random() < 0.4}
    return Whims(seed, crash_after=draw.random() < 0.5, **drawn)  # type: ignore[arg-type]


@pytest.mark.parametrize("skip_time", [False, True], ids=["in real time", "while time is skipped"])
def test_invariants_hold_under_swarms_of_faults(skip_time: bool, seeds: range) -> None:
    for seed in seeds:
        play(mix(seed), running=seed % 3, skip_time=skip_time)


@pytest.mark.parametrize("after", [False, True], ids=["before it is stored", "after it is stored"])
@pytest.mark.parametrize("book", BOOKS)
def test_a_kill_at_any_commit_changes_nothing_about_the_end(book: str, after: bool) -> None:
    calm = play_one(book, Whims(1))
    expected = {id_: calm.disk.status_of(id_) for id_ in calm.disk.numbers}
    for commit in range(1, calm.commits + 1):
        world = play_one(book, Whims(1, crash_commits={commit}, crash_after=after))
        if commit == 1 and not after:
            continue  # the start was not acknowledged, nothing is owed
        assert {id_: world.disk.status_of(id_) for id_ in world.disk.numbers} == expected
        assert set(expected.values()) <= ENDED


def test_a_seed_replays_its_run() -> None:
    whims = {"crash": 0.1, "failing_calls": 0.2, "duplicate": 0.2}
    first, second = (play(Whims(7, **whims)) for _ in range(2))  # type: ignore[arg-type]
    assert first.disk.executions == second.disk.executions
    assert first.disk.steps == second.disk.steps
