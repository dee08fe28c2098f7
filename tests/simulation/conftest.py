"""What the plays share: the seeds of the command line, and silence."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from tests.simulation.play import play
from tests.simulation.whims import Whims

SEEDS = 25
"""Of each kind, unless the command line says otherwise."""

PlaySeeds = Callable[[Callable[[int], Whims]], None]


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the faults that are made here much would be told."""
    monkeypatch.setattr(logging.getLogger("runwright"), "disabled", True)


@pytest.fixture
def play_seeds(request: pytest.FixtureRequest) -> PlaySeeds:
    """Plays the seeds that the command line asks for; what goes wrong says how it is played again."""
    first, count = request.config.getoption("seed"), request.config.getoption("seeds")

    def play_all(whims_of: Callable[[int], Whims]) -> None:
        for seed in range(first, first + (SEEDS if count is None else count)):
            try:
                play(whims_of(seed))
            except BaseException as failed:
                failed.add_note(f"Replay: pytest '{request.node.nodeid}' --seed {seed} --seeds 1")
                raise

    return play_all
