"""What StartAutomationExecution does before anything is stored: document, parameters, role, quota.

Order of checks (inferred): a known ClientToken, the document and its version, the parameters, the role, the quota. A
refused start leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import Protocol

from runwright.documents import Documents
from runwright.errors import ServiceError
from runwright.interpreter.references import system_variable
from runwright.interpreter.state import Start
from runwright.language.model import Runbook
from runwright.language.parameters import bind, needed_ssm_parameters
from runwright.language.templates import Unresolved, render
from runwright.messages import Json
from runwright.runtime.journal import New
from runwright.runtime.runbooks import Runbooks
from runwright.runtime.scope import Caller, Parent, Scope, partition_of, session_arn

PREFLIGHT_SECONDS = 10.0
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")


class Outside(Protocol):
    """What a start asks of the backend."""

    async def check_role(self, scope: Scope) -> None:
        """Really assume the scope's role. ServiceError when that cannot be done."""

    async def ssm_parameters(self, names: list[str], scope: Scope) -> dict[str, Json]:
        """Values of String and StringList parameters by name. ServiceError for what there is not."""


def same_request(request: Mapping[str, Json]) -> str:
    """What tells two requests with one ClientToken apart: the members as sent, without the token."""
    members = {name: value for name, value in request.items() if name != "ClientToken"}
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


async def prepare(
    request: dict[str, Json],
    caller: Caller,
    *,
    documents: Documents,
    runbooks: Runbooks,
    outside: Outside,
    skip_time: bool,
    now: float,
    execution_id: str | None = None,
    parent: Parent | None = None,
) -> tuple[New, Runbook]:
    """Everything that the first turn needs. Raises the declared errors of StartAutomationExecution."""
    version = await documents.definition(
        caller.account, caller.region, request["DocumentName"], request.get("DocumentVersion")
    )
    key, runbook = await runbooks.keep(version.text, version.format)
    id_ = execution_id or str(uuid.uuid4())
    start = Start(
        id=id_,
        family=parent.family if parent else id_,
        account=caller.account,
        region=caller.region,
        partition=partition_of(caller.region),
        executed_by=_executor(caller, parent),
        document=version.name,
        version=str(version.number),
        runbook_sha256=key,
        request=request,
        parameters={},
        parent=parent.id if parent else None,
        skip_time=parent.skip_time if parent else skip_time,
    )
    parameters = await _parameters(runbook, start, outside, now)
    role = _role(runbook, start, parameters) or (parent.role if parent else None)
    if role is not None and (parent is None or role != parent.role):
        scope = Scope(start.id, start.family, start.account, start.region, role)
        await _within_preflight(outside.check_role(scope), f"assuming the role {role}")
    token = request.get("ClientToken")
    return New(
        start=_with(start, parameters, role),
        token=token.lower() if token else None,
        token_request=same_request(request) if token else None,
        tags=tuple((tag["Key"], tag["Value"]) for tag in request.get("Tags") or ()),
    ), runbook


def _with(start: Start, parameters: dict[str, Json], role: str | None) -> Start:
    values = {name: getattr(start, name) for name in Start.__dataclass_fields__}
    return Start(**(values | {"parameters": parameters, "role": role}))


def _executor(caller: Caller, parent: Parent | None) -> str:
    """[OBS] a child of an execution with a role is executed by a session of that role."""
    if parent is None:
        return caller.arn
    return parent.executed_by if parent.role is None else session_arn(parent.role, parent.id)


async def _parameters(runbook: Runbook, start: Start, outside: Outside, now: float) -> dict[str, Json]:
    given: dict[str, list[str]] = start.request.get("Parameters") or {}
    names = needed_ssm_parameters(runbook.parameters, given)
    stored: dict[str, Json] = {}
    if names:
        scope = Scope(start.id, start.family, start.account, start.region, None)
        reading = outside.ssm_parameters(names, scope)
        stored = await _within_preflight(reading, "reading parameters of Parameter Store")
    return bind(runbook.parameters, given, stored, lambda reference: system_variable(reference, start, now))


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


async def _within_preflight(work: object, doing: str) -> dict[str, Json]:
    try:
        return await asyncio.wait_for(work, PREFLIGHT_SECONDS)  # type: ignore[arg-type]
    except TimeoutError:
        raise ServiceError(
            "InternalServerError", f"The backend gave no answer in {PREFLIGHT_SECONDS:g} seconds while {doing}.", 500
        ) from None
