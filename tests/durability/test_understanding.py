"""An execution that a later program has written something unknown of is left alone, and goes on under that one."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from pathlib import Path

import pytest

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.scope import Caller
from runwright.runtime.sqlite import FILE_NAME

BOB = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/bob")
BOOK = "{schemaVersion: '0.3', mainSteps: [{name: hold, action: 'aws:pause', inputs: {}}]}"


def opened(data: Path) -> Settings:
    return Settings(data=data, aws="http://127.0.0.1:9")


async def started(data: Path) -> str:
    async with await Engine.open(opened(data)) as engine:
        await engine.documents.create(BOB.account, BOB.region, "Book", "Automation", Draft(BOOK, "YAML"), {})
        return await engine.start({"DocumentName": "Book"}, BOB)


async def resumed(data: Path, id_: str) -> str:
    """The execution's status after a Resume, or the code by which that was refused."""
    async with await Engine.open(opened(data)) as engine:
        try:
            await engine.signal(id_, "Resume", {"StepName": ["hold"]}, BOB)
        except ServiceError as refused:
            return refused.code
        record = json.loads(await engine.records.get(BOB.account, BOB.region, id_))
        return str(record["AutomationExecution"]["AutomationExecutionStatus"])


def rewritten(data: Path, column: str = "cursor", **members: Json) -> list[tuple[str, ...]]:
    """Set members of the cursor, or of another column, or take them out; the rows as they are then."""
    with sqlite3.connect(data / FILE_NAME) as connection:
        (text,) = connection.execute(f"SELECT {column} FROM executions").fetchone()
        kept = {name: value for name, value in (json.loads(text) | members).items() if value is not None}
        connection.execute(f"UPDATE executions SET {column} = ?", (json.dumps(kept),))
    connection.close()
    return rows(data)


def restored(data: Path, good: list[tuple[str, ...]]) -> None:
    with sqlite3.connect(data / FILE_NAME) as connection:
        connection.execute("UPDATE executions SET status = ?, begin = ?, cursor = ?", good[0])
    connection.close()


def rows(data: Path) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(data / FILE_NAME)
    try:
        return connection.execute("SELECT status, begin, cursor FROM executions").fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("column", "members", "named"),
    [
        ("cursor", {"pace": "slow"}, "state.pace"),
        ("begin", {"request": {"DocumentName": "Book", "Priority": "high"}}, "request.Priority"),
        ("begin", {"request": {"DocumentName": "Book", "AlarmConfiguration": {}}}, "without Alarms"),
        ("begin", {"account": None}, "a start without account"),
    ],
)
def test_an_execution_that_is_not_understood_is_left_as_it_is_and_the_log_names_what_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str, members: dict[str, Json], named: str
) -> None:
    id_ = asyncio.run(started(tmp_path))
    good = rows(tmp_path)
    before = rewritten(tmp_path, column, **members)
    with caplog.at_level(logging.ERROR, "runwright"):
        assert asyncio.run(resumed(tmp_path, id_)) == "InternalServerError"
    assert rows(tmp_path) == before
    told = [record.getMessage() + str(record.exc_info) for record in caplog.records if id_ in str(record.msg)]
    assert any(named in line for line in told), told

    restored(tmp_path, good)
    assert asyncio.run(resumed(tmp_path, id_)) == "Success"
