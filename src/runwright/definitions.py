"""What a start names: a version of a document, and the runbook that it says.

Looking it up is most of what starts have in common, so that it is kept until a document changes.
"""

from __future__ import annotations

from typing import NamedTuple

from runwright.documents import Documents
from runwright.language.model import Runbook
from runwright.runtime.runbooks import Runbooks, RunbookText
from runwright.runtime.scope import Definition

_KEPT = 4096


class Defined(NamedTuple):
    definition: Definition
    text: RunbookText
    runbook: Runbook


class Definitions:
    """Belongs to one event loop, as what it is made of."""

    def __init__(self, documents: Documents, runbooks: Runbooks) -> None:
        self._documents, self._runbooks = documents, runbooks
        self._known: dict[tuple[str, str, str, str | None], Defined] = {}
        self._known_at = documents.changes

    async def find(self, account: str, region: str, name: str, version: str | None) -> Defined:
        """Look up what an execution is to run. Raises what Documents.definition and reading a runbook raise."""
        if self._known_at != self._documents.changes or len(self._known) >= _KEPT:
            self._known, self._known_at = {}, self._documents.changes
        key = account, region, name, version
        known = self._known.get(key)
        if known is None:
            changes = self._documents.changes
            found = await self._documents.definition(account, region, name, version)
            text, runbook = self._runbooks.read(found.text, found.format)
            called = found.name_for(account)
            known = Defined(Definition(called, str(found.number), text.key, found.target_type), text, runbook)
            if changes == self._documents.changes:
                self._known[key] = known
        return known
