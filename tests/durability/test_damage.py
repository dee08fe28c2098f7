"""A database that has lost something is refused, or named while it is served; nothing is made up for what is gone."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runwright.api.dispatch import Call, Reply, answer
from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.runtime import damage
from runwright.runtime.backup import back_up
from runwright.runtime.migrations import DataRefused
from runwright.runtime.retention import Retention
from runwright.runtime.scope import Caller
from runwright.runtime.sqlite import FILE_NAME

ANN = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/ann")
BOOK = "{schemaVersion: '0.3', mainSteps: [{name: hold, action: 'aws:pause', inputs: {}}]}"
PAGE = 4096


async def opened(data: Path) -> Engine:
    return await Engine.open(Settings(data=data, aws="http://127.0.0.1:9"))


async def create(engine: Engine, name: str) -> None:
    await engine.documents.create(ANN.account, ANN.region, name, "Automation", Draft(BOOK, "YAML"), {})


async def _filled(data: Path) -> str:
    async with await opened(data) as engine:
        await create(engine, "Book")
        return await engine.start({"DocumentName": "Book"}, ANN)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that holds an execution, closed."""
    asyncio.run(_filled(tmp_path / "data"))
    return tmp_path / "data"


def as_killed(data: Path, target: Path, name: str = "More") -> Path:
    """Copy a folder as a server that is killed after it has made one more document leaves it."""

    async def play() -> None:
        async with await opened(data) as engine:
            await create(engine, name)
            shutil.copytree(data, target)

    asyncio.run(play())
    assert damage.wal_of(target / FILE_NAME).stat().st_size > 0
    return target


def contents(data: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in data.iterdir() if not file.name.endswith(("-shm", "lock"))}


def refusal(data: Path) -> str:
    """What is said instead of opening the folder, of which not a byte is changed."""

    async def play() -> None:
        await (await opened(data)).close()

    before = contents(data)
    with pytest.raises(DataRefused) as refused:
        asyncio.run(play())
    assert contents(data) == before
    return str(refused.value)


def roots(data: Path) -> dict[str, int]:
    """The first page of each table and index."""
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        return dict(connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 1"))


def spoil(data: Path, page: int) -> None:
    with (data / FILE_NAME).open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)


# --------------------------------------------------------------------------------------------------- at the start


def test_a_damaged_page_of_any_table_or_index_is_seen_at_the_start(data: Path) -> None:
    sound = (data / FILE_NAME).read_bytes()
    for name, page in roots(data).items():
        spoil(data, page)
        assert "is corrupted (" in refusal(data), name
        (data / FILE_NAME).write_bytes(sound)
    asyncio.run(_is_opened(data))


async def _is_opened(data: Path) -> None:
    await (await opened(data)).close()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("DROP TABLE steps", "it lacks column action of table steps"),
        ("DROP INDEX executions_by_token", "it lacks index executions_by_token of table executions"),
        ("ALTER TABLE replies DROP COLUMN reply", "it lacks column reply of table replies"),
    ],
)
def test_what_the_tables_lack_is_named(data: Path, change: str, named: str) -> None:
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        connection.execute(change)
    assert named in refusal(data)


def test_what_an_operator_has_added_is_left_alone(data: Path) -> None:
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        connection.executescript("CREATE INDEX mine ON steps (name); CREATE TABLE notes (text); ANALYZE;")
    asyncio.run(_is_opened(data))


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_wal_without_its_database_is_not_thrown_away(data: Path, tmp_path: Path, is_empty: bool) -> None:
    killed = as_killed(data, tmp_path / "killed")
    (killed / FILE_NAME).unlink()
    if is_empty:
        (killed / FILE_NAME).touch()
    told = refusal(killed)
    assert f"{FILE_NAME}-wal holds what was stored last" in told
    assert ("is empty" if is_empty else "is not there") in told


@pytest.mark.parametrize("left", [0, PAGE])
def test_a_database_that_has_become_empty_is_not_served_as_a_new_one(tmp_path: Path, left: int) -> None:
    """Of a database that was never checkpointed the file holds one page without tables, the rest is in the WAL."""

    async def play() -> None:
        async with await opened(tmp_path / "data"):
            shutil.copytree(tmp_path / "data", tmp_path / "killed")

    asyncio.run(play())
    killed = tmp_path / "killed"
    damage.wal_of(killed / FILE_NAME).unlink()
    with (killed / FILE_NAME).open("r+b") as file:
        file.truncate(left)
    assert "it is empty, and has held data" in refusal(killed)


def test_a_first_start_that_was_killed_before_it_made_the_tables_is_begun_again(tmp_path: Path) -> None:
    for name in ("lock", FILE_NAME):
        (tmp_path / name).touch()
    asyncio.run(_filled(tmp_path))


def test_a_database_that_somebody_removed_is_made_anew(data: Path) -> None:
    (data / FILE_NAME).unlink()
    asyncio.run(_filled(data))


def test_a_backup_put_beside_the_wal_of_what_it_replaces_is_not_mixed_with_it(data: Path, tmp_path: Path) -> None:
    killed = as_killed(data, tmp_path / "killed")
    back_up(data, tmp_path / "backup")
    shutil.copy(tmp_path / "backup" / FILE_NAME, killed)
    assert f"if that was put here to be served, remove {FILE_NAME}-wal" in refusal(killed)

    damage.wal_of(killed / FILE_NAME).unlink()
    asyncio.run(_is_opened(killed))


def test_the_wal_of_another_database_is_not_put_into_this_one(data: Path, tmp_path: Path) -> None:
    async def grow() -> None:
        async with await opened(tmp_path / "other") as engine:
            for number in range(100):
                await create(engine, f"Book{number}")

    asyncio.run(grow())
    killed = as_killed(tmp_path / "other", tmp_path / "killed")
    shutil.copy(damage.wal_of(killed / FILE_NAME), damage.wal_of(data / FILE_NAME))
    assert "is corrupted (" in refusal(data)


# ----------------------------------------------------------------------------------------------- while it is served


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a database that is too large to be looked at whole."""
    monkeypatch.setattr(damage, "CHECKED_BYTES", 0)


async def asked(engine: Engine, operation: str, **members: Any) -> Reply:
    return await answer(engine, Call(operation, json.dumps(members).encode()), ANN)


def told_of(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record.msg for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.usefixtures("unchecked")
def test_callers_are_told_of_a_damaged_file_and_the_log_names_it_once(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(data, roots(data)["document_versions"])

    async def play() -> None:
        async with await opened(data) as engine:
            for _ in range(3):
                for operation in ("GetDocument", "DeleteDocument"):
                    reply = await asked(engine, operation, Name="Book")
                    body = json.loads(reply.body)
                    assert (reply.status, body["__type"], body["Message"]) == (
                        500,
                        "InternalServerError",
                        damage.TOLD,
                    )

    asyncio.run(play())
    (line,) = told_of(caplog)
    assert line["file"] == str(data / FILE_NAME)
    assert line["reason"] == "database disk image is malformed"


@pytest.mark.usefixtures("unchecked")
def test_a_damaged_file_is_written_no_more_and_what_can_be_read_is_read(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(data, roots(data)["tags"])

    async def play() -> None:
        async with await opened(data) as engine:
            listed = await asked(engine, "DescribeAutomationExecutions")
            (found,) = json.loads(listed.body)["AutomationExecutionMetadataList"]
            id_ = found["AutomationExecutionId"]
            await asked(engine, "ListTagsForResource", ResourceType="Automation", ResourceId=id_)
            before = contents(data)
            requests: list[tuple[str, dict[str, Any]]] = [
                ("StartAutomationExecution", {"DocumentName": "Book"}),
                ("StopAutomationExecution", {"AutomationExecutionId": id_}),
                ("DeleteDocument", {"Name": "Book"}),
            ]
            for operation, members in requests:
                reply = await asked(engine, operation, **members)
                assert (reply.status, json.loads(reply.body)["Message"]) == (500, damage.TOLD), operation
            assert contents(data) == before
            assert (await asked(engine, "GetAutomationExecution", AutomationExecutionId=id_)).status == 200

    asyncio.run(play())
    assert len(told_of(caplog)) == 1


@pytest.mark.usefixtures("unchecked")
def test_old_executions_are_not_removed_from_a_damaged_file(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    spoil(data, roots(data)["tags"])

    async def play() -> None:
        async with await opened(data) as engine:
            await asked(engine, "ListTagsForResource", ResourceType="Document", ResourceId="Book")
            async with asyncio.timeout(10):
                await Retention(engine.database, 0.0).run()

    asyncio.run(play())
    assert len(told_of(caplog)) == 1


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("table", "column"), [("executions", "record"), ("document_versions", "text")])
def test_a_text_that_is_none_any_more_is_damage_and_not_shown(
    data: Path, caplog: pytest.LogCaptureFixture, table: str, column: str
) -> None:
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        connection.execute(f"UPDATE {table} SET {column} = CAST(x'7365637265ff' AS TEXT)")
        connection.commit()

    async def play() -> None:
        async with await opened(data) as engine:
            ids = await engine.database.read(lambda conn: conn.execute("SELECT id FROM executions").fetchall())
            reply = await asked(engine, "GetAutomationExecution", AutomationExecutionId=ids[0][0])
            if table != "executions":
                reply = await asked(engine, "GetDocument", Name="Book")
            assert json.loads(reply.body)["Message"] == damage.TOLD

    asyncio.run(play())
    (line,) = told_of(caplog)
    assert "secre" not in json.dumps(line)


@pytest.mark.parametrize(
    "failing", [lambda: sqlite3.OperationalError("disk I/O error"), lambda: OSError("no space left on device")]
)
def test_trouble_of_the_disk_is_no_damage(failing: Callable[[], Exception]) -> None:
    assert damage.told_by(failing()) is None
