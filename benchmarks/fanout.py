"""What a child of a fan-out costs when there are ten times as many, and how many run at a time.

`python -m benchmarks fanout`.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.rows import Row
from runwright.config import Settings
from runwright.engine import Engine
from runwright.runtime.scope import Caller

FEW, MANY = 500, 5_000
CONCURRENCY = 100
AT_MOST = 1.3
CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/bench")
BOOK = {
    "schemaVersion": "0.3",
    "parameters": {"Target": {"type": "String"}},
    "mainSteps": [{"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "PT0.01S"}}],
}
RUNNING = "SELECT count(*) FROM executions WHERE parent IS NOT NULL AND ended_at IS NULL"


def children() -> list[Row]:
    """CPU a child at 5,000 targets over that at 500, and the most children that ran at a time."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_fan_out(FEW))  # imports and caches
        few, _ = runner.run(_fan_out(FEW))
        many, peak = runner.run(_fan_out(MANY))
    return [
        Row(
            f"engine CPU a child of {MANY:,} targets, MaxConcurrency {CONCURRENCY}",
            f"{many * 1e6:.0f} µs",
            f"{few * 1e6:.0f} µs, of {FEW} targets",
            many / few,
            AT_MOST,
            less_is_better=True,
        ),
        Row(
            f"the most children that ran at a time, of {MANY:,}",
            str(peak),
            f"MaxConcurrency {CONCURRENCY}",
            peak / CONCURRENCY,
            1.0,
            less_is_better=True,
        ),
    ]


async def _fan_out(targets: int) -> tuple[float, int]:
    """(CPU seconds a child, most children unfinished in the database at a time)."""
    with tempfile.TemporaryDirectory() as folder:
        engine = await Engine.open(Settings(data=Path(folder), aws="http://127.0.0.1:9"))
        try:
            await engine.documents.install(CALLER.account, CALLER.region, "Rest", json.dumps(BOOK), "JSON")
            maps = [{"Target": [f"target-{number}"]} for number in range(targets)]
            request = {"DocumentName": "Rest", "TargetMaps": maps, "MaxConcurrency": str(CONCURRENCY)}
            began = time.process_time()
            parent = await engine.start(request, CALLER)
            over = asyncio.ensure_future(engine.wait(parent))
            peak = 0
            while not over.done():
                await asyncio.wait({over}, timeout=0.2)
                running = await engine.database.read(lambda connection: connection.execute(RUNNING).fetchone()[0])
                peak = max(peak, running)
            answer = json.loads(await engine.records.get(CALLER.account, CALLER.region, parent))["AutomationExecution"]
            assert answer["ProgressCounters"]["SuccessSteps"] == targets, answer["ProgressCounters"]
            return (time.process_time() - began) / targets, peak
        finally:
            await engine.close()
