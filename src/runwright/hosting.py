"""An engine with the private door through which its own runbooks reach it as SSM.

Scripts and `Service: ssm` calls go to a listener on loopback whose path holds a token. A token stands for the account,
region and role of one step and is good while that step runs.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import OrderedDict
from collections.abc import Mapping

import uvicorn
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from runwright.access.audit import AuditLog
from runwright.api.app import Step, answer_post, send_reply
from runwright.api.dispatch import may_be_ours, refusal
from runwright.api.guard import Guard
from runwright.api.port import bounded_protocol
from runwright.config import LIMITS, Settings
from runwright.engine import Engine
from runwright.errors import ServiceError
from runwright.runtime.backend import OwnSsm
from runwright.runtime.finishing import finish
from runwright.runtime.scope import Caller, Scope, session_arn
from runwright.starting import Authorize, allow_everything

_TOKENS_KEPT = 10_000

Attempt = tuple[str, int, int]


class Host:
    """An open engine and its private door; both belong to the event loop in which they were opened."""

    def __init__(self, engine: Engine, door: _PrivateDoor) -> None:
        self.engine = engine
        self._door = door

    @classmethod
    async def open(
        cls, settings: Settings, authorize: Authorize = allow_everything, audit: AuditLog | None = None
    ) -> Host:
        """Open an engine and its private door, or leave nothing open. Raises what Engine.open raises.

        `authorize` says what the principals may whose policies apply, also to calls through the private door, which are
        on record in `audit`.
        """
        door = _PrivateDoor(Guard(audit=audit, limits=settings.limits))
        try:
            engine = await Engine.open(settings, OwnSsm(may_be_ours, door.url_for), authorize)
        except BaseException:
            await door.close()
            raise
        door.open(engine)
        return cls(engine, door)

    async def close(self) -> None:
        """Shut the door and close the engine, which is closed also when this is cancelled meanwhile."""
        await finish(self._close())

    async def _close(self) -> None:
        try:
            await self._door.close()
        finally:
            await self.engine.close()


class _PrivateDoor:
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._engine: Engine | None = None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._tokens: OrderedDict[str, tuple[Scope, Attempt]] = OrderedDict()
        self._by_attempt: dict[tuple[Scope, Attempt], str] = {}
        self._serving: asyncio.Task[None] | None = None

    def open(self, engine: Engine) -> None:
        """Let calls in. Those that came earlier have waited at the socket."""
        self._engine = engine
        config = uvicorn.Config(
            self._app,
            http=bounded_protocol(_limits_of_the_door(self._guard.limits)),
            ws="none",
            interface="asgi3",  # uvicorn takes a bound method for the older one
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=30,
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server._serve([self._socket]))  # `serve` would take the signals

    async def close(self) -> None:
        try:
            if self._serving is not None:
                self._server.should_exit = self._server.force_exit = True
                await self._serving
        finally:
            self._socket.close()

    def url_for(self, scope: Scope) -> str | None:
        """The endpoint for the step that the execution is at; the same for all calls of an attempt."""
        at_work = self._engine.driver.at_work(scope.execution_id) if self._engine else None
        if at_work is None:
            return None
        key = (scope, at_work[1])
        token = self._by_attempt.get(key)
        if token is None:
            token = secrets.token_urlsafe(24)
            self._tokens[token] = key
            self._by_attempt[key] = token
            if len(self._tokens) > _TOKENS_KEPT:
                del self._by_attempt[self._tokens.popitem(last=False)[1]]
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/{token}"

    async def _app(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        assert self._engine is not None
        step = self._step_of(scope["path"].strip("/"))
        if step is None or scope["method"] != "POST":
            message = "This address was given to one step of a runbook and is good while that step runs."
            await send_reply(send, refusal(ServiceError("AccessDeniedException", message, 403)))
            return
        await answer_post(self._engine, self._guard, scope, receive, send, step)

    def _step_of(self, token: str) -> Step | None:
        assert self._engine is not None
        scope, attempt = self._tokens.get(token, (None, None))
        if scope is None:
            return None
        at_work = self._engine.driver.at_work(scope.execution_id)
        if at_work is None or at_work[1] != attempt:
            return None
        arn = at_work[0].executed_by if scope.role is None else session_arn(scope.role, scope.execution_id)
        return Step(Caller(scope.account, scope.region, arn, at_work[0].initiator), scope)


def _limits_of_the_door(limits: Mapping[str, int]) -> dict[str, int]:
    """Those of the port. However few connections it allows its callers, the steps of runbooks need theirs."""
    return {**limits, "connections": max(limits["connections"], LIMITS["connections"].default)}
