"""The tables of a database, by version: `schema/N/*.sql` makes version N of version N - 1, or of an empty file.

The version covers the rows and the JSON in them. A database of an earlier version is brought up in one transaction when
it is opened; one of a later version, of another program, or one that is corrupted, is refused and left as it is. What
is added to the JSON of a state needs no version, since what is absent there is at its default.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from runwright.runtime import damage

APPLICATION_ID = 0x52756E57  # "RunW"
SCHEMA = resources.files("runwright.runtime") / "schema"


class DataRefused(Exception):
    """The data folder cannot be used: another server has it, or its content is not ours or of another version."""


def newest(schema: Traversable = SCHEMA) -> int:
    """The version that this program works with."""
    return max(_versions(schema))


def create(connection: sqlite3.Connection, schema: Traversable = SCHEMA) -> None:
    """Make the tables in an empty database."""
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    _bring_up(connection, 0, schema)


def prepare(
    connection: sqlite3.Connection, file: Path, schema: Traversable = SCHEMA, *, was_made: bool = False
) -> None:
    """Make the tables, or bring them up to the newest version; `was_made` says that they had been made here.

    Raises DataRefused, and sqlite3.DatabaseError for what is no database.
    """
    try:
        with closing(_untouched(file)) as looking:
            _look_at(looking, file, schema)
    except sqlite3.OperationalError:  # it is not there, or has to be mended before it can be read
        version = _look_at(connection, file, schema)
    else:
        version = _version_of(connection, file, schema)
    if version is None:
        if was_made:
            raise _corrupted(file, "it is empty, and has held data")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        create(connection, schema)
        return
    _try_to_write(connection, file, version)
    if version < newest(schema):
        _bring_up(connection, version, schema)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as sound:
        create(sound, schema)
        if (missing := damage.lacking(connection, sound)) is not None:
            raise _corrupted(file, f"it lacks {missing}")


def _corrupted(file: Path, found: str) -> DataRefused:
    return DataRefused(f"{file} is corrupted ({found}): restore a backup of it, or give another --data")


def _look_at(connection: sqlite3.Connection, file: Path, schema: Traversable) -> int | None:
    """The version of a database that is whole, None of an empty one. Raises DataRefused for any other."""
    version = _version_of(connection, file, schema)
    if version is not None and (found := damage.within(connection)) is not None:
        raise _corrupted(file, found)
    return version


def _untouched(file: Path) -> sqlite3.Connection:
    """A connection that changes nothing: one that may write moves the WAL into the file when it is closed.

    With neither WAL nor journal the file is all there is, and said to be immutable, or SQLite would make a WAL to read.
    """
    beside = (file.with_name(f"{file.name}-{ending}") for ending in ("wal", "journal"))
    still = "" if any(each.exists() for each in beside) else "&immutable=1"
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro{still}", uri=True)


def _version_of(connection: sqlite3.Connection, file: Path, schema: Traversable) -> int | None:
    """The version of a database, None of an empty one. Raises DataRefused for one that is not to be touched."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
        return None
    if application != APPLICATION_ID:
        raise DataRefused(f"{file} is a database of another program: give another --data")
    if version > newest(schema):
        raise DataRefused(
            f"{file} has schema version {version}, this program knows versions up to {newest(schema)}: "
            "use the program that wrote it, or give another --data"
        )
    return version


def _try_to_write(connection: sqlite3.Connection, file: Path, version: int) -> None:
    """Raise DataRefused where SQLite has opened the file for reading alone, or somebody else keeps it from writing."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA user_version={version}")
    except sqlite3.OperationalError as refused:
        raise DataRefused(f"{file} cannot be written: {refused}") from refused
    finally:
        if connection.in_transaction:
            connection.rollback()


def _bring_up(connection: sqlite3.Connection, version: int, schema: Traversable) -> None:
    texts = [
        script.read_text("utf-8")
        for number, folder in sorted(_versions(schema).items())
        if number > version
        for script in sorted(folder.iterdir(), key=lambda script: script.name)
        if script.name.endswith(".sql")
    ]
    body = "\n".join(texts)
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{body}\nPRAGMA user_version={newest(schema)};\nCOMMIT;")
    finally:
        if connection.in_transaction:
            connection.rollback()


def _versions(schema: Traversable) -> dict[int, Traversable]:
    return {int(folder.name): folder for folder in schema.iterdir() if folder.name.isdecimal()}
