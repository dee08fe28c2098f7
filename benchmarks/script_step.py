"""A warm, empty, isolated Python step through the engine, against starting bare Python.

`python -m benchmarks.script_step`. Both are measured in turns, so that what else the machine does weighs on both.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.rows import HEAD, Row
from runwright.config import Settings
from runwright.hosting import Host
from runwright.runtime.scope import Caller

ROUNDS = 20
STEPS = 5
AT_MOST = 1.2
CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/bench")
URL = "http://127.0.0.1:9"
"""Called by nobody. A backend with a URL makes scripts run without the network, in the dearer sandbox."""


def script_step() -> list[Row]:
    """The median of a step's time, over that of `python -c pass`, in the tier that this machine offers."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tier, ours, bare = runner.run(_measure(Path(folder)))
    row = Row(
        f"time of a warm empty Python step ({tier})",
        f"{ours * 1000:.2f} ms",
        f"`python -c pass`: {bare * 1000:.2f} ms",
        ours / bare,
        AT_MOST,
        less_is_better=True,
    )
    return [row]


async def _measure(folder: Path) -> tuple[str, float, float]:
    """(tier, seconds of a step, seconds of bare Python): medians."""
    host = await Host.open(Settings(data=folder, aws=URL))
    try:
        engine = host.engine
        await engine.documents.install(CALLER.account, CALLER.region, "Empty", _book(), "JSON")
        steps: list[float] = []
        bare: list[float] = []
        for number in range(ROUNDS + 1):
            began = time.perf_counter()
            execution = await engine.start({"DocumentName": "Empty"}, CALLER)
            await engine.wait(execution)
            ended = time.perf_counter()
            command = [sys.executable, "-c", "pass"]
            bare_began = time.perf_counter()
            subprocess.run(command, check=True)
            if number:  # the first one starts what makes sandboxes
                steps.append((ended - began) / STEPS)
                bare.append(time.perf_counter() - bare_began)
        scripts = engine.effects._scripts
        assert scripts is not None
        return (await scripts.ladder()).tier, statistics.median(steps), statistics.median(bare)
    finally:
        await host.close()


def _book() -> str:
    inputs = {"Runtime": "python3.11", "Handler": "main", "Script": "def main(events, context):\n    pass"}
    steps = [{"name": f"step{each}", "action": "aws:executeScript", "inputs": inputs} for each in range(STEPS)]
    return json.dumps({"schemaVersion": "0.3", "mainSteps": steps})


if __name__ == "__main__":
    rows = script_step()
    print(HEAD)
    print("\n".join(map(str, rows)))
    sys.exit(0 if all(row.holds for row in rows) else 1)
