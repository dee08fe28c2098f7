"""What is counted while the driver works: plain numbers, which `api/metrics` shows. Nothing is decided by them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from runwright.runtime.journal import TurnRows

COMMIT_SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)


@dataclass(slots=True)
class Spread:
    """How often a number was at most each of `bounds`; the last count is of those beyond."""

    bounds: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Metrics:
    """`steps` by (action, outcome) and `calls` by (service, error code or nothing)."""

    starts: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    commit_sizes: Spread = field(default_factory=lambda: Spread(COMMIT_SIZES))
    commit_seconds: Spread = field(default_factory=lambda: Spread(COMMIT_SECONDS))
    failed_commits: int = 0

    def committed(self, rows: TurnRows, status: str, *, ended: bool) -> None:
        """A turn is stored."""
        self.starts += rows.new is not None
        for row in rows.steps:
            if row.ended_at is not None:
                self.steps[row.action, row.status] += 1
        if ended:
            self.ends[status] += 1

    def called(self, service: str, error: str) -> None:
        """A call of the backend was answered; `error` is empty when it succeeded."""
        self.calls[service, error] += 1
