"""What many executions cost: waiting ones in memory, time and CPU; finished ones in the database."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import statistics
import tempfile
import time
import uuid
from pathlib import Path

from benchmarks import books
from benchmarks.http_client import Connection
from benchmarks.processes import Served, runwright
from benchmarks.rows import Row

WAITING = 100_000
FEW_FINISHED, MANY_FINISHED = 10_000, 1_000_000
TRIES = 200


async def _one(server: Served, text: str, *, ends: bool) -> None:
    connection = await Connection.open(server.url, "AmazonSSM", "ssm")
    await connection.call("CreateDocument", books.document("Book", text))
    id_ = (await connection.call("StartAutomationExecution", {"DocumentName": "Book"}))["AutomationExecutionId"]
    while ends:
        found = await connection.call("GetAutomationExecution", {"AutomationExecutionId": id_})
        ends = "ExecutionEndTime" not in found["AutomationExecution"]
    connection.close()


def _copies(folder: Path, count: int) -> None:
    """Write the one execution that there is so many times more, each under an id of its own."""
    connection = sqlite3.connect(folder / "runwright.sqlite3", isolation_level=None)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(executions)")]
    execution = connection.execute("SELECT * FROM executions ORDER BY number").fetchone()
    old = execution[columns.index("id")]
    steps = connection.execute("SELECT * FROM steps WHERE execution = ?", execution[:1]).fetchall()
    started = columns.index("started_at")
    last = connection.execute("SELECT max(number) FROM executions").fetchone()[0]
    connection.execute("PRAGMA synchronous=OFF")
    insert = f"INSERT INTO executions VALUES ({', '.join('?' * len(execution))})"
    insert_step = f"INSERT INTO steps VALUES ({', '.join('?' * len(steps[0]))})"
    for part in _batched(last + 1, count):
        rows, its_steps = [], []
        for number in part:
            id_ = str(uuid.UUID(int=number, version=4))
            row = [each.replace(old, id_) if isinstance(each, str) else each for each in execution]
            row[0], row[started] = number, execution[started] + number / 1000
            rows.append(row)
            its_steps += [
                (number, each[1], str(uuid.UUID(int=number * 100 + each[1], version=4)), *each[3:]) for each in steps
            ]
        connection.execute("BEGIN")
        connection.executemany(insert, rows)
        connection.executemany(insert_step, its_steps)
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _batched(first: int, count: int) -> list[range]:
    return [range(start, min(start + 20_000, first + count)) for start in range(first, first + count, 20_000)]


def waiting() -> list[Row]:
    """100,000 executions that wait, for time or for a person, against a server that has one."""
    rows = []
    for what, text in (("sleep", books.HOUR), ("approve", books.APPROVE)):
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "data"
            with runwright(folder) as server:
                asyncio.run(_one(server, text, ends=False))
            with runwright(folder) as server:
                idle, first = server.resident_bytes(), server.seconds
            _copies(folder, WAITING // 4)
            with runwright(folder) as server:
                quarter = server.seconds
            _copies(folder, WAITING - WAITING // 4)
            with runwright(folder) as server:
                each = (server.resident_bytes() - idle) / WAITING / 1024
                full = server.seconds
                before = server.cpu_seconds()
                time.sleep(10)
                cpu = (server.cpu_seconds() - before) / 10
        rows.append(
            Row(
                f"memory of a waiting execution ({what}), at {WAITING:,}",
                f"{each:.2f} KB",
                "-",
                each,
                0.5,
                less_is_better=True,
                unit="KB",
            )
        )
        rows.append(
            Row(
                f"start with {WAITING:,} waiting ({what}), until Ready",
                f"{full:.2f} s",
                f"{first:.2f} s with 1, {quarter:.2f} s with {WAITING // 4:,}",
                full,
                2,
                less_is_better=True,
                unit="s",
            )
        )
        rows.append(
            Row(
                f"CPU while {WAITING:,} wait ({what}), over 10 s",
                f"{cpu:.1%}",
                "-",
                cpu,
                0.01,
                less_is_better=True,
                unit="CPU",
            )
        )
    return rows


async def _seconds_of_use(server: Served) -> float:
    """The median of starting, reading and listing one more execution."""
    connection = await Connection.open(server.url, "AmazonSSM", "ssm")
    taken = []
    for _ in range(TRIES):
        began = time.perf_counter()
        id_ = (await connection.call("StartAutomationExecution", {"DocumentName": "Book"}))["AutomationExecutionId"]
        await connection.call("GetAutomationExecution", {"AutomationExecutionId": id_})
        await connection.call("DescribeAutomationExecutions", {"MaxResults": 50})
        taken.append(time.perf_counter() - began)
    connection.close()
    return statistics.median(taken)


def finished() -> list[Row]:
    """A million finished executions in the database against ten thousand."""
    if shutil.disk_usage(tempfile.gettempdir()).free < 8 << 30:
        raise RuntimeError("a million executions need 8 GB of free disk")
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "data"
        with runwright(folder) as server:
            asyncio.run(_one(server, books.ONE, ends=True))
        _copies(folder, FEW_FINISHED)
        with runwright(folder) as server:
            few = asyncio.run(_seconds_of_use(server))
        _copies(folder, MANY_FINISHED - FEW_FINISHED)
        with runwright(folder) as server:
            many = asyncio.run(_seconds_of_use(server))
    return [
        Row(
            f"start, get and describe page with {MANY_FINISHED:,} finished in the database",
            f"{many * 1e3:.2f} ms",
            f"{few * 1e3:.2f} ms with {FEW_FINISHED:,}",
            many / few,
            1.3,
            less_is_better=True,
        )
    ]
