"""Old executions are removed with all that belongs to them, others stay."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Container
from pathlib import Path
from typing import Any

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.runtime.retention import BATCH, Retention
from runwright.runtime.scope import Caller
from runwright.runtime.sqlite import Database

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")

_COLUMNS = (
    "number, id, account, region, family, document, runbook, status, type, quota, skip_time, started_at, ended_at, "
    "seq, begin, record"
)


def _executions(database: Database, rows: list[tuple[int, str, float, float | None]], skipping: Container[int]) -> Any:
    """(number, family, started, ended) of each; those numbered in `skipping` skip time."""

    def work(connection: Any) -> None:
        for number, family, started, ended in rows:
            kind = ("d", "sha", "Success", "Local", "running", number in skipping)
            values = (number, f"x{number}", "1", "r", family, *kind, started, ended, 1, "{}", "{}")
            connection.execute(f"INSERT INTO executions ({_COLUMNS}) VALUES ({', '.join('?' * 16)})", values)
            connection.execute(
                "INSERT INTO steps (execution, position, id, name, action, status, started_at, seq, record)"
                " VALUES (?, 1, 's', 's', 'aws:sleep', 'Success', 0, 1, '{}')",
                (number,),
            )

    return database.write(work)


def _kept(rows: list[tuple[int, str, float, float | None]], skipping: Container[int] = ()) -> list[int]:
    async def play() -> list[int]:
        database = Database.open(None)
        try:
            await _executions(database, rows, skipping)
            await Retention(database, 100, now=lambda: 1000.0).sweep()
            tables = ("SELECT number FROM executions", "SELECT execution FROM steps")
            found = [
                [row[0] for row in await database.read(lambda conn, query=query: conn.execute(query).fetchall())]  # type: ignore[misc]
                for query in tables
            ]
            assert sorted(found[0]) == sorted(found[1])
            return sorted(found[0])
        finally:
            await database.close()

    return asyncio.run(play())


def test_what_ended_long_ago_is_removed_and_the_rest_stays() -> None:
    assert _kept(
        [(1, "x1", 10, 20), (2, "x2", 15, None), (3, "x3", 20, 950), (4, "x4", 30, 40), (5, "x5", 960, 970)]
    ) == [2, 3, 5]


def test_a_child_stays_while_its_family_runs() -> None:
    assert _kept([(1, "x1", 10, None), (2, "x1", 15, 20)]) == [1, 2]


def test_more_than_a_batch_is_removed() -> None:
    assert _kept([(number, f"x{number}", number / 10, 500) for number in range(1, 2 * BATCH + 10)]) == []


def test_starts_in_skipped_time_keep_nothing_that_follows() -> None:
    ahead = range(1, BATCH + 1)
    rows: list[tuple[int, str, float, float | None]] = [(number, f"x{number}", 5000, 6000) for number in ahead]
    assert _kept([*rows, (BATCH + 1, "late", 10, 20)], skipping=ahead) == list(ahead)


def test_a_start_while_the_machines_clock_was_ahead_keeps_nothing_that_follows() -> None:
    rows: list[tuple[int, str, float, float | None]] = [(number, f"x{number}", 10, 20) for number in range(1, BATCH)]
    assert _kept([*rows, (BATCH, "ahead", 5000, 6000), (BATCH + 1, "late", 10, 20)]) == [BATCH]


def test_what_is_removed_makes_the_file_smaller(tmp_path: Path) -> None:
    async def play() -> tuple[int, int]:
        database = Database.open(tmp_path)
        try:
            await _executions(database, [(number, f"x{number}", number / 10, 500) for number in range(1, 1000)], ())
            pages = "PRAGMA page_count"
            before = await database.read(lambda conn: conn.execute(pages).fetchone()[0])
            await Retention(database, 100, now=lambda: 1000.0).sweep()
            return before, await database.read(lambda conn: conn.execute(pages).fetchone()[0])
        finally:
            await database.close()

    before, after = asyncio.run(play())
    assert after < before / 2


def test_a_runbook_that_is_started_again_after_its_text_was_removed_is_stored_again(tmp_path: Path) -> None:
    """The server had read it before; another server that takes the execution up has to find it."""

    async def start(engine: Engine) -> str:
        return await engine.start({"DocumentName": "Wait"}, CALLER)

    async def play() -> str:
        settings = Settings(data=tmp_path, aws="http://127.0.0.1:9")
        async with await Engine.open(settings) as engine:
            draft = Draft("{schemaVersion: '0.3', mainSteps: [{name: p, action: 'aws:pause', inputs: {}}]}", "YAML")
            await engine.documents.create(CALLER.account, CALLER.region, "Wait", "Automation", draft, {})
            first = await start(engine)
            await engine.stop(first, "Cancel", CALLER)
            await engine.wait(first)
            await Retention(engine.database, 0, now=lambda: 1e12).sweep()
            second = await start(engine)
        async with await Engine.open(settings) as engine:
            await engine.stop(second, "Cancel", CALLER)
            await engine.wait(second)
            answer = json.loads(await engine.records.get(CALLER.account, CALLER.region, second))
            return str(answer["AutomationExecution"]["AutomationExecutionStatus"])

    assert asyncio.run(play()) == "Cancelled"
