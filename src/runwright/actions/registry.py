"""Actions by name. An action is a declaration of its inputs and a pure generator that yields effects.

A generator receives a Context, yields effects, is sent the value of each reply, and returns what the step gives.
A failed effect arrives in it as EffectFailed, the end of its attempt as Interrupted; what it does not catch ends the
attempt. It knows no clock, no network and no other step.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TypeAlias

from runwright.language.declarations import Declaration
from runwright.language.model import Attachment, Step
from runwright.messages import Effect, Failure, Json, WishId
from runwright.records import field, mutable_record, record


@mutable_record
class Context:
    """What a generator may know. `inputs` are rendered and of their declared types.

    `now` (seconds since the epoch) is the time of the event that the generator was last resumed with; `wish` names the
    effect that it would yield next. `script_context` makes the second argument of a script's handler;
    `files` are the runbook's attached files.
    """

    inputs: dict[str, Json]
    step: Step
    execution_id: str
    account: str
    region: str
    partition: str
    now: float
    wish: WishId
    script_context: Callable[[], dict[str, Json]]
    files: Mapping[str, Attachment] = field(factory=dict)

    def token(self) -> str:
        """An idempotency token for the effect that is yielded next; the same after a crash."""
        return self.wish.unique_in(self.execution_id)


class EffectFailed(Exception):
    """Thrown into a generator where its effect failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Interrupted(Exception):
    """Thrown into a generator whose attempt has timed out or is cancelled; `reason` is `timeout` or `cancel`.

    It may yield closing effects (two minutes in all) and then return or raise: the status is already decided.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StepFailed(Exception):
    """Raised by a generator to fail its attempt.

    `message` is the whole text without the closing reference to the troubleshooting guide; `stage` a FailureStage
    (InputValidation, PreVerification, Invocation, PostVerification), `type` a FailureType, `outputs` what is known
    anyway. `final` attempts are not tried again.
    """

    def __init__(
        self,
        message: str,
        *,
        stage: str = "Invocation",
        type: str = "Action",  # noqa: A002 - AWS's word
        outputs: Mapping[str, Json] | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.stage = stage
        self.type = type
        self.outputs = dict(outputs or {})
        self.final = final


class TimedOutOn(Exception):
    """Raised by a generator whose attempt has timed out; `missing` is a sentence on what was waited for in vain."""

    def __init__(self, missing: str) -> None:
        super().__init__(missing)
        self.missing = missing


@record
class SetVariable:
    """Success, and the variable `name` holds `value`."""

    name: str
    value: Json


Given: TypeAlias = dict[str, Json] | SetVariable
Doing: TypeAlias = Generator[Effect, Json, Given]
Perform: TypeAlias = Callable[[Context], Doing]


@record
class Action:
    """`phase` words the default failure text: `Step fails when it is {phase}. {reason}`.

    `selects`: the generator takes the step's declared outputs out of its replies itself (otherwise they are selected
    from what it returns). `payload`: the step also gives OutputPayload, the JSON of its own outputs.
    """

    declaration: Declaration
    perform: Perform
    phase: str
    selects: bool
    payload: bool


ACTIONS: dict[str, Action] = {}
DECLARED: dict[str, Declaration] = {}
"""Of ACTIONS, and of what the interpreter runs itself."""


def declare(declaration: Declaration) -> None:
    """Register a declaration; alone, it is of an action that the interpreter runs itself."""
    DECLARED[declaration.action] = declaration


def action(
    declaration: Declaration,
    *,
    phase: str = "Execute/Cancelling action",
    selects: bool = False,
    payload: bool = False,
) -> Callable[[Perform], Perform]:
    """Register the decorated generator function under its declaration's name."""

    def register(perform: Perform) -> Perform:
        declare(declaration)
        ACTIONS[declaration.action] = Action(declaration, perform, phase, selects, payload)
        return perform

    return register
