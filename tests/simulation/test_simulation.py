"""The production driver and interpreter in a world of whims; every seed replays its run exactly."""

from __future__ import annotations

import pytest

from tests.simulation import conftest
from tests.simulation.books import KINDS
from tests.simulation.conftest import PlaySeeds
from tests.simulation.invariants import Invariant, Violation
from tests.simulation.ledger import ENDED
from tests.simulation.play import play, play_one
from tests.simulation.whims import FAULTS, Trouble, Whims, swarm, with_faults
from tests.simulation.world import World

SWARMS = 22


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_invariants_hold_under(faults: dict[str, float], play_seeds: PlaySeeds) -> None:
    play_seeds(lambda seed: with_faults(seed, faults))


@pytest.mark.parametrize("share", range(SWARMS))
def test_invariants_hold_under_swarms_of_faults(share: int, play_seeds: PlaySeeds) -> None:
    play_seeds(lambda seed: swarm(seed * SWARMS + share))


@pytest.mark.parametrize("trouble", Trouble, ids=lambda trouble: trouble.name.lower())
@pytest.mark.parametrize("kind", KINDS)
def test_a_trouble_with_any_commit_changes_nothing_about_the_end(kind: str, trouble: Trouble) -> None:
    calm = play_one(kind, Whims(1))
    expected = ends(calm)
    for commit in range(1, calm.disk.commits + 1):
        world = play_one(kind, Whims(1, at={commit: trouble}))
        if commit == 1 and trouble is not Trouble.KILLED_AFTER:
            continue  # the start was not acknowledged, nothing is owed
        assert ends(world) == expected


def ends(world: World) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """How each execution ended, with all of its steps."""
    found = {}
    for row in world.ledger.executions.values():
        assert row.status in ENDED
        found[row.id] = (row.status, sorted((step.name, step.status) for step in row.steps.values()))
    return found


def test_a_seed_replays_its_run() -> None:
    whims = Whims(7, running=1, crash=0.1, failing_calls=0.2, duplicate=0.2, impatient=0.2, restart=0.1)
    first, second = play(whims), play(whims)
    assert first.ledger.executions == second.ledger.executions


def test_a_play_that_fails_says_how_it_is_played_again(
    play_seeds: PlaySeeds, request: pytest.FixtureRequest, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(whims: Whims) -> None:
        raise Violation(Invariant.ENDS, "x")

    monkeypatch.setattr(conftest, "play", fail)

    with pytest.raises(Violation) as failed:
        play_seeds(Whims)

    seed = pytestconfig.getoption("seed")
    assert failed.value.__notes__ == [f"Replay: pytest '{request.node.nodeid}' --seed {seed} --seeds 1"]
