"""How a world misbehaves: the faults of a play, and the swarms in which they are mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random


class Trouble(Enum):
    """What may become of a commit."""

    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    FAILS = auto()
    UNSURE = auto()
    """It is said to have failed, and is found stored after the kill that soon comes."""


@dataclass(frozen=True)
class Whims:
    """The settings of a play, and how often what happens in it; `at` says what becomes of single commits.

    `full`: the disk is full for some time. `impatient`: a caller leaves before it is answered. `endless`: a poll never
    has an answer. `raising`: a performer breaks. `breaking`: a reply breaks the fold. `restart`: a graceful stop.
    """

    seed: int
    starts: int = 3
    running: int = 0
    queued: int = 0
    rate_controlled: int = 0
    skip_time: bool = False
    at: Mapping[int, Trouble] = field(default_factory=dict)

    crash: float = 0.0
    restart: float = 0.0
    failing_commits: float = 0.0
    unsure: float = 0.0
    full: float = 0.0
    failing_reads: float = 0.0
    impatient: float = 0.0
    jumping: float = 0.0
    failing_calls: float = 0.0
    duplicate: float = 0.0
    slow: float = 0.0
    hanging: float = 0.0
    endless: float = 0.0
    alarm: float = 0.0
    raising: float = 0.0
    breaking: float = 0.0


FAULTS: dict[str, dict[str, float]] = {
    "calm": {},
    "killed now and then": {"crash": 0.05},
    "killed after every few commits": {"crash": 0.3},
    "stopped and started again": {"restart": 0.1},
    "failing disk": {"failing_commits": 0.2},
    "commits that fail and are stored": {"unsure": 0.1},
    "full disk": {"full": 0.03},
    "failing reads": {"failing_reads": 0.1},
    "failing backend": {"failing_calls": 0.3},
    "slow backend": {"slow": 1.0},
    "answers come twice": {"duplicate": 0.5},
    "backend that gives no answer": {"hanging": 0.3},
    "polls without an answer": {"endless": 0.5},
    "alarms": {"alarm": 0.01},
    "impatient callers": {"impatient": 0.5},
    "a clock that is set": {"jumping": 0.1},
    "performers that break": {"raising": 0.05},
    "replies that break the fold": {"breaking": 0.05},
}
MOST = {
    "crash": 0.3, "restart": 0.2, "failing_commits": 0.3, "unsure": 0.2, "full": 0.1, "failing_reads": 0.3,
    "impatient": 0.5, "jumping": 0.1, "failing_calls": 0.4, "duplicate": 0.5, "slow": 1.0, "hanging": 0.3,
    "endless": 0.5, "alarm": 0.02, "raising": 0.1, "breaking": 0.1,
}  # fmt: skip


def with_faults(seed: int, faults: Mapping[str, float]) -> Whims:
    """Those faults, with settings that the seed draws."""
    draw = Random(seed)
    return Whims(
        seed,
        starts=draw.choice([1, 2, 2, 3, 5]),
        running=draw.choice([0, 0, 1, 2]),
        queued=draw.choice([0, 1, 1, 2]),
        rate_controlled=draw.choice([0, 1, 2]),
        skip_time=draw.random() < 0.25,
        **faults,  # type: ignore[arg-type]
    )


def swarm(seed: int) -> Whims:
    """Some of the faults, each as bad as the seed has it; what a mix of all hides shows where others are off."""
    draw = Random(f"swarm {seed}")
    return with_faults(seed, {name: draw.random() * most for name, most in MOST.items() if draw.random() < 0.3})
