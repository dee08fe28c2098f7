"""Many rows in few statements.

Each statement lets the other threads of the process run and then waits for its turn again, which costs more than
storing a row does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain

_SIZES = (64, 16, 4, 1)
"""Rows of one statement; few sizes, so that each is prepared once."""


def write_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run `statement` for the rows, which are all of one length; its `{rows}` stands for what follows VALUES."""
    place = 0
    for size in _SIZES:
        while len(rows) - place >= size:
            several = rows[place : place + size]
            connection.execute(_for(statement, size, len(several[0])), tuple(chain.from_iterable(several)))
            place += size


@cache
def _for(statement: str, count: int, length: int) -> str:
    row = f"({', '.join('?' * length)})"
    return statement.format(rows=", ".join([row] * count))
