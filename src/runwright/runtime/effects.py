"""Performs the effects that touch the world: calls, polls, scripts, webhooks, searches, alarms. A failure is data.

Selectors and verdicts are applied here, where a reply arrives, so that no more of it is kept than the runbook refers
to. What this raises is a fault of ours. Timers, people and children are the driver's.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import urllib3

from runwright.actions.verdicts import VERDICTS, Done, Failed, Pending
from runwright.interpreter.rulings import LAMBDA_BYTES, OUTPUT_BYTES
from runwright.language.selectors import take
from runwright.members import Incomplete, Members
from runwright.messages import (
    CallAws,
    CallWebhook,
    Effect,
    Failure,
    FindTargets,
    Json,
    Poll,
    Reply,
    RunScript,
    Selection,
    WatchAlarm,
    WishId,
)
from runwright.runtime.alarms import watch_alarm
from runwright.runtime.backend import Backend
from runwright.runtime.failures import Refused
from runwright.runtime.locations import find_pairs, read_locations
from runwright.runtime.masking import mask_failure, mask_value, masking, secrets_of
from runwright.runtime.scope import Scope
from runwright.runtime.scripts import Script, Scripts
from runwright.runtime.targets import find_targets
from runwright.runtime.webhooks import Webhooks

SCRIPTS_AT_A_TIME = 16


Attached = Callable[[str, str], Awaitable[bytes | None]]
"""The attached file of a name and SHA-256, or None where it is not to be had."""


class Clock(Protocol):
    """Time as an execution's family knows it, in seconds since the epoch."""

    def now(self, family: str) -> float: ...

    def skips(self, family: str) -> bool: ...

    async def sleep_until(self, family: str, at: float) -> None: ...

    def working(self, family: str) -> AbstractContextManager[None]: ...

    def asked_before_jumps(self, family: str) -> AbstractContextManager[Callable[[], Awaitable[None]]]: ...


class Effects:
    """Belongs to one event loop. `ssl_context` is for webhooks and files; `pwsh` as Scripts takes it."""

    def __init__(
        self,
        backend: Backend,
        ssl_context: ssl.SSLContext | None = None,
        script_sandbox: str = "auto",
        pwsh: Path | None = None,
    ) -> None:
        self._backend = backend
        trusted = ssl_context or ssl.create_default_context()
        self._webhooks = Webhooks(backend, trusted)
        self._http = urllib3.PoolManager(num_pools=4, maxsize=2, retries=False, ssl_context=trusted)
        self._script_sandbox, self._pwsh = script_sandbox, pwsh
        self._scripts: Scripts | None = None
        self._script_lane = asyncio.Semaphore(SCRIPTS_AT_A_TIME)
        self.attached: Attached = self._nothing

    async def _nothing(self, name: str, sha256: str) -> bytes | None:
        return None

    def close(self) -> None:
        self._webhooks.close()
        if self._scripts is not None:
            self._scripts.close()
        self._http.clear()

    async def perform(
        self, effect: Effect, wish: WishId, scope: Scope, clock: Clock, report: Callable[[str], None]
    ) -> Reply:
        """Do what the effect wishes, on behalf of `scope`; `report` is told of progress meanwhile.

        Cancelled, a poll stops, a script is killed with all that it started, and a call under way goes on unheard.
        """
        scope = replace(scope, path=wish.path, visit=wish.visit)
        try:
            return await self._perform(effect, wish, scope, clock, report)
        except Incomplete as answer:
            return Reply(failure=Failure(str(answer), "IncompleteAnswer"))

    async def _perform(
        self, effect: Effect, wish: WishId, scope: Scope, clock: Clock, report: Callable[[str], None]
    ) -> Reply:
        match effect:
            case CallAws():
                with clock.working(scope.family):
                    return await self._call(effect, wish, scope)
            case Poll():
                return await self._poll(effect, scope, clock, report)
            case RunScript():
                with clock.working(scope.family):
                    return await self._script(effect, scope, report)
            case CallWebhook():
                with clock.working(scope.family):
                    return await self._webhooks.call(effect, scope)
            case FindTargets():
                with clock.working(scope.family):
                    return await self._find(effect, scope)
            case WatchAlarm():
                return await watch_alarm(self._backend, effect, scope, clock, report)
            case _:
                raise TypeError(f"{type(effect).__name__} is not performed here.")

    async def _call(self, effect: CallAws, wish: WishId, scope: Scope) -> Reply:
        token = wish.unique_in(scope.execution_id)
        reply = await self._backend.call(
            scope, effect.service, effect.operation, effect.parameters, seconds=effect.seconds, token=token
        )
        if isinstance(reply, Refused):
            return Reply(failure=reply.failure)
        is_of_lambda = (effect.service, effect.operation) == ("lambda", "Invoke")
        return _selected(effect.select, reply, LAMBDA_BYTES if is_of_lambda else OUTPUT_BYTES)

    async def _poll(self, effect: Poll, scope: Scope, clock: Clock, report: Callable[[str], None]) -> Reply:
        call, verdict = effect.call, VERDICTS[effect.verdict]
        family, began, tries = scope.family, clock.now(scope.family), 0
        while True:
            with clock.working(family):
                reply = await self._backend.call(
                    scope, call.service, call.operation, call.parameters, seconds=call.seconds
                )
            tries += 1
            if isinstance(reply, Refused):
                if not reply.is_transient and reply.failure.code not in effect.tolerate:
                    return Reply(failure=reply.failure)
                seen = reply.failure.message
            else:
                match verdict(reply, effect.args):
                    case Done(value):
                        return _bounded({"": value}, Reply(value))
                    case Failed(reason):
                        return Reply(failure=Failure(reason))
                    case Pending():
                        seen = "not yet"
            report(f"{call.service}:{call.operation}, try {tries}: {seen}\n")
            await clock.sleep_until(family, _next_try(effect.every_seconds, began, clock, family))

    async def _script(self, effect: RunScript, scope: Scope, report: Callable[[str], None]) -> Reply:
        files = await self._attached(effect)
        if isinstance(files, Failure):
            return Reply(failure=files)
        environment = await self._backend.script_environment(scope)
        if isinstance(environment, Refused):
            return Reply(failure=environment.failure)
        context, seconds = effect.context, effect.seconds
        script = Script(effect.runtime, effect.script, effect.handler, effect.payload, context, seconds, files)
        if self._scripts is None:
            self._scripts = Scripts(self._script_sandbox, is_open=self._backend.url is None, pwsh=self._pwsh)
        async with self._script_lane:
            secrets = secrets_of(environment)
            outcome = await self._scripts.run(script, environment, masking(report, secrets))
        if isinstance(outcome, Failure):
            return Reply(failure=mask_failure(outcome, secrets))
        payload = mask_value(outcome.value, secrets)
        reply = _selected(effect.select, {"Payload": payload})
        return reply if reply.failure else Reply({"Payload": payload, **reply.value})

    async def _attached(self, effect: RunScript) -> dict[str, bytes] | Failure:
        """The file that the script needs, by name; empty when it needs none."""
        name = effect.attachment
        if name is None:
            return {}
        if name not in effect.files:
            return Failure(f"The script needs the file '{name}', but files of the runbook has none of that name.")
        content = await self.attached(name, effect.files[name])
        if content is None:
            return Failure(
                f"The script needs the attached file '{name}' with the SHA-256 {effect.files[name]}, which is not to "
                "be had here: name where it is in Attachments of CreateDocument or UpdateDocument, or start the server "
                "with its folder as --attachments."
            )
        return {name: content}

    async def _find(self, effect: FindTargets, scope: Scope) -> Reply:
        if effect.target is not None:
            found = await find_targets(self._backend, scope, effect.target, effect.target_type)
            return Reply(failure=found.failure) if isinstance(found, Refused) else Reply(found)
        locations = effect.locations
        if locations is None:
            assert effect.url is not None
            read = await read_locations(self._backend, scope, effect.url, self._http)
            if isinstance(read, Refused):
                return Reply(failure=read.failure)
            locations = read
        pairs = await find_pairs(self._backend, scope, locations)
        if isinstance(pairs, Refused):
            return Reply(failure=pairs.failure)
        return Reply({"Locations": locations, "Pairs": [list(pair) for pair in pairs]})


def _next_try(every_seconds: float, began: float, clock: Clock, family: str) -> float:
    """When time is skipped the wait grows with the time already waited: an hour in vain costs some 65 calls."""
    now = clock.now(family)
    wait = max(every_seconds, (now - began) / 10) if clock.skips(family) else every_seconds
    return now + wait


def _selected(selections: Iterable[Selection], document: Json, most: int = OUTPUT_BYTES) -> Reply:
    try:
        taken = take(selections, document)
    except ValueError as error:  # WrongType is one
        return Reply(failure=Failure(str(error)))
    return _bounded(taken, Reply(Members(taken)), most)


def _bounded(outputs: dict[str, Json], reply: Reply, most: int = OUTPUT_BYTES) -> Reply:
    """The reply, or a failure when one of the outputs, a text or its JSON, is too large to be kept."""
    for name, value in outputs.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode("utf-8", "replace"))
        if size > most:
            what = f"The output '{name}'" if name else "The result"
            return Reply(
                failure=Failure(
                    f"{what} has {size} bytes; at most {most} are kept. Select less of the reply.",
                    "OutputTooLarge",
                )
            )
    return reply
