"""The operations by name. A handler takes the engine, the checked members of a request and its caller."""

from __future__ import annotations

from runwright.api.answers import Handler
from runwright.api.operations import documents, executions, settings, tags

OPERATIONS: dict[str, Handler] = {
    **executions.HANDLERS,
    **documents.HANDLERS,
    **tags.HANDLERS,
    **settings.HANDLERS,
}

NEVER_PASSED = frozenset({"StartChangeRequestExecution", "StartExecutionPreview", "GetExecutionPreview"})
"""Operations on automations that are not served: no backend could know the executions and documents that they mean."""
