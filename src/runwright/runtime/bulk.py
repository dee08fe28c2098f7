"""Many rows in few statements.

Each statement lets the other threads of the process run and then waits for its turn again, which costs more than
storing a row does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain

_MOST, _LARGE = 128, 32
"""Rows of one statement: these, or any number below the second. Each is prepared once."""


def write_rows(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run `statement` for the rows, which are all of one length; its `{rows}` stands for what follows VALUES."""
    place = 0
    while (left := len(rows) - place) > 0:
        size = _MOST if left >= _MOST else left - left % _LARGE or left
        several = rows[place : place + size]
        connection.execute(_for(statement, size, len(several[0])), tuple(chain.from_iterable(several)))
        place += size


@cache
def _for(statement: str, count: int, length: int) -> str:
    row = f"({', '.join('?' * length)})"
    return statement.format(rows=", ".join([row] * count))
