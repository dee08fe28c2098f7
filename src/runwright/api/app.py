"""The port: a plain ASGI application for `POST /` in front of Starlette, which has all other routes.

Who is not addressed by a name of this machine is refused before anything else is looked at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import runwright
from runwright.api import protocol
from runwright.api.dispatch import Call, Reply, answer, refusal
from runwright.api.guard import Entry, Guard
from runwright.api.metrics import CONTENT_TYPE as METRICS_TYPE
from runwright.api.metrics import page as metrics_page
from runwright.errors import ServiceError
from runwright.ids import new_uuid
from runwright.messages import Json
from runwright.runtime.scope import Caller
from runwright.runtime.scope import Scope as ExecutionScope

if TYPE_CHECKING:
    from runwright.engine import Engine

DRAINED = 4
"""Times the limit: how much of a body that is too large is read and dropped, so that its sender reads the refusal."""

_OF_A_PAGE = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
"""Headers of every answer, for the browser that may be the one to show it."""


class Disconnected(Exception):
    """The caller went away before its request was complete."""


def create_app(engine: Engine, guard: Guard | None = None) -> ASGIApp:
    """The application for an open engine; `guard` says who is let in by which name, and how much they may send."""
    guard = guard or Guard()
    rooms = _rooms(engine, guard)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if strange := _strange_origin(headers, guard):
                await send_reply(send, refusal(strange))
                return
            if scope["path"] == "/" and scope["method"] == "POST":
                await answer_post(engine, guard, scope, receive, send)
                return
        await rooms(scope, receive, send)

    return app


async def answer_post(
    engine: Engine, guard: Guard, scope: Scope, receive: Receive, send: Send, step: Step | None = None
) -> None:
    """Answer one `POST /`; `step` is the step of ours that sends it, where that is known."""
    headers = dict(scope["headers"])
    entry = Entry(guard.audit, new_uuid(), (scope.get("client") or ("",))[0])
    try:
        reply = await _answered(engine, guard, scope, receive, step, entry, headers)
    except Disconnected:
        return
    except ServiceError as error:
        reply = refusal(error, entry.request_id)
    try:
        entry.answered(reply.status, reply.code)
    except ServiceError as error:
        reply = refusal(error, entry.request_id)
    await send_reply(send, reply)


async def _answered(
    engine: Engine,
    guard: Guard,
    scope: Scope,
    receive: Receive,
    step: Step | None,
    entry: Entry,
    headers: Mapping[bytes, bytes],
) -> Reply:
    body = await _body(headers, receive, guard.limits["body"])
    operation = protocol.operation_of(_text(headers, b"x-amz-target"), _text(headers, b"content-type"))
    entry.operation = operation[:100]
    if step is not None:
        entry.caller, entry.via = step.caller, step.scope.execution_id
    elif guard.front_door is not None:
        entry.key_id = protocol.key_id_of(_text(headers, b"authorization"))
        query = scope.get("query_string", b"").decode("latin-1")
        entry.caller = guard.front_door.authenticate("POST", "/", query, scope["headers"], body, entry.address)
    else:
        entry.caller = await caller_of(engine, _text(headers, b"authorization"))
    call = Call(operation, body, list(scope["headers"]), step.scope if step else None, entry)
    return await answer(engine, call, entry.caller)


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


async def _body(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes:
    declared = _text(headers, b"content-length") or ""
    if declared.isdecimal() and int(declared) > DRAINED * most:
        raise _too_large(most)
    parts: list[bytes] = []
    size, is_more = 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > DRAINED * most:
            raise _too_large(most)
        if size <= most:
            parts.append(part)
        is_more = message.get("more_body", False)
    if size > most:
        raise _too_large(most)
    return b"".join(parts)


async def send_reply(send: Send, reply: Reply) -> None:
    """Move an answer out."""
    headers = [*reply.headers, *_OF_A_PAGE]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _too_large(most: int) -> ServiceError:
    message = f"The request has more than {most} bytes."
    return ServiceError("RequestEntityTooLargeException", message, 413)


def _strange_origin(headers: Mapping[bytes, bytes], guard: Guard) -> ServiceError | None:
    """The refusal of a request to a name that is not ours, or of one that a page of another site makes."""
    host = _text(headers, b"host")
    if not protocol.is_own_host(host, guard.host_names):
        return _strange_host(host)
    origin = _text(headers, b"origin")
    site = _text(headers, b"sec-fetch-site")
    if site in ("cross-site", "same-site") or (origin is not None and urlsplit(origin).netloc != host):
        message = "The request comes from a page of another site; only pages of this server may make requests of it."
        return ServiceError("AccessDeniedException", message, 403)
    return None


def _strange_host(given: str | None) -> ServiceError:
    message = (
        f"The request is addressed to '{(given or '')[:200]}', which is no name of this server: "
        "use localhost, 127.0.0.1, the address given with --host, or make the name known with --allowed-host."
    )
    return ServiceError("AccessDeniedException", message, 403)


# --------------------------------------------------------------------------------------------------- the rooms


def _rooms(engine: Engine, guard: Guard) -> Starlette:
    async def health(request: Request) -> Response:
        if guard.front_door is not None:  # asked without a signature: no word more than it takes
            return _json(200, protocol.encode({"status": "ok"}))
        shown: dict[str, Json] = {"status": "ok", "version": runwright.__version__, "aws": engine.settings.aws}
        shown |= {"quotas": engine.settings.quotas, "slots": engine.driver.counts()}
        return _json(200, protocol.encode(shown))

    async def reset(request: Request) -> Response:
        if guard.front_door is not None:
            message = "A server with principals is not reset: start it again."
            return _refused(ServiceError("AccessDeniedException", message, 403))
        if "x-runwright" not in request.headers:
            message = "A reset has to be asked for with the header X-Runwright (any value)."
            return _refused(ServiceError("AccessDeniedException", message, 403))
        try:
            await engine.reset()
        except ServiceError as error:
            return _refused(error)
        return _json(200, protocol.encode({"status": "empty"}))

    async def metrics(request: Request) -> Response:
        if guard.front_door is not None and (request.client is None or not _is_loopback(request.client.host)):
            message = "A server with principals shows its metrics to this machine alone."
            return _refused(ServiceError("AccessDeniedException", message, 403))
        return Response(metrics_page(engine), headers={"content-type": METRICS_TYPE})

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
            Route("/metrics", metrics, methods=["GET"]),
        ],
        exception_handlers={HTTPException: on_http_exception, Exception: on_fault},
    )
    app.router.redirect_slashes = False
    return app


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(error: ServiceError) -> Response:
    return _json(error.status, protocol.encode_error(error))


def _json(status: int, body: bytes) -> Response:
    headers = {name.decode(): value.decode() for name, value in _OF_A_PAGE}
    return Response(body, status, headers, media_type="application/json")
