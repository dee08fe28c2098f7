"""From one call to its answer: to a handler of ours, or as it came to the backend.

It takes and gives bytes but moves none: `app` does that for the port, and whoever answers calls in process does it too.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from runwright.api import protocol
from runwright.api.answers import Continued, Elsewhere, not_served
from runwright.api.constraints import check, known_operations, shorten
from runwright.api.operations import NEVER_PASSED, OPERATIONS
from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.passthrough import Passed, pass_on
from runwright.runtime.scope import Caller

if TYPE_CHECKING:
    from runwright.engine import Engine

log = structlog.get_logger(__name__)

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came. `headers` are kept for what is passed on."""

    operation: str
    body: bytes
    headers: Headers = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Headers
    body: bytes


async def answer(engine: Engine, call: Call, caller: Caller) -> Reply:
    """Answer a call; every ServiceError and every fault of ours becomes an error in JSON."""
    request_id = str(uuid.uuid4())
    try:
        return await _answered(engine, call, caller, request_id)
    except ServiceError as error:
        return refusal(error, request_id)
    except Exception:
        log.exception("an operation broke", operation=call.operation, request_id=request_id)
        message = f"Internal Server Error. The server's log has it under request id {request_id}."
        return refusal(ServiceError("InternalServerError", message, 500), request_id)


def refusal(error: ServiceError, request_id: str | None = None) -> Reply:
    """The answer that says `error`."""
    return _reply(protocol.encode_error(error), request_id or str(uuid.uuid4()), error.status)


def may_be_ours(operation: str, parameters: Json) -> bool:
    """Whether a call with these members is for this engine to answer, or to pass on where a name decides."""
    if operation not in OPERATIONS:
        return operation in NEVER_PASSED
    match operation:
        case "CreateDocument":
            return parameters.get("DocumentType") in (None, "Automation", "Automation.ChangeTemplate")
        case "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource":
            return parameters.get("ResourceType") in ("Automation", "Document")
        case "GetServiceSetting" | "UpdateServiceSetting" | "ResetServiceSetting":
            return "/ssm/automation/" in str(parameters.get("SettingId"))
        case _:
            return True


async def _answered(engine: Engine, call: Call, caller: Caller, request_id: str) -> Reply:
    operation = call.operation
    if operation not in known_operations():
        raise not_served(f"'{shorten(operation)}' is no operation of SSM and")
    handler = OPERATIONS.get(operation)
    if handler is None:
        refused = not_served(f"The operation {operation}")
        if operation in NEVER_PASSED:
            raise refused
        return await _passed_on(engine, call, Elsewhere(refused))
    found = await handler(engine, check(operation, protocol.decode(call.body)), caller)
    match found:
        case str():
            return _reply(found.encode(), request_id)
        case Elsewhere():
            return await _passed_on(engine, call, found)
        case Continued():
            return _reply(protocol.encode(await _continued(engine, call, found)), request_id)
        case _:
            return _reply(protocol.encode(found), request_id)


async def _passed_on(engine: Engine, call: Call, elsewhere: Elsewhere) -> Reply:
    if engine.backend.url is None:
        raise elsewhere.otherwise
    passed = await pass_on(engine.backend.url, call.headers, call.body)
    if not _is_an_answer(passed):
        raise elsewhere.otherwise if elsewhere.is_ours else _no_answer(engine, call.operation, passed)
    return Reply(passed.status, passed.headers, passed.body)


async def _continued(engine: Engine, call: Call, found: Continued) -> dict[str, Json]:
    """Ours and the backend's; ours alone where the backend has no answer, and the log says why."""
    if engine.backend.url is None:
        return found.ours
    try:
        passed = await pass_on(engine.backend.url, call.headers, protocol.encode(found.request))
    except ServiceError as error:
        log.warning("the backend's part of a list is missing", operation=call.operation, reason=error.message)
        return found.ours
    theirs = _json(passed)
    if 200 <= passed.status < 300 and isinstance(theirs, dict):
        return found.join(theirs)
    if (refused := protocol.error_from(theirs)) and refused.code == "InvalidNextToken":
        raise refused
    log.warning("the backend's part of a list is missing", operation=call.operation, status=passed.status)
    return found.ours


def _is_an_answer(passed: Passed) -> bool:
    body = _json(passed)
    if 200 <= passed.status < 300:
        return body is not None
    return protocol.error_from(body) is not None


def _json(passed: Passed) -> Json:
    try:
        return protocol.decode(passed.body)
    except ServiceError:
        return None


def _no_answer(engine: Engine, operation: str, passed: Passed) -> ServiceError:
    message = (
        f"The backend at {engine.backend.url} does not serve {operation}: it answered with status {passed.status}."
    )
    return ServiceError("UnknownOperationException", message)


def _reply(body: bytes, request_id: str, status: int = 200) -> Reply:
    return Reply(status, protocol.headers_for(request_id, len(body)), body)
