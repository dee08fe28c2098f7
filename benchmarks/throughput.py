"""Executions per second, against Step Functions on moto and against DBOS; CPU a step; calls per second."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

from benchmarks import books
from benchmarks.http_client import Connection, share
from benchmarks.processes import Served, runwright, started
from benchmarks.rows import Row
from runwright.api.dispatch import Call, answer
from runwright.config import Settings
from runwright.engine import Engine
from runwright.runtime.scope import Caller
from runwright.runtime.simulated import start_simulated_aws

CLIENTS = 64
TRIES = 3
"""Of what lasts a second: the best counts, for both sides, since others may use the machine too."""
CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/bench")
ENDED = {"Success", "Failed", "TimedOut", "Cancelled"}
NO_QUOTAS = {"running": 0, "queued": 0, "rate-controlled": 0}


async def _ours(url: str, book: str, count: int) -> float:
    """Seconds for so many executions that are started together, until each has been read as ended."""
    first = await Connection.open(url, "AmazonSSM", "ssm")
    await first.call("CreateDocument", books.document("Book", book))
    first.close()
    ids: list[str] = []

    async def start(connection: Connection, _: int) -> None:
        answer = await connection.call("StartAutomationExecution", {"DocumentName": "Book"})
        ids.append(answer["AutomationExecutionId"])

    async def finish(connection: Connection, number: int) -> None:
        while True:
            found = await connection.call("GetAutomationExecution", {"AutomationExecutionId": ids[number]})
            status = found["AutomationExecution"]["AutomationExecutionStatus"]
            if status in ENDED:
                assert status == "Success"
                return

    seconds = await share(url, "AmazonSSM", "ssm", CLIENTS, count, start)
    return seconds + await share(url, "AmazonSSM", "ssm", CLIENTS, count, finish)


async def _step_functions(url: str, count: int) -> float:
    states: dict[str, Any] = {f"s{each}": {"Type": "Pass", "Next": f"s{each + 1}"} for each in range(9)}
    states["s9"] = {"Type": "Pass", "End": True}
    first = await Connection.open(url, "AWSStepFunctions", "states")
    machine = await first.call(
        "CreateStateMachine",
        {
            "name": "ten",
            "definition": json.dumps({"StartAt": "s0", "States": states}),
            "roleArn": "arn:aws:iam::123456789012:role/any",
        },
    )
    first.close()
    arns: list[str] = []

    async def start(connection: Connection, number: int) -> None:
        members = {"stateMachineArn": machine["stateMachineArn"], "name": f"e{number}"}
        answer = await connection.call("StartExecution", members)
        arns.append(answer["executionArn"])

    async def finish(connection: Connection, number: int) -> None:
        while True:
            found = await connection.call("DescribeExecution", {"executionArn": arns[number]})
            if found["status"] != "RUNNING":
                assert found["status"] == "SUCCEEDED"
                return

    seconds = await share(url, "AWSStepFunctions", "states", CLIENTS, count, start)
    return seconds + await share(url, "AWSStepFunctions", "states", CLIENTS, count, finish)


def against_peers() -> list[Row]:
    """Ten steps an execution, against ten Pass states and against ten steps of a DBOS workflow."""
    speeds = {}
    for name, book in (("sleep", books.SLEEPS), ("updateVariable", books.VARIABLES)):
        speeds[name] = 0.0
        for _ in range(TRIES):
            with tempfile.TemporaryDirectory() as folder, runwright(Path(folder)) as server:
                speeds[name] = max(speeds[name], 1000 / asyncio.run(_ours(server.url, book, 1000)))
    passes = 0.0
    for _ in range(TRIES):
        with started("-m", "benchmarks.moto_peer") as moto:
            passes = max(passes, 60 / asyncio.run(_step_functions(moto.url, 60)))
    rows = [
        Row(f"executions of ten {name} steps a second, over HTTP, durable", f"{speeds[name]:.0f}/s",
            f"{passes:.1f}/s, ten Pass states on moto's Step Functions", speeds[name] / passes, wanted)
        for name, wanted in (("sleep", 15), ("updateVariable", 25))
    ]  # fmt: skip
    peer = subprocess.run(
        [sys.executable, "-m", "benchmarks.dbos_peer", "100"], capture_output=True, text=True, check=False
    )
    if peer.returncode != 0:
        raise RuntimeError(peer.stderr[-2000:])
    workflows = float(peer.stdout.split()[-1])
    rows.append(
        Row("the same with ten sleep steps", f"{speeds['sleep']:.0f}/s", f"{workflows:.1f}/s, ten steps of a DBOS workflow "
            "on SQLite with WAL, in process", speeds["sleep"] / workflows, 15)
    )  # fmt: skip
    return rows


async def _create(engine: Engine, text: str) -> None:
    made = await answer(engine, Call("CreateDocument", json.dumps(books.document("Book", text)).encode()), CALLER)
    assert made.status == 200, made.body


async def _cpu_a_step(folder: Path, count: int) -> float:
    settings = Settings(data=folder, aws="http://127.0.0.1:9", quotas=NO_QUOTAS)
    async with await Engine.open(settings) as engine:
        await _create(engine, books.SLEEPS)

        async def one() -> None:
            await engine.wait(await engine.start({"DocumentName": "Book"}, CALLER))

        await asyncio.gather(*(one() for _ in range(50)))
        before = time.process_time()
        await asyncio.gather(*(one() for _ in range(count)))
        return (time.process_time() - before) / count / 10


def _bare_cpu_a_step(folder: Path) -> float:
    """json.dumps and insert of the rows that the engine has written, into the same tables, 100 executions a commit."""
    source = sqlite3.connect(folder / "runwright.sqlite3")
    steps = source.execute("SELECT * FROM steps ORDER BY execution, position").fetchall()
    executions = source.execute("SELECT * FROM executions ORDER BY number").fetchall()
    columns = [row[1] for row in source.execute("PRAGMA table_info(executions)")]
    begin, record = columns.index("begin"), columns.index("record")
    target = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=FULL")
    for (sql,) in source.execute(
        "SELECT sql FROM sqlite_schema WHERE tbl_name IN ('steps', 'executions') AND sql NOT NULL"
    ):
        target.execute(sql)
    decoded = [(row[:-1], json.loads(row[-1])) for row in steps]
    others = [(row, json.loads(row[begin]), json.loads(row[record])) for row in executions]
    into_steps = f"INSERT INTO steps VALUES ({', '.join('?' * len(steps[0]))})"
    into_executions = f"INSERT INTO executions VALUES ({', '.join('?' * len(columns))})"
    before = time.process_time()
    for start in range(0, len(others), 100):
        target.execute("BEGIN")
        for row, begun, recorded in others[start : start + 100]:
            values = list(row)
            values[begin], values[record] = json.dumps(begun), json.dumps(recorded)
            target.execute(into_executions, values)
        target.executemany(
            into_steps, [(*row, json.dumps(value)) for row, value in decoded[start * 10 : (start + 100) * 10]]
        )
        target.execute("COMMIT")
    spent = time.process_time() - before
    source.close()
    target.close()
    return spent / len(steps)


def cpu_a_step() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        ours = min(asyncio.run(_cpu_a_step(Path(folder) / str(each), 500)) for each in range(3))
        bare = min(_bare_cpu_a_step(Path(folder) / str(each)) for each in range(3))
    measure = "engine CPU a step (the start and the end of its execution shared among ten)"
    return [
        Row(
            measure,
            f"{ours * 1e6:.0f} µs",
            f"{bare * 1e6:.0f} µs, json.dumps and insert of the rows",
            ours / bare,
            5,
            less_is_better=True,
        )
    ]


async def _calls(server: Served, operation: str, members: dict[str, Any], count: int) -> float:
    async def one(connection: Connection, _: int) -> None:
        await connection.call(operation, members)

    await share(server.url, "AmazonSSM", "ssm", 64, 200, one)
    return count / await share(server.url, "AmazonSSM", "ssm", 64, count, one)


async def _first_answer(server: Served, operation: str, members: dict[str, Any]) -> bytes:
    connection = await Connection.open(server.url, "AmazonSSM", "ssm")
    answer = await connection.call(operation, members)
    connection.close()
    return json.dumps(answer, separators=(",", ":")).encode()


async def _prepared(server: Served, text: str) -> str:
    connection = await Connection.open(server.url, "AmazonSSM", "ssm")
    await connection.call("CreateDocument", books.document("Book", text))
    id_: str = (await connection.call("StartAutomationExecution", {"DocumentName": "Book"}))["AutomationExecutionId"]
    connection.close()
    return id_


def calls_a_second() -> list[Row]:
    """Start (acknowledged after commit) and Get of a 50-step execution, against a bare app that gives the same bytes."""
    rows = []
    for operation, text, wanted in (
        ("StartAutomationExecution", books.PAUSE, 0.25),
        ("GetAutomationExecution", books.FIFTY, 0.5),
    ):
        with tempfile.TemporaryDirectory() as folder, runwright(Path(folder) / "data") as server:
            id_ = asyncio.run(_prepared(server, text))
            starts = operation.startswith("Start")
            members = {"DocumentName": "Book"} if starts else {"AutomationExecutionId": id_}
            given = Path(folder) / "answer"
            given.write_bytes(asyncio.run(_first_answer(server, operation, members)))
            with started("-m", "benchmarks.bare_app", str(given)) as bare_server:
                speed = max(asyncio.run(_calls(server, operation, members, 3000)) for _ in range(TRIES))
                bare = max(asyncio.run(_calls(bare_server, operation, members, 3000)) for _ in range(TRIES))
        what = "StartAutomationExecution, after commit" if starts else "GetAutomationExecution of 50 steps"
        rows.append(
            Row(
                f"{what}, calls a second, 64 clients",
                f"{speed:.0f}/s",
                f"{bare:.0f}/s, a bare uvicorn app",
                speed / bare,
                wanted,
            )
        )
    return rows


async def _api_steps(url: str, executions: int, steps: int) -> float:
    async with await Engine.open(Settings(data=None, aws=url, quotas=NO_QUOTAS)) as engine:
        await _create(engine, books.calls(steps))

        async def one() -> None:
            await engine.wait(await engine.start({"DocumentName": "Book"}, CALLER))

        await one()
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(executions)))
        return (time.perf_counter() - began) / executions / steps


def _bare_calls(url: str, executions: int, steps: int) -> float:
    client = boto3.client("dynamodb", endpoint_url=url, region_name="us-east-1", aws_access_key_id="123456789012",
                          aws_secret_access_key="any", config=boto3.session.Config(max_pool_connections=16))  # fmt: skip
    client.list_tables()

    def one(_: int) -> None:
        for _ in range(steps):
            client.list_tables()

    with ThreadPoolExecutor(16) as pool:
        began = time.perf_counter()
        list(pool.map(one, range(executions)))
        return (time.perf_counter() - began) / executions / steps


def api_steps() -> list[Row]:
    moto = start_simulated_aws()
    try:
        ours, bare = [], []
        for _ in range(3):
            bare.append(_bare_calls(moto.url, 16, 25))
            ours.append(asyncio.run(_api_steps(moto.url, 16, 25)))
    finally:
        moto.close()
    us, them = min(ours), min(bare)
    return [Row("time of an executeAwsApi step, 16 at a time on a moto server", f"{us * 1e3:.2f} ms",
                f"{them * 1e3:.2f} ms, the same boto3 call", us / them, 1.15, less_is_better=True)]  # fmt: skip
