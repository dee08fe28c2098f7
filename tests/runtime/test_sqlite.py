from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from runwright.runtime.sqlite import FILE_NAME, Database


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_database_that_is_closed_refuses_to_write(tmp_path: Path, on_disk: bool) -> None:
    async def play() -> None:
        database = Database.open(tmp_path if on_disk else None)
        await database.close()
        with pytest.raises(sqlite3.ProgrammingError):
            await asyncio.wait_for(database.write(lambda connection: None), 5)

    asyncio.run(play())


def test_a_database_can_be_closed_twice(tmp_path: Path) -> None:
    async def play() -> None:
        database = Database.open(tmp_path)
        await database.close()
        await database.close()

    asyncio.run(play())


@pytest.fixture
def umask_that_allows_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Permissions of what lies in `folder`, and of itself as `.`."""
    return {path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}


def modes_while_open(data: Path, seen: Path) -> dict[str, int]:
    """Open the database in `data` and write to it; the modes below `seen` meanwhile."""

    async def play() -> dict[str, int]:
        database = Database.open(data)
        await database.write(lambda connection: connection.execute("INSERT INTO attachments VALUES ('a', x'00')"))
        found = modes(seen)
        await database.close()
        return found

    return asyncio.run(play())


FILES = ("lock", FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm")


@pytest.mark.usefixtures("umask_that_allows_all")
def test_what_is_made_on_disk_is_its_owners_alone(tmp_path: Path) -> None:
    found = modes_while_open(tmp_path / "of" / "mine", tmp_path / "of")
    assert found == {".": 0o700, "mine": 0o700} | {f"mine/{name}": 0o600 for name in FILES}


@pytest.mark.usefixtures("umask_that_allows_all")
def test_what_was_there_is_opened_and_keeps_its_mode(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    assert modes_while_open(data, data) == {".": 0o755} | dict.fromkeys(FILES, 0o600)

    (data / FILE_NAME).chmod(0o640)
    with sqlite3.connect(data / FILE_NAME) as connection:
        connection.execute("DELETE FROM attachments")
    connection.close()
    assert modes_while_open(data, data) == {".": 0o755} | dict.fromkeys(FILES, 0o640) | {"lock": 0o600}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_syncs_no_folder_can_hold_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fsync = os.fsync

    def of_files(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", of_files)

    async def play() -> None:
        await Database.open(tmp_path / "new" / "data").close()

    asyncio.run(play())
