"""The numbers of an engine as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from runwright.runtime.metrics import Spread

if TYPE_CHECKING:
    from runwright.engine import Engine

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = {"running": ("InProgress", "Cancelling"), "queued": ("Pending",), "waiting": ("Waiting",)}


class _Collector:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        driver = self._engine.driver
        metrics = driver.metrics
        yield CounterMetricFamily("runwright_executions_started", "Executions started.", metrics.starts)
        ends = CounterMetricFamily("runwright_executions_ended", "Executions ended.", labels=["status"])
        for status, count in sorted(metrics.ends.items()):
            ends.add_metric([status], count)
        yield ends
        steps = CounterMetricFamily("runwright_steps_ended", "Step executions ended.", labels=["action", "outcome"])
        for (action, outcome), count in sorted(metrics.steps.items()):
            steps.add_metric([action, outcome], count)
        yield steps
        calls = CounterMetricFamily(
            "runwright_backend_calls", "Calls of the backend, by error code.", labels=["service", "error"]
        )
        for (service, error), count in sorted(metrics.calls.items()):
            calls.add_metric([service, error], count)
        yield calls
        present = driver.statuses()
        for state, statuses in STATES.items():
            number = sum(present[status] for status in statuses)
            yield GaugeMetricFamily(f"runwright_executions_{state}", f"Executions that are {state} now.", number)
        yield GaugeMetricFamily(
            "runwright_script_workers", "Scripts that run now or wait for a worker.", driver.performing.scripts()
        )
        yield _histogram("runwright_commit_turns", "Turns that shared a commit.", metrics.commit_sizes)
        yield _histogram("runwright_commit_seconds", "Time that a commit took.", metrics.commit_seconds)
        yield CounterMetricFamily("runwright_commits_failed", "Commits that failed.", metrics.failed_commits)


def _histogram(name: str, text: str, spread: Spread) -> Metric:
    buckets, count = [], 0
    for bound, number in zip([*map(str, spread.bounds), "+Inf"], spread.counts, strict=True):
        count += number
        buckets.append((bound, count))
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=spread.total)


def page(engine: Engine) -> bytes:
    """All numbers in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(engine))
    return generate_latest(registry)
