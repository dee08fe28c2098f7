"""The phases of an action, as failure texts name them: `Step fails when it is {phase}. {reason}.` [OBS]"""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

from runwright.actions.registry import EffectFailed, StepFailed
from runwright.messages import Effect, Failure, Json, Poll

EXECUTING = "Execute/Cancelling action"
POLLING = "Poll action status for completion"
VALIDATING = "validating and resolving the step inputs"


def within(phase: str, effect: Effect) -> Generator[Effect, Json, Json]:
    """Yield `effect` and return its reply; a failure is worded for `phase`."""
    try:
        return (yield effect)
    except EffectFailed as failed:
        raise step_failure(phase, effect, failed.failure) from failed


def step_failure(phase: str, effect: Effect, failure: Failure) -> StepFailed:
    """The failure of `effect`, worded for `phase`.

    A poll that fails for what it was told, not for want of an answer, is a failed verification (inferred).
    """
    is_verdict = isinstance(effect, Poll) and not failure.code
    return StepFailed(
        failure_text(phase, failure.message),
        stage="PostVerification" if is_verdict else "Invocation",
        type="Verification" if is_verdict else failure.type,
    )


def refuse_input(reason: str) -> NoReturn:
    """Fail the attempt for good: no try makes an input right."""
    raise StepFailed(failure_text(VALIDATING, reason), stage="InputValidation", type="Verification", final=True)


def failure_text(phase: str, reason: str) -> str:
    return f"Step fails when it is {phase}. {reason}"
