"""What tells that a database has lost something: its files beside each other, its pages, and what SQLite says of them.

It knows no table. SQLite keeps no checksums: a byte that changed within a value is not seen here.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

CHECKED_BYTES = 256 * 1024 * 1024
"""How large a database may be for all its pages to be looked at when it is opened.

So many take 0.5 s when the system has them in memory and 3 s from a slow disk, a gigabyte four times as long. To
look at some pages of a larger one would in most cases miss the one that is damaged.
"""
TOLD = (
    "The server's database file is corrupted and nothing is stored any more: whoever runs the server has to restore "
    "a backup. The server's log names the file."
)
"""What callers are told; they can neither see nor mend the file."""

_SAID_OF_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_TEXT = "Could not decode to UTF-8"
"""What Python says of a value that is no text any more; it has no code of SQLite's, and all our text is UTF-8."""
_HEADER_BYTES = 100
_WRITE_VERSION, _READ_VERSION = 18, 19
_WITHOUT_WAL = 1


class Damaged(sqlite3.DatabaseError):
    """The file of a database is corrupted; nothing is written to it any more."""


def told_by(error: BaseException) -> str | None:
    """How this says that the file is corrupted; None when it does not: a disk may be full, or not be reached."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, Damaged) or (code is not None and code & 0xFF in _SAID_OF_DAMAGE):
        return str(error)
    if isinstance(error, sqlite3.OperationalError) and str(error).startswith(_NO_TEXT):
        return "a text is none"  # Python's message would show the value
    return None


def stray_wal(file: Path) -> str | None:
    """Why the WAL beside a database cannot be its own; None when it can be, or holds nothing.

    Asked before SQLite is: that would remove the WAL of an empty file, and put the pages of any other into the file.
    """
    wal = wal_of(file)
    if not wal.exists() or wal.stat().st_size == 0:
        return None
    if not file.exists() or file.stat().st_size == 0:  # a new database has its first page before it has a WAL
        return f"{wal.name} holds what was stored last, but {file.name} is {'empty' if file.exists() else 'not there'}"
    with file.open("rb") as opened:
        header = opened.read(_HEADER_BYTES)
    if header[_WRITE_VERSION:][:1] == header[_READ_VERSION:][:1] == bytes([_WITHOUT_WAL]):
        return (
            f"{wal.name} belongs to another database than {file.name}, which was closed without one, as a backup is: "
            f"if that was put here to be served, remove {wal.name}"
        )
    return None


def wal_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def within(connection: sqlite3.Connection) -> str | None:
    """The first thing that is wrong in a database, pages in its WAL included; None of a large one.

    The WAL of another database shows where its rows and these indexes disagree. One that holds every page of the other
    is a database by itself, and not told from one that belongs here.
    """
    count, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if count * size > CHECKED_BYTES:
        return None
    try:
        found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if (told := told_by(error)) is None:
            raise
        return told
    return None if found == "ok" else " ".join(found.split())


_PARTS = """
SELECT 'column ' || columns.name || ' of table ' || made.name
FROM sqlite_schema AS made, pragma_table_info(made.name) AS columns WHERE made.type = 'table'
UNION ALL SELECT 'index ' || name || ' of table ' || tbl_name FROM sqlite_schema WHERE type = 'index'
"""


def lacking(connection: sqlite3.Connection, sound: sqlite3.Connection) -> str | None:
    """A column or index that another database has and this one lacks. What it has besides is its operator's."""
    there, wanted = ([part for (part,) in each.execute(_PARTS)] for each in (connection, sound))
    missing = sorted(set(wanted) - set(there))
    return missing[0] if missing else None
