"""The texts that executions were started with, and the runbooks read from them.

An execution keeps its text whatever becomes of the document. A text is stored once under a key made of its format and
content, together with the first execution that runs it; what has been read from it is kept for as long as it is in use.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from sqlite3 import Connection
from typing import NamedTuple

from runwright.language.model import Runbook
from runwright.runtime.sqlite import Database

_KEPT = 512
_QUERY = "SELECT text, format FROM runbooks WHERE sha256 = ?"


class RunbookText(NamedTuple):
    key: str
    format: str
    text: str


class Runbooks:
    """`parse` makes a runbook of a text and its format (JSON or YAML)."""

    def __init__(self, database: Database, parse: Callable[[str, str], Runbook]) -> None:
        self._database, self._parse = database, parse
        self._runbooks: OrderedDict[str, Runbook] = OrderedDict()

    def read(self, text: str, text_format: str) -> tuple[RunbookText, Runbook]:
        """Read a text; it is stored with the execution that is started with it. InvalidRunbook when it is none."""
        key = hashlib.sha256(f"{text_format}\0{text}".encode()).hexdigest()
        known = self._runbooks.get(key)
        if known is None:
            known = self._parse(text, text_format)
            self._remember(key, known)
        return RunbookText(key, text_format, text), known

    async def get(self, key: str) -> Runbook:
        """The runbook that an execution was started with."""
        if (known := self._runbooks.get(key)) is not None:
            return known
        return await self._database.read(lambda connection: self.get_with(connection, key))

    def get_with(self, connection: Connection, key: str) -> Runbook:
        """The same, read on a connection that the caller has."""
        known = self._runbooks.get(key)
        if known is None:
            text, text_format = connection.execute(_QUERY, (key,)).fetchone()
            known = self._parse(text, text_format)
            self._remember(key, known)
        return known

    def _remember(self, key: str, runbook: Runbook) -> None:
        self._runbooks[key] = runbook
        self._runbooks.move_to_end(key)
        if len(self._runbooks) > _KEPT:
            self._runbooks.popitem(last=False)
