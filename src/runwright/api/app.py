"""The port: a plain ASGI application for `POST /` in front of Starlette, which has all other routes.

Who is not addressed by a name of this machine is refused before anything else is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import runwright
from runwright.api import protocol
from runwright.api.dispatch import Call, Headers, Reply, answer, refusal
from runwright.errors import ServiceError
from runwright.runtime.scope import Caller
from runwright.runtime.scope import Scope as ExecutionScope

if TYPE_CHECKING:
    from runwright.engine import Engine

MOST_DRAINED_BYTES = 4 * protocol.MOST_BODY_BYTES
"""How much of a body that is too large is read and dropped, so that its sender gets to read the refusal."""


class Disconnected(Exception):
    """The caller went away before its request was complete."""


def create_app(engine: Engine, host: str = "127.0.0.1") -> ASGIApp:
    """The application for an open engine; `host` is the name or address that the port was opened on."""
    rooms = _rooms(engine)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if not protocol.is_own_host(_text(headers, b"host"), host):
                await send_reply(send, refusal(_strange_host(_text(headers, b"host"))))
                return
            if scope["path"] == "/" and scope["method"] == "POST":
                await answer_post(engine, scope["headers"], receive, send)
                return
        await rooms(scope, receive, send)

    return app


async def answer_post(engine: Engine, raw: Headers, receive: Receive, send: Send, step: Step | None = None) -> None:
    """Answer one `POST /`; `step` is the step of ours that sends it, where that is known."""
    headers = dict(raw)
    try:
        body = await _body(headers, receive)
        operation = protocol.operation_of(_text(headers, b"x-amz-target"), _text(headers, b"content-type"))
        caller = step.caller if step else await caller_of(engine, _text(headers, b"authorization"))
    except ServiceError as error:
        await send_reply(send, refusal(error))
    except Disconnected:
        return
    else:
        call = Call(operation, body, list(raw), step.scope if step else None)
        await send_reply(send, await answer(engine, call, caller))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of ours that calls: who it is as a caller, and on whose behalf its effects are performed."""

    caller: Caller
    scope: ExecutionScope


async def caller_of(engine: Engine, authorization: str | None) -> Caller:
    """Who asks: the account and ARN of the shown key, the region of the signature's scope; by default the server's own.

    Raises AccessDeniedException for a signature without a scope.
    """
    credential = protocol.credential_of(authorization)
    account, arn = await engine.backend.identify(credential.key_id if credential else None)
    return Caller(account, credential.region if credential else engine.settings.region, arn)


async def _body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    declared = _text(headers, b"content-length") or ""
    if declared.isdecimal() and int(declared) > MOST_DRAINED_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size, is_more = 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > MOST_DRAINED_BYTES:
            raise _too_large()
        if size <= protocol.MOST_BODY_BYTES:
            parts.append(part)
        is_more = message.get("more_body", False)
    if size > protocol.MOST_BODY_BYTES:
        raise _too_large()
    return b"".join(parts)


async def send_reply(send: Send, reply: Reply) -> None:
    """Move an answer out."""
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _too_large() -> ServiceError:
    message = f"The request has more than {protocol.MOST_BODY_BYTES} bytes."
    return ServiceError("RequestEntityTooLargeException", message, 413)


def _strange_host(given: str | None) -> ServiceError:
    message = (
        f"The request is addressed to '{(given or '')[:200]}', which is no name of this server: "
        "use localhost, 127.0.0.1 or the address given with --host."
    )
    return ServiceError("AccessDeniedException", message, 403)


# --------------------------------------------------------------------------------------------------- the rooms


def _rooms(engine: Engine) -> Starlette:
    async def health(request: Request) -> Response:
        return _json(
            200, protocol.encode({"status": "ok", "version": runwright.__version__, "aws": engine.settings.aws})
        )

    async def reset(request: Request) -> Response:
        if "x-runwright" not in request.headers:
            message = "A reset has to be asked for with the header X-Runwright (any value)."
            return _refused(ServiceError("AccessDeniedException", message, 403))
        try:
            await engine.reset()
        except ServiceError as error:
            return _refused(error)
        return _json(200, protocol.encode({"status": "empty"}))

    async def on_http_exception(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        message = f"There is nothing at {request.method} {request.url.path[:200]}; the SSM API is POST /."
        response = _refused(ServiceError("UnknownOperationException", message, status))
        response.headers.update(headers)
        return response

    async def on_fault(request: Request, error: Exception) -> Response:
        return _refused(ServiceError("InternalServerError", "Internal Server Error.", 500))

    app = Starlette(
        routes=[
            Route("/_runwright/health", health, methods=["GET"]),
            Route("/_runwright/reset", reset, methods=["POST"]),
        ],
        exception_handlers={HTTPException: on_http_exception, Exception: on_fault},
    )
    app.router.redirect_slashes = False
    return app


def _refused(error: ServiceError) -> Response:
    return _json(error.status, protocol.encode_error(error))


def _json(status: int, body: bytes) -> Response:
    return Response(body, status, media_type="application/json")
