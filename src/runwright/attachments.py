"""Attached files of runbooks: stored once by SHA-256, or taken from folders that were named when the server started.

A runbook names each of its files with a SHA-256, so a file that has it is the right one wherever it comes from.
Contents are kept when documents go: executions that were started with them may still need them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from sqlite3 import Connection

from runwright.runtime.sqlite import Database

MOST_BYTES = 16 * 1024 * 1024
"""Of one file. Ours."""


class Attachments:
    """`folders` are those in which files of runbooks may be looked for."""

    def __init__(self, database: Database, folders: Iterable[Path] = ()) -> None:
        self._database = database
        self._folders = tuple(folders)

    async def keep(self, contents: Iterable[bytes]) -> None:
        """Store contents; one that is there already is not stored again."""
        rows = [(hashlib.sha256(content).hexdigest(), content) for content in contents]
        statement = "INSERT OR IGNORE INTO attachments (sha256, content) VALUES (?, ?)"
        if rows:
            await self._database.write(lambda conn: conn.executemany(statement, rows))

    async def content(self, name: str, sha256: str) -> bytes | None:
        """The file of that name and SHA-256, or None where there is none."""
        query = "SELECT content FROM attachments WHERE sha256 = ?"
        row = await self._database.read(lambda conn: conn.execute(query, (sha256,)).fetchone())
        if row is not None:
            return bytes(row[0])
        return await asyncio.to_thread(self._in_folders, name, sha256)

    async def sizes(self, files: Mapping[str, str]) -> dict[str, int]:
        """Bytes of each file (name to SHA-256) that is to be had, by name."""

        def work(conn: Connection) -> dict[str, int]:
            query = "SELECT length(content) FROM attachments WHERE sha256 = ?"
            rows = {name: conn.execute(query, (sha256,)).fetchone() for name, sha256 in files.items()}
            return {name: row[0] for name, row in rows.items() if row is not None}

        stored = await self._database.read(work)
        for name, sha256 in files.items():
            if name not in stored:
                found = await asyncio.to_thread(self._in_folders, name, sha256)
                if found is not None:
                    stored[name] = len(found)
        return stored

    def is_allowed(self, folder: Path) -> bool:
        """Whether `folder` is one of those that may be looked in, or lies in one."""
        return any(folder.resolve().is_relative_to(each.resolve()) for each in self._folders)

    def _in_folders(self, name: str, sha256: str) -> bytes | None:
        for folder in self._folders:
            content = read_in(folder, name)
            if content is not None and hashlib.sha256(content).hexdigest() == sha256:
                return content
        return None


def read_in(folder: Path, name: str) -> bytes | None:
    """The file `name` directly in `folder`; None when there is none, it leads elsewhere or is too large."""
    path = folder / name
    try:
        if Path(name).name != name or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            return None
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:  # it cannot be read, so it is not to be had
        return None
    return content if len(content) <= MOST_BYTES else None
