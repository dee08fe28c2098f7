"""A consistent copy of a data folder, also while a server works on it. Another process may make it at any time."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from runwright.runtime.migrations import APPLICATION_ID
from runwright.runtime.sqlite import FILE_NAME


class BackupRefused(Exception):
    """No copy was made; the text says why."""


def back_up(folder: Path, target: Path) -> int:
    """Copy the database of `folder` into the new folder `target`; gives the copy's bytes.

    The copy is as of one moment, is checked, and has its name only when it is whole. `serve --data TARGET` opens it.
    """
    file, copy, part = folder / FILE_NAME, target / FILE_NAME, target / f"{FILE_NAME}.part"
    if not file.is_file():
        raise BackupRefused(f"{folder} holds no {FILE_NAME}: give the --data of the server")
    if copy.exists():
        raise BackupRefused(f"{copy} exists already: give a folder that holds no backup")
    try:
        target.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        _copy(file, part)
        os.replace(part, copy)
        _sync(target)
        return copy.stat().st_size
    except sqlite3.Error as broken:
        raise BackupRefused(f"{file} could not be copied: {broken}") from broken
    except OSError as broken:
        raise BackupRefused(f"the copy could not be written to {target}: {broken.strerror or broken}") from broken
    finally:
        part.unlink(missing_ok=True)


def _copy(file: Path, part: Path) -> None:
    source = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
    copy = sqlite3.connect(part, isolation_level=None)
    try:
        if source.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise BackupRefused(f"{file} is a database of another program")
        source.backup(copy)  # all pages in one step: one read transaction, one moment
        found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupRefused(f"{file} is corrupted ({found}): this copy was not kept; restore an earlier backup")
        copy.execute("PRAGMA journal_mode=DELETE")
    finally:
        source.close()
        copy.close()
    _sync(part)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
