"""The operations by name. A handler takes the engine, the checked members of a request and its caller."""

from __future__ import annotations

from runwright.api.answers import Handler, not_served
from runwright.api.operations import documents, executions, settings, tags
from runwright.errors import ServiceError

OPERATIONS: dict[str, Handler] = {
    **executions.HANDLERS,
    **documents.HANDLERS,
    **tags.HANDLERS,
    **settings.HANDLERS,
}

NEVER_PASSED: dict[str, ServiceError] = {
    "StartChangeRequestExecution": ServiceError(
        "NoLongerSupportedException",
        "Change requests are not served: AWS has closed Change Manager to new customers. "
        "StartAutomationExecution starts the runbook itself.",
    ),
    "StartExecutionPreview": not_served("The operation StartExecutionPreview"),
    "GetExecutionPreview": not_served("The operation GetExecutionPreview"),
}
"""Operations on automations that are refused: no backend could know the executions and documents that they mean."""
