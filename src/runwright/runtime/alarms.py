"""Watches a CloudWatch alarm while an execution runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Protocol

from runwright.messages import Json, Reply, WatchAlarm
from runwright.runtime.backend import Backend
from runwright.runtime.failures import Refused
from runwright.runtime.scope import Scope

EVERY_SECONDS = 10.0
CALL_SECONDS = 25.0


class Clock(Protocol):
    """Time, as far as an alarm has to do with it."""

    def now(self, family: str) -> float: ...

    def skips(self, family: str) -> bool: ...

    async def sleep_until(self, family: str, at: float) -> None: ...

    def asked_before_jumps(self, family: str) -> AbstractContextManager[Callable[[], Awaitable[None]]]: ...


async def watch_alarm(
    backend: Backend, effect: WatchAlarm, scope: Scope, clock: Clock, report: Callable[[str], None]
) -> Reply:
    """Return when the alarm is in ALARM, or cannot be read and that counts. It looks before jumps and makes none."""
    family, seen = scope.family, ""
    with clock.asked_before_jumps(family) as about_to_jump:
        while True:
            state, reason = await _state_of(backend, effect.name, scope)
            if state == "ALARM" or (state is None and not effect.ignore_failure):
                return Reply({"Name": effect.name, "State": state or "UNKNOWN"})
            if (text := state or reason) != seen:
                seen = text
                report(f"The alarm {effect.name}: {text}\n")
            if clock.skips(family):
                await _real_time_or(about_to_jump)
            else:
                await clock.sleep_until(family, clock.now(family) + EVERY_SECONDS)


async def _real_time_or(about_to_jump: Callable[[], Awaitable[None]]) -> None:
    """Wait for the next look by the real clock, or until the family's clock is about to jump."""
    try:
        async with asyncio.timeout(EVERY_SECONDS):
            await about_to_jump()
    except TimeoutError:
        return


async def _state_of(backend: Backend, name: str, scope: Scope) -> tuple[str | None, str]:
    """The state, or None and why it cannot be read."""
    asked: dict[str, Json] = {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    reply = await backend.call(scope, "cloudwatch", "DescribeAlarms", asked, seconds=CALL_SECONDS)
    if isinstance(reply, Refused):
        return None, reply.failure.message
    for alarm in (reply.get("MetricAlarms") or []) + (reply.get("CompositeAlarms") or []):
        if alarm["AlarmName"] == name:
            return str(alarm["StateValue"]), ""
    return None, f"There is none in account {scope.account}, region {scope.region}."
