"""What StartAutomationExecution does before anything is stored: document, parameters, role, quota.

Order of checks (inferred): a known ClientToken, the document and its version, targets, parameters, the role, the
quota. A refused start leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol, TypeVar

from runwright.constraints import check
from runwright.definitions import Definitions
from runwright.documents import local_name
from runwright.errors import ServiceError
from runwright.ids import new_uuid
from runwright.interpreter.fanout_state import is_fanout
from runwright.interpreter.references import system_variable
from runwright.interpreter.start_request import known_part
from runwright.interpreter.state import Start
from runwright.interpreter.targeting import check_targeting, target_parameters
from runwright.language.model import Runbook
from runwright.language.parameters import bind, needed_ssm_parameters
from runwright.language.templates import Unresolved, render
from runwright.members import Incomplete
from runwright.messages import Json
from runwright.runtime.journal import New
from runwright.runtime.runbooks import Runbooks
from runwright.runtime.scope import Birth, Caller, Scope, partition_of, session_arn
from runwright.tags import mapping_of

T = TypeVar("T")

PREFLIGHT_SECONDS = 10.0
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")


class Outside(Protocol):
    """What a start asks of the backend."""

    async def check_role(self, scope: Scope, *, in_location: bool) -> None:
        """Really assume the scope's role. ServiceError when that cannot be done."""

    async def ssm_parameters(self, names: list[str], scope: Scope) -> dict[str, Json]:
        """Values of String and StringList parameters by name. ServiceError for what there is not."""


Authorize = Callable[[str, str, str], None]
"""Called with (initiator, action, resource); raises AccessDeniedException unless the initiator's policies allow it."""


def allow_everything(initiator: str, action: str, resource: str) -> None:
    """For an engine without principals: who reaches it may do everything."""


def same_request(request: Mapping[str, Json]) -> str:
    """What tells two requests with one ClientToken apart: the members as sent, without the token."""
    members = {name: value for name, value in request.items() if name != "ClientToken"}
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


async def prepare(
    request: dict[str, Json],
    caller: Caller,
    *,
    definitions: Definitions,
    runbooks: Runbooks,
    outside: Outside,
    skip_time: bool,
    now: float,
    birth: Birth | None = None,
    authorize: Authorize = allow_everything,
) -> tuple[New, Runbook]:
    """Everything that the first turn needs. Raises the declared errors of StartAutomationExecution.

    `authorize` is asked about the start itself, about parameters of Parameter Store that are read with the server's own
    credentials, and about the role, or about acting without one.
    """
    parent = birth.parent if birth else None
    initiator = parent.initiator if parent else caller.initiator
    if birth is not None and birth.definition is None:
        request = of_step(request)
    if birth is None or birth.definition is None:
        if authorize is not allow_everything:
            resource = definition_arn(request, caller.account, caller.region)
            authorize(initiator, "ssm:StartAutomationExecution", resource)
        definition, text, runbook = await definitions.find(
            caller.account, caller.region, request["DocumentName"], request.get("DocumentVersion")
        )
    else:
        definition, text = birth.definition, None
        runbook = await runbooks.get(definition.key)
    check_targeting(request, runbook.parameters)
    id_ = birth.id if birth else new_uuid()
    start = Start(
        id=id_,
        family=parent.family if parent else id_,
        account=caller.account,
        region=caller.region,
        partition=partition_of(caller.region),
        executed_by=_executor(caller, birth),
        document=definition.document,
        version=definition.version,
        runbook_sha256=definition.key,
        request=known_part(request),
        parameters={},
        parent=parent.id if parent else None,
        target=birth.target if birth else None,
        target_type=definition.target_type,
        skip_time=parent.skip_time if parent else skip_time,
        initiator=initiator,
    )
    if runbook.parameters or request.get("Parameters"):
        start = replace(start, parameters=await _parameters(runbook, start, outside, now, authorize))
    start = await _with_role(start, runbook, birth, outside, authorize)
    token = request.get("ClientToken")
    return New(
        start=start,
        token=token.lower() if token else None,
        token_request=same_request(request) if token else None,
        tags=tuple((tag["Key"], tag["Value"]) for tag in request.get("Tags") or ()),
        text=text,
    ), runbook


def of_step(request: dict[str, Json]) -> dict[str, Json]:
    """A request as a step words it, held against the service model as a caller's is.

    Its parameters are texts already, and may be empty: runbooks hand on an AutomationAssumeRole that nobody gave [OBS].
    """
    parameters = {"Parameters": request["Parameters"]} if "Parameters" in request else {}
    others = {name: value for name, value in request.items() if name != "Parameters"}
    checked = check("StartAutomationExecution", others)
    mapping_of(checked.get("Tags", ()))
    return checked | parameters


def definition_arn(request: Mapping[str, Json], account: str, region: str) -> str:
    """[UG] the resource of a start, whether the document is named by its name or by its ARN."""
    name = str(request["DocumentName"])
    version = request.get("DocumentVersion") or "$DEFAULT"
    own = local_name(account, region, name)
    if own is None:  # in another account or region, which no document here is
        return f"{name.replace(':document/', ':automation-definition/', 1)}:{version}"
    return f"arn:{partition_of(region)}:ssm:{region}:{account}:automation-definition/{own}:{version}"


async def _with_role(
    start: Start, runbook: Runbook, birth: Birth | None, outside: Outside, authorize: Authorize
) -> Start:
    """A child in a location acts as the role there, other executions as their runbook says, else as their parent."""
    parent = birth.parent if birth else None
    if birth is not None and birth.place is not None:
        place = birth.place
        role: str | None = f"arn:{start.partition}:iam::{place.account}:role/{place.role_name}"
        via = birth.parent.role
    else:
        written = None if parent and parent.in_location else _role(runbook, start, start.parameters)
        role, via = (written, None) if written else (parent.role, parent.via) if parent else (None, None)
    in_location = parent is not None and (parent.in_location or (birth is not None and birth.place is not None))
    if role is None and parent is None and authorize is not allow_everything:
        resource = definition_arn(start.request, start.account, start.region)
        authorize(start.initiator, "runwright:ActAsServer", resource)
    if role is not None and (parent is None or role != parent.role):
        authorize(start.initiator, "iam:PassRole", role)
        scope = Scope(start.id, start.family, start.account, start.region, role, via)
        await _within_preflight(outside.check_role(scope, in_location=in_location), f"assuming the role {role}")
    return replace(start, role=role, via=via, in_location=in_location) if role is not None or in_location else start


def _executor(caller: Caller, birth: Birth | None) -> str:
    """[OBS] a child of an execution with a role is executed by a session of that role."""
    if birth is None:
        return caller.arn
    parent, place = birth.parent, birth.place
    if place is not None:
        role = f"arn:{partition_of(place.region)}:iam::{place.account}:role/{place.role_name}"
        return session_arn(role, parent.id)
    return parent.executed_by if parent.role is None else session_arn(parent.role, parent.id)


async def _parameters(
    runbook: Runbook, start: Start, outside: Outside, now: float, authorize: Authorize
) -> dict[str, Json]:
    given: dict[str, list[str]] = start.request.get("Parameters") or {}
    names = needed_ssm_parameters(runbook.parameters, given)
    stored: dict[str, Json] = {}
    if names:
        place = f"arn:{start.partition}:ssm:{start.region}:{start.account}:parameter/"
        for name in names:
            authorize(start.initiator, "ssm:GetParameters", place + name.lstrip("/"))
        scope = Scope(start.id, start.family, start.account, start.region, None)
        reading = outside.ssm_parameters(names, scope)
        stored = await _within_preflight(reading, "reading parameters of Parameter Store")
    exempt = target_parameters(start.request) if is_fanout(start.request) else frozenset[str]()
    return bind(runbook.parameters, given, stored, lambda name: system_variable(name, start, now), exempt=exempt)


def _role(runbook: Runbook, start: Start, parameters: dict[str, Json]) -> str | None:
    """[UG] assumeRole is a constant or a parameter; an empty one means that there is none."""
    if not runbook.assume_role:
        return None

    def lookup(reference: str) -> Json:
        return parameters[reference] if ":" not in reference else system_variable(reference, start, 0.0)

    try:
        role = str(render(runbook.assume_role, lookup)).strip()
    except Unresolved:
        return None
    if not role:
        return None
    if not _ROLE.fullmatch(role):
        raise ServiceError(
            "InvalidAutomationExecutionParametersException",
            f"The format of the supplied assume role ARN is invalid. It is {role[:200]!r}; "
            "arn:aws:iam::ACCOUNT:role/NAME is expected.",
        )
    return role


async def _within_preflight(work: Awaitable[T], doing: str) -> T:
    try:
        async with asyncio.timeout(PREFLIGHT_SECONDS):
            return await work
    except Incomplete as answer:
        raise ServiceError("InternalServerError", f"{answer}, which is needed for {doing}.", 500) from None
    except TimeoutError:
        raise ServiceError(
            "InternalServerError", f"The backend gave no answer in {PREFLIGHT_SECONDS:g} seconds while {doing}.", 500
        ) from None
