"""The command line, and a server under load for two minutes."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import books
from benchmarks.http_client import Connection
from benchmarks.processes import Served, runwright
from benchmarks.rows import Row

LOAD_SECONDS = 120.0
IDLE_READS = 5000
PAGE = 10


def _seconds(*command: str) -> float:
    """The best of 15 runs. Modules are compiled by the first, as they are for a program that is installed."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    taken = []
    for _ in range(15):
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, env=environment)
        taken.append(time.perf_counter() - began)
    return min(taken)


def check() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "book.yaml"
        file.write_text(books.SLEEPS)
        ours = _seconds("-m", "runwright", "check", str(file))
    bare = _seconds("-c", "pass")
    return [Row("`runwright check` on one runbook, whole process", f"{ours * 1e3:.0f} ms", f"{bare * 1e3:.0f} ms, `python -c pass`",
                ours / bare, 8, less_is_better=True)]  # fmt: skip


async def _read(connection: Connection, taken: list[float]) -> None:
    began = time.perf_counter()
    await connection.call("DescribeAutomationExecutions", {"MaxResults": PAGE})
    taken.append(time.perf_counter() - began)


async def _execution(connection: Connection) -> None:
    """Start one and read it until it has ended."""
    id_ = (await connection.call("StartAutomationExecution", {"DocumentName": "Book"}))["AutomationExecutionId"]
    found: dict[str, object] = {}
    while "ExecutionEndTime" not in found:
        found = (await connection.call("GetAutomationExecution", {"AutomationExecutionId": id_}))["AutomationExecution"]


def _p99(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)]


async def _loaded(server: Served, clients: int, every: float) -> tuple[float, float, int, float, float]:
    """p99 of reading a full page idle and loaded, executions ended, memory after a quarter and at the end, in MB.

    Each client begins again after `every` seconds, 0 for at once. Any answer that is an error ends the run with RuntimeError.
    """
    connections = [await Connection.open(server.url, "AmazonSSM", "ssm") for _ in range(clients)]
    await connections[0].call("CreateDocument", books.document("Book", books.SLEEPS))
    await asyncio.gather(*(_execution(each) for each in connections[:PAGE]))
    idle: list[float] = []
    for _ in range(IDLE_READS):
        await _read(connections[0], idle)
    loaded: list[float] = []
    memory: list[float] = []
    until = time.perf_counter() + LOAD_SECONDS
    ended = 0

    async def one(connection: Connection) -> None:
        nonlocal ended
        await asyncio.sleep(random.random() * every)
        while time.perf_counter() < until:
            again = time.perf_counter() + every * (0.5 + random.random())
            await _execution(connection)
            ended += 1
            await _read(connection, loaded)
            await asyncio.sleep(max(0.0, again - time.perf_counter()))

    async def measure() -> None:
        while time.perf_counter() < until:
            memory.append(server.resident_bytes() / 2**20)
            await asyncio.sleep(1)

    await asyncio.gather(measure(), *map(one, connections))
    for connection in connections:
        connection.close()
    return _p99(idle), _p99(loaded), ended, memory[len(memory) // 4], memory[-1]


def load() -> list[Row]:
    rows = []
    for every, pace in ((0.1, "that act ten times a second"), (0.0, "without a pause")):
        with tempfile.TemporaryDirectory() as folder, runwright(Path(folder)) as server:
            idle, loaded, ended, early, late = asyncio.run(_loaded(server, 64, every))
        what = f"64 clients {pace} for {LOAD_SECONDS:.0f} s, {ended} executions, no error"
        rows += [
            Row(f"p99 of a page of DescribeAutomationExecutions, {what}", f"{loaded * 1e3:.1f} ms", f"{idle * 1e3:.1f} ms with one client",
                loaded / idle, 10, less_is_better=True),
            Row("memory at the end of it", f"{late:.0f} MB", f"{early:.0f} MB after a quarter of the time", late / early, 1.1, less_is_better=True),
        ]  # fmt: skip
    return rows
