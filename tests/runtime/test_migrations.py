"""Databases of earlier versions are brought up, those of later ones are left alone."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runwright.config import Settings
from runwright.engine import Engine
from runwright.runtime import migrations
from runwright.runtime.migrations import DataRefused
from runwright.runtime.scope import Caller
from runwright.runtime.sqlite import FILE_NAME, Database

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"), key=lambda file: int(file.stem))
"""A database of each version that a release wrote."""

BOB = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/bob")


def written(file: Path, text: str) -> None:
    connection = sqlite3.connect(file)
    connection.executescript(text)
    connection.close()


def shape(connection: sqlite3.Connection) -> list[Any]:
    """What there is of tables, columns and indexes, however it came to be."""
    tables = [
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    ]
    columns = [
        connection.execute(f"SELECT * FROM pragma_table_info('{name}') ORDER BY name").fetchall() for name in tables
    ]
    indexes = connection.execute(
        "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY name"
    ).fetchall()
    return [tables, columns, indexes]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    yield opened
    opened.close()


def test_there_is_a_database_of_each_version() -> None:
    assert [int(file.stem) for file in RELEASED] == list(range(1, migrations.newest() + 1))


@pytest.mark.parametrize("released", RELEASED, ids=lambda file: file.stem)
def test_a_released_database_becomes_what_a_new_one_is(released: Path, connection: sqlite3.Connection) -> None:
    connection.executescript(released.read_text())
    migrations.prepare(connection, Path("x"))
    new = sqlite3.connect(":memory:")
    migrations.create(new)
    assert shape(connection) == shape(new)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations.newest()


@pytest.mark.parametrize("released", RELEASED, ids=lambda file: file.stem)
def test_executions_of_a_released_database_are_read_and_go_on(released: Path, tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME, released.read_text())

    async def play() -> dict[str, tuple[str, list[str]]]:
        async with await Engine.open(Settings(data=tmp_path, aws="http://127.0.0.1:9")) as engine:
            rows = await engine.database.read(
                lambda conn: conn.execute("SELECT id, ended_at FROM executions").fetchall()
            )
            for id_, ended_at in rows:
                if ended_at is None:
                    await engine.signal(id_, "Approve", {}, BOB)
                    await engine.wait(id_)
            texts = [await engine.records.get(BOB.account, BOB.region, id_) for id_, _ in rows]
        records = [json.loads(text)["AutomationExecution"] for text in texts]
        return {
            each["Parameters"]["Note"][0]: (
                each["AutomationExecutionStatus"],
                [
                    decision["Approver"][-3:]
                    for decision in map(json.loads, each["StepExecutions"][1]["Outputs"]["ApproverDecisions"])
                ],
            )
            for each in records
        }

    assert asyncio.run(play()) == {"ended": ("Success", ["ann", "bob"]), "waiting": ("Success", ["ann", "bob"])}


def later_schema(folder: Path, text: str) -> Path:
    """The schema of this program with one more version."""
    shutil.copytree(str(migrations.SCHEMA), folder / "schema")
    further = folder / "schema" / str(migrations.newest() + 1)
    further.mkdir()
    (further / "change.sql").write_text(text)
    return folder / "schema"


def test_what_a_later_program_adds_is_made_of_what_there_is(connection: sqlite3.Connection, tmp_path: Path) -> None:
    connection.executescript(RELEASED[-1].read_text())
    text = "ALTER TABLE documents ADD COLUMN shout TEXT; UPDATE documents SET shout = upper(name);"
    migrations.prepare(connection, Path("x"), later_schema(tmp_path, text))
    assert connection.execute("SELECT name, shout FROM documents").fetchall() == [("Book", "BOOK")]


def test_a_change_that_fails_leaves_the_database_as_it_was(connection: sqlite3.Connection, tmp_path: Path) -> None:
    connection.executescript(RELEASED[-1].read_text())
    before = list(connection.iterdump())
    schema = later_schema(tmp_path, "DELETE FROM documents; INSERT INTO nowhere VALUES (1);")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrations.prepare(connection, Path("x"), schema)
    assert list(connection.iterdump()) == before
    assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations.newest()


def test_a_database_of_a_later_program_is_refused_and_left_alone(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    later = migrations.newest() + 1
    schema = later_schema(tmp_path, "ALTER TABLE documents ADD COLUMN more TEXT;")
    migrations.prepare(connection, Path("x"), schema)
    before = list(connection.iterdump())
    with pytest.raises(DataRefused, match=f"schema version {later}, this program knows versions up to {later - 1}"):
        migrations.prepare(connection, Path("x"))
    assert list(connection.iterdump()) == before


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a data folder without those of its processes: SQLite's index of the WAL, and who has the folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith(("-shm", "lock"))}


@pytest.mark.parametrize("is_left_open", [True, False], ids=["killed", "closed"])
def test_the_files_of_a_later_program_keep_every_byte_also_those_of_its_wal(
    tmp_path: Path, *, is_left_open: bool
) -> None:
    source, folder = tmp_path / "source", tmp_path / "data"
    source.mkdir()
    later = sqlite3.connect(source / FILE_NAME, isolation_level=None)
    later.executescript(RELEASED[-1].read_text())
    later.execute("PRAGMA journal_mode=WAL")
    later.execute(f"PRAGMA user_version={migrations.newest() + 1}")
    later.execute("UPDATE documents SET name = 'Later'")
    if not is_left_open:
        later.close()
    shutil.copytree(source, folder)
    later.close()
    before = contents(folder)
    assert bool(before.get(f"{FILE_NAME}-wal")) == is_left_open

    async def refused() -> None:
        with pytest.raises(DataRefused, match=f"schema version {migrations.newest() + 1}"):
            Database.open(folder)

    asyncio.run(refused())
    assert contents(folder) == before


def test_a_database_that_cannot_be_written_is_refused(connection: sqlite3.Connection, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    migrations.prepare(connection, file)
    reading = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        with pytest.raises(DataRefused, match="cannot be written: attempt to write a readonly database"):
            migrations.prepare(reading, file)
    finally:
        reading.close()
