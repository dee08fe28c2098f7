"""Roles that executions act as: assumed through STS, kept until shortly before they expire.

A role may be assumed by way of another (a location's role by the administration role of the centre): then the session
of that one asks for it.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from runwright.messages import Json
from runwright.runtime.clients import Keys
from runwright.runtime.failures import Refused
from runwright.runtime.scope import Scope

MOST_SESSIONS = 4096
RENEW_SECONDS = 300.0
"""How long before its end a session is replaced: longer than any call may take that is begun with it."""

SESSION_SECONDS = 3600
"""What STS grants at most to a role that was itself assumed."""

Assume = Callable[[Scope, dict[str, Json], Keys | None], Awaitable[dict[str, Json] | Refused]]
"""Calls sts:AssumeRole with these parameters and keys; None: as the backend itself."""


_Key = tuple[str, str | None, str]
"""(role, by way of which other, execution)"""


@dataclass(frozen=True, slots=True)
class Session:
    keys: Keys
    expires_at: float


class Roles:
    """Belongs to one event loop."""

    def __init__(self, assume: Assume, now: Callable[[], float] = time.time) -> None:
        self._assume = assume
        self._now = now
        self._sessions: OrderedDict[_Key, Session] = OrderedDict()
        self._asking: dict[_Key, asyncio.Task[Session | Refused]] = {}

    async def keys(self, scope: Scope) -> Keys | Refused:
        """The credentials of `scope.role` for this execution; asked of STS once, however many ask at a time."""
        assert scope.role is not None
        key = (scope.role, scope.via, scope.execution_id)
        known = self._sessions.get(key)
        if known is not None and self._now() < known.expires_at - RENEW_SECONDS:
            self._sessions.move_to_end(key)
            return known.keys
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(scope, scope.role))
            self._asking[key] = task
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        # Shielded: one of several askers that is cancelled does not take the answer from the others.
        answer = await asyncio.shield(task)
        if isinstance(answer, Refused):
            return answer
        self._sessions[key] = answer
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return answer.keys

    async def _ask(self, scope: Scope, role: str) -> Session | Refused:
        acting: Keys | None = None
        if scope.via is not None:
            first = await self.keys(replace(scope, role=scope.via, via=None))
            if isinstance(first, Refused):
                return first
            acting = first
        reply = await self._assume(
            scope,
            {
                "RoleArn": role,
                "RoleSessionName": session_name(scope.execution_id),
                "DurationSeconds": SESSION_SECONDS,
            },
            acting,
        )
        account = role.split(":")[4] if role.count(":") >= 5 else None
        if isinstance(reply, Refused):
            by = f" by {scope.via}" if scope.via is not None else ""
            return reply.because_of(f"The role {role} in account {account or 'unknown'} could not be assumed{by}")
        given = reply["Credentials"]
        keys = Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], account)
        return Session(keys, datetime.datetime.fromisoformat(given["Expiration"]).timestamp())


def session_name(execution_id: str) -> str:
    """How the execution's sessions are called in CloudTrail: by its id, so that a trail leads back to it."""
    return execution_id[:64]
