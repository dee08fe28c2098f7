from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from runwright.runtime.sqlite import Database


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
