"""From one call to its answer: to a handler of ours, or as it came to the backend.

It takes and gives bytes but moves none: `app` does that for the port, and whoever answers calls in process does it too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runwright.api import protocol
from runwright.api.answers import Continued, Elsewhere, not_served
from runwright.api.guard import Entry
from runwright.api.operations import NEVER_PASSED, OPERATIONS, documents, settings
from runwright.api.resources import resources_of
from runwright.constraints import check, known_operations, shorten
from runwright.errors import ServiceError
from runwright.ids import new_uuid
from runwright.logs import get_logger
from runwright.messages import Json
from runwright.runtime.damage import Damaged
from runwright.runtime.failures import Refused
from runwright.runtime.passthrough import Answered, Unanswered
from runwright.runtime.scope import Caller, Scope
from runwright.starting import allow_everything

if TYPE_CHECKING:
    from runwright.engine import Engine

CALL_SECONDS = 25.0

_ONLY_READS = ("Get", "Describe", "List")

_OF_OUR_SERVER = ("content-length", "date", "server")

log = get_logger()

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came. `headers` are kept for what is passed on; `scope` is that of a step of ours that calls.

    `entry` is told what the call is about.
    """

    operation: str
    body: bytes
    headers: Headers = field(default_factory=list)
    scope: Scope | None = None
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """`code` is that of the error that the answer says, None for another answer."""

    status: int
    headers: Headers
    body: bytes
    code: str | None = None


async def answer(engine: Engine, call: Call, caller: Caller) -> Reply:
    """Answer a call; every ServiceError, a corrupted database and every fault of ours become an error in JSON."""
    request_id = call.entry.request_id if call.entry else new_uuid()
    try:
        return await _answered(engine, call, caller, request_id)
    except ServiceError as error:
        return refusal(error, request_id)
    except Damaged as damage:  # the log has it already
        return refusal(ServiceError("InternalServerError", str(damage), 500), request_id)
    except Exception:
        log.exception("an operation broke", operation=call.operation, request_id=request_id)
        message = f"Internal Server Error. The server's log has it under request id {request_id}."
        return refusal(ServiceError("InternalServerError", message, 500), request_id)


def refusal(error: ServiceError, request_id: str | None = None) -> Reply:
    """The answer that says `error`."""
    return _reply(protocol.encode_error(error), request_id or new_uuid(), error.status, error.code)


def may_be_ours(operation: str, parameters: Json) -> bool:
    """Whether a call with these members is for this engine to answer, or to pass on where a name decides."""
    if operation not in OPERATIONS:
        return operation in NEVER_PASSED
    match operation:
        case "CreateDocument":
            return documents.is_for_us(parameters)
        case "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource":
            return parameters.get("ResourceType") in ("Automation", "Document")
        case "GetServiceSetting" | "UpdateServiceSetting" | "ResetServiceSetting":
            return settings.is_ours(str(parameters.get("SettingId")))
        case _:
            return True


async def _answered(engine: Engine, call: Call, caller: Caller, request_id: str) -> Reply:
    operation = call.operation
    if operation not in known_operations():
        raise not_served(f"'{shorten(operation)}' is no operation of SSM and")
    handler = OPERATIONS.get(operation)
    if handler is None:
        _permit_unread(engine, call, caller)
        if operation in NEVER_PASSED:
            return refusal(NEVER_PASSED[operation], request_id)
        return await _passed_on(engine, call, Elsewhere(not_served(f"The operation {operation}")), caller)
    if operation.startswith(_ONLY_READS):
        engine.pace.reader_came()
    request = check(operation, protocol.decode(call.body, engine.settings.limits["nesting"]))
    _permit(engine, call, request, caller)
    found = await handler(engine, request, caller)
    match found:
        case str():
            return _reply(found.encode(), request_id)
        case Elsewhere():
            return await _passed_on(engine, call, found, caller)
        case Continued():
            return _reply(protocol.encode(await _continued(engine, call, found, caller)), request_id)
        case _:
            return _reply(protocol.encode(found), request_id)


def _permit(engine: Engine, call: Call, request: dict[str, Json], caller: Caller) -> None:
    """Put on record what the call is about, and raise AccessDeniedException unless all of it is allowed."""
    if engine.authorize is allow_everything and (call.entry is None or call.entry.audit is None):
        return
    resources = resources_of(call.operation, request, caller)
    if call.entry is not None:
        call.entry.about(call.operation, resources)
    for resource in resources:
        engine.authorize(caller.initiator, f"ssm:{call.operation}", resource)


def _permit_unread(engine: Engine, call: Call, caller: Caller) -> None:
    """As `_permit`, for what is not ours. A step's calls are the backend's to allow: to its role, or to the server."""
    is_guarded = engine.authorize is not allow_everything
    if call.scope is None and (is_guarded or (call.entry is not None and call.entry.audit is not None)):
        try:
            request = protocol.decode(call.body, engine.settings.limits["nesting"])
        except ServiceError:
            if is_guarded:
                raise
            request = None
        _permit(engine, call, request if isinstance(request, dict) else {}, caller)
    elif call.entry is not None:
        call.entry.about(call.operation, [])


async def _passed_on(engine: Engine, call: Call, elsewhere: Elsewhere, caller: Caller) -> Reply:
    match await _forwarded(engine, call, call.body, caller):
        case None if call.scope is not None and not elsewhere.is_ours:
            return await _called_for(engine, call, call.scope)
        case None:
            raise elsewhere.otherwise
        case Unanswered(reason):
            raise ServiceError("ServiceUnavailable", reason, 503)
        case answered if _is_an_answer(answered):
            return _as_it_came(answered)
        case answered:
            raise elsewhere.otherwise if elsewhere.is_ours else _no_answer(engine, call.operation, answered)


async def _forwarded(engine: Engine, call: Call, body: bytes, caller: Caller) -> Answered | Unanswered | None:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.headers]
    is_principals = engine.authorize is not allow_everything and call.scope is None
    if is_principals or all(name.lower() != "authorization" for name, _ in headers):
        headers = _in_the_name_of(caller, headers)
    return await engine.backend.forward(headers, body)


def _in_the_name_of(caller: Caller, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a backend that verifies no signature takes for the caller's account, and without which it knows no service.

    A principal's own signature and key id stay here.
    """
    kept = [(name, value) for name, value in headers if name.lower() != "authorization"]
    scope = f"Credential={caller.account}/20000101/{caller.region}/ssm/aws4_request"
    return [*kept, ("authorization", f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")]


def _as_it_came(answered: Answered) -> Reply:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answered.headers
        if name.lower() not in _OF_OUR_SERVER
    ]
    headers.append((b"content-length", str(len(answered.body)).encode()))
    return Reply(answered.status, headers, answered.body)


async def _called_for(engine: Engine, call: Call, scope: Scope) -> Reply:
    """What a step asks of real SSM: called on its behalf, with its role's credentials or the server's."""
    parameters = protocol.decode(call.body)
    found = await engine.backend.call(scope, "ssm", call.operation, parameters, seconds=CALL_SECONDS)
    if isinstance(found, Refused):
        raise ServiceError(found.failure.code or "ServiceUnavailable", found.failure.message)
    answered = {name: value for name, value in found.items() if name != "ResponseMetadata"}
    return _reply(protocol.encode(answered), new_uuid())


async def _continued(engine: Engine, call: Call, found: Continued, caller: Caller) -> dict[str, Json]:
    """Ours and the backend's; ours alone where the backend has no answer, and the log says why."""
    answered = await _forwarded(engine, call, protocol.encode(found.request), caller)
    if answered is None:
        return found.ours
    if isinstance(answered, Unanswered):
        log.warning("the backend's part of a list is missing", operation=call.operation, reason=answered.reason)
        return found.ours
    theirs = _json(answered)
    if 200 <= answered.status < 300 and isinstance(theirs, dict):
        return found.join(theirs)
    if (refused := protocol.error_from(theirs)) and refused.code == "InvalidNextToken":
        raise refused
    log.warning("the backend's part of a list is missing", operation=call.operation, status=answered.status)
    return found.ours


def _is_an_answer(answered: Answered) -> bool:
    body = _json(answered)
    if 200 <= answered.status < 300:
        return isinstance(body, dict)
    return protocol.error_from(body) is not None


def _json(answered: Answered) -> Json:
    try:
        return protocol.decode(answered.body)
    except ServiceError:
        return None


def _no_answer(engine: Engine, operation: str, answered: Answered) -> ServiceError:
    where, status = engine.backend.url, answered.status
    message = f"The backend at {where} does not serve {operation}: it answered with status {status}."
    return ServiceError("UnknownOperationException", message)


def _reply(body: bytes, request_id: str, status: int = 200, code: str | None = None) -> Reply:
    return Reply(status, protocol.headers_for(request_id, len(body)), body, code)
