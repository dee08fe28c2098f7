"""A consistent copy of a data folder, also while a server works on it. Another process may make it at any time."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from runwright.runtime.migrations import APPLICATION_ID, DataRefused
from runwright.runtime.sqlite import FILE_NAME, lock_folder, make_folder, make_private, sync, sync_entries

_BESIDE = ("-wal", "-journal", "-shm")
"""What SQLite keeps beside a database, and takes for a part of whatever database has the name."""


class BackupRefused(Exception):
    """No copy was made; the text says why."""


def back_up(folder: Path, target: Path) -> int:
    """Copy the database of `folder` into the new folder `target`; gives the copy's bytes.

    The copy is as of one moment, is checked, and has its name only when it is whole. `serve --data TARGET` opens it.
    Who is killed meanwhile leaves a part that the next one removes.
    """
    file = folder / FILE_NAME
    try:
        is_there = file.is_file()
    except OSError as broken:
        raise BackupRefused(f"{file} cannot be read: {broken.strerror or broken}") from broken
    if not is_there:
        raise BackupRefused(f"{folder} holds no {FILE_NAME}: give the --data of the server")
    try:
        make_folder(target)
        lock = lock_folder(target)
        try:
            return _into(target, file)
        finally:
            os.close(lock)
    except DataRefused as refused:
        raise BackupRefused(f"{target} is in use by a server or by another backup: give another folder") from refused
    except sqlite3.Error as broken:
        raise BackupRefused(f"{file} could not be copied to {target}: {broken}") from broken
    except OSError as broken:
        raise BackupRefused(f"the copy could not be written to {target}: {broken.strerror or broken}") from broken


def _into(target: Path, file: Path) -> int:
    copy, part = target / FILE_NAME, target / f"{FILE_NAME}.part"
    for taken in (copy, *_beside(copy)):
        if taken.exists():
            raise BackupRefused(f"{taken} exists already: give a folder that holds no database")
    try:
        _remove(part)
        make_private(part)
        _copy(file, part)
        os.replace(part, copy)
        sync_entries(target)
        return copy.stat().st_size
    finally:
        _remove(part)


def _copy(file: Path, part: Path) -> None:
    source = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    with closing(source), closing(sqlite3.connect(part, isolation_level=None)) as copy:
        if source.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise BackupRefused(f"{file} is a database of another program")
        source.backup(copy)  # all pages in one step: one read transaction, one moment
        found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupRefused(f"{file} is corrupted ({found}): this copy was not kept; restore an earlier backup")
        copy.execute("PRAGMA journal_mode=DELETE")
    sync(part)


def _beside(database: Path) -> list[Path]:
    return [database.with_name(database.name + ending) for ending in _BESIDE]


def _remove(database: Path) -> None:
    for file in (database, *_beside(database)):
        file.unlink(missing_ok=True)
