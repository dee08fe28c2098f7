"""What becomes of executions and their steps, as log lines with their ids. Only what has been committed is told."""

from __future__ import annotations

import logging

from runwright.interpreter import rulings
from runwright.interpreter.state import Start
from runwright.logs import get_logger
from runwright.runtime.journal import TurnRows

log = get_logger()
_listener = logging.getLogger("runwright")


def is_heard() -> bool:
    """Whether anything that is told here is written; asked once a commit, since there may be very many turns."""
    return _listener.isEnabledFor(logging.INFO)


def tell(start: Start, rows: TurnRows, status: str, *, ended: bool) -> None:
    """One turn: executions and failed steps at level info, all other steps at level debug."""
    if rows.new is not None:
        log.info("execution started", execution=start.id, document=start.document, parent=start.parent)
    for step in rows.steps:
        write = log.info if rulings.failing_status(step.status) else log.debug
        write(
            "step", execution=start.id, step=step.name, step_execution=step.id, action=step.action, status=step.status
        )
    if ended:
        log.info("execution ended", execution=start.id, document=start.document, status=status)
