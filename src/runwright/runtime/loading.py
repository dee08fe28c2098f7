"""Makes the state of an execution again from what is stored of it."""

from __future__ import annotations

from collections.abc import Callable

from runwright.interpreter import execution as machine
from runwright.interpreter.state import state_from
from runwright.language.model import Runbook
from runwright.messages import Broke, Json, Outdated
from runwright.runtime.journal import Stored, StoredReplies
from runwright.runtime.live import Live


def take_up(
    live: Live, stored: Stored, cursor: dict[str, Json], runbook: Runbook, now: float, fault: Callable[[], str]
) -> None:
    """Give an execution in memory its state. Raises NotUnderstood.

    Where its attempt in flight cannot be gone on with, what says so comes before what has arrived; `fault` logs a fault
    of ours and gives its log id.
    """
    state = state_from(stored.start, runbook, cursor, stored.replies)
    attempt, answers = state.answered
    if answers:
        live.stored = StoredReplies(attempt, len(answers))
    try:
        if not machine.revive(state):
            live.inbox.insert(0, Outdated(now))
    except Exception:
        live.inbox.insert(0, Broke(now, fault()))
    live.state = state
