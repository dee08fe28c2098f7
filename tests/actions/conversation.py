"""Talks to an action's generator as the interpreter does: inputs in, effects out, replies in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runwright.actions.every import ACTIONS
from runwright.actions.registry import Context, EffectFailed, Given, Interrupted, SetVariable, StepFailed, TimedOutOn
from runwright.language.inputs import fit
from runwright.language.model import Step
from runwright.messages import Effect, Failure, Json, Selection, WishId

NOW = 1_700_000_000.0


@dataclass
class Conversation:
    """`effect` is what the action asks for now; `given` what it gave, `failed` how it failed, when it is over."""

    action: str
    inputs: dict[str, Json]
    outputs: tuple[Selection, ...] = ()
    effect: Any = None
    given: Given | None = None
    failed: StepFailed | EffectFailed | Interrupted | TimedOutOn | None = None
    asked: list[Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        action = ACTIONS[self.action]
        self.context = Context(
            inputs=fit(action.declaration, self.inputs),
            step=Step("step", self.action, self.inputs, outputs=self.outputs),
            execution_id="e-1",
            account="123456789012",
            region="eu-west-1",
            partition="aws",
            now=NOW,
            wish=WishId("step", 1, 1, 0),
            script_context=lambda: {"global:REGION": "eu-west-1"},
        )
        self._doing = action.perform(self.context)
        self._go(lambda: next(self._doing))

    @property
    def is_over(self) -> bool:
        return self.given is not None or self.failed is not None

    @property
    def values(self) -> dict[str, Json]:
        """The outputs that the action gave."""
        assert self.given is not None, self.failed
        assert not isinstance(self.given, SetVariable)
        return self.given

    @property
    def failure(self) -> StepFailed:
        assert isinstance(self.failed, StepFailed), (self.given, self.failed)
        return self.failed

    def reply(self, value: Json = None) -> Conversation:
        return self._go(lambda: self._doing.send(value))

    def fail(self, message: str, code: str = "", type: str = "Action") -> Conversation:  # noqa: A002 - AWS's word
        return self._go(lambda: self._doing.throw(EffectFailed(Failure(message, code, type))))

    def interrupt(self, reason: str = "cancel") -> Conversation:
        return self._go(lambda: self._doing.throw(Interrupted(reason)))

    def _go(self, resume: Any) -> Conversation:
        assert not self.is_over
        self.context.wish = WishId("step", 1, 1, len(self.asked))
        self.effect = None
        try:
            self.effect = resume()
            self.asked.append(self.effect)
        except StopIteration as end:
            self.given = end.value
        except (StepFailed, EffectFailed, Interrupted, TimedOutOn) as failed:
            self.failed = failed
        return self
