"""What lies outside: an AWS that answers effects after a while, or not, as the whims have it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Protocol, cast

from runwright.messages import (
    CallAws,
    Effect,
    Failure,
    FindTargets,
    Json,
    Poll,
    Reply,
    RunScript,
    WatchAlarm,
    WishId,
)
from runwright.runtime.alarms import watch_alarm
from runwright.runtime.backend import Backend
from runwright.runtime.clock import Clock
from runwright.runtime.failures import Refused
from runwright.runtime.scope import Scope
from tests.simulation.whims import Whims

HUNG_SECONDS = 25.0
"""A performer gives a call up then."""
MOST_OF_A_POLL = 60.0


class Process(Protocol):
    """The process for which effects are performed, as far as they have to do with it."""

    def begins(self, execution_id: str, wish: WishId) -> None:
        """Raises Violation when that effect may not begin."""

    def replied(self, execution_id: str, wish: WishId, reply: Reply) -> None: ...

    def breaks(self, execution_id: str) -> None:
        """What comes for the execution now is a fault of ours."""

    def fills_the_disk(self) -> None: ...


class Unfoldable(Reply):
    """A reply that breaks whoever looks at it."""

    @property
    def value(self) -> Json:
        raise RuntimeError("a reply that nobody can read")

    @value.setter
    def value(self, given: Json) -> None:
        """What is in it does not matter."""


class Outside:
    """Performs effects: the port that the product's `Effects` fills."""

    def __init__(self, process: Process, whims: Whims, random: Random) -> None:
        self._process, self._whims, self._random = process, whims, random

    async def perform(
        self, effect: Effect, wish: WishId, scope: Scope, clock: Clock, report: Callable[[str], None]
    ) -> Reply:
        """As Effects.perform, but for what the whims do."""
        whims, chance, execution_id = self._whims, self._random.random, scope.execution_id
        self._process.begins(execution_id, wish)
        if chance() < whims.full:
            self._process.fills_the_disk()
        reply = await self._reply(effect, scope, clock, report)
        if chance() < whims.raising:
            self._process.breaks(execution_id)
            raise RuntimeError("a performer that breaks")
        if chance() < whims.breaking:
            self._process.breaks(execution_id)
            reply = Unfoldable()
        self._process.replied(execution_id, wish, reply)
        return reply

    async def call(
        self, scope: Scope, service: str, operation: str, parameters: dict[str, Json], *, seconds: float
    ) -> dict[str, Json] | Refused:
        """What `watch_alarm` asks of the product's Backend: the state of an alarm."""
        await asyncio.sleep(self._random.choice([0.0, 0.1, 1.0]))
        if self._random.random() < self._whims.failing_calls * 0.1:
            return Refused(Failure("An error occurred (Whim) when calling it: no", "Whim"))
        state = "ALARM" if self._random.random() < self._whims.alarm else "OK"
        return {"MetricAlarms": [{"AlarmName": parameters["AlarmNames"][0], "StateValue": state}]}

    async def _reply(self, effect: Effect, scope: Scope, clock: Clock, report: Callable[[str], None]) -> Reply:
        if isinstance(effect, WatchAlarm):
            return await watch_alarm(cast(Backend, self), effect, scope, clock, report)
        if isinstance(effect, Poll):
            await self._poll(scope.family, clock)
        with clock.working(scope.family):
            longest = 30.0 if self._random.random() < self._whims.slow else 1.0
            await asyncio.sleep(self._random.choice([0.0, 0.01, 1.0, longest]))
            if self._random.random() < self._whims.hanging:
                await asyncio.sleep(HUNG_SECONDS)
                return Reply(failure=Failure("it gave no answer in time", "OutcomeUnknown"))
        if self._random.random() < self._whims.failing_calls:
            return Reply(failure=Failure("An error occurred (Whim) when calling it: no", "Whim"))
        return _answer(effect)

    async def _poll(self, family: str, clock: Clock) -> None:
        """Ask in vain for a while, or for ever."""
        if self._random.random() >= self._whims.endless:
            await clock.sleep_until(family, clock.now(family) + self._random.choice([0.1, 5.0, MOST_OF_A_POLL]))
            return
        while True:
            await clock.sleep_until(family, clock.now(family) + MOST_OF_A_POLL)


def _answer(effect: Effect) -> Reply:
    match effect:
        case FindTargets(locations=None):
            return Reply(["a", "b", "c", "d", "e", "f", "g"])
        case FindTargets(locations=locations):
            assert locations is not None
            pairs = [
                [number, account, region]
                for number, one in enumerate(locations)
                for account in one["Accounts"]
                for region in one["Regions"]
            ]
            return Reply({"Locations": locations, "Pairs": pairs})
        case CallAws():
            return Reply({selection.name: "ok" for selection in effect.select})
        case RunScript():
            return Reply({"Payload": {"ok": True}} | {selection.name: "ok" for selection in effect.select})
        case _:
            return Reply("done")
