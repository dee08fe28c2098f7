"""What a start asks of the backend before anything is stored: the role, and parameters of Parameter Store."""

from __future__ import annotations

from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.backend import Backend
from runwright.runtime.failures import Refused
from runwright.runtime.scope import Scope

_NAMES_A_CALL = 10
_SECONDS = 10.0


class Preflight:
    """Asks a backend. What cannot be had is the start's own refusal."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def check_role(self, scope: Scope, *, in_location: bool) -> None:
        """Really assume the scope's role. [UG] for the first sentence of the refusal, [OBS] for that in a location."""
        keys = await self._backend.assume(scope)
        if not isinstance(keys, Refused):
            return
        if in_location:
            raise _refusal(f"{_unassumed(scope.role, keys)} {keys.failure.message}")
        raise _refusal(f"The defined assume role is unable to be assumed. {keys.failure.message}")

    async def ssm_parameters(self, names: list[str], scope: Scope) -> dict[str, Json]:
        """Values by name: a StringList is a list. SecureString is not supported [UG]."""
        values: dict[str, Json] = {}
        for first in range(0, len(names), _NAMES_A_CALL):
            wanted = names[first : first + _NAMES_A_CALL]
            reply = await self._backend.call(scope, "ssm", "GetParameters", {"Names": wanted}, seconds=_SECONDS)
            if isinstance(reply, Refused):
                reason = reply.failure.message
                raise _refusal(f"The defaults {', '.join(wanted)} cannot be read from Parameter Store. {reason}")
            for found in reply["Parameters"]:
                if found["Type"] == "SecureString":
                    raise _refusal(
                        f"Parameter {found['Name']} of Parameter Store is a SecureString: a default cannot use it."
                    )
                is_list = found["Type"] == "StringList"
                values[found["Name"]] = found["Value"].split(",") if is_list else found["Value"]
            missing = [name for name in wanted if name not in values]
            if missing:
                raise _refusal(
                    f"Parameter Store has no parameter {', '.join(missing)}, which a default of the runbook names."
                )
        return values


def _unassumed(role: str | None, refused: Refused) -> str:
    """[OBS] how the record of a location says it; where STS gave no answer the fields are null, as seen there."""
    answer = ("null", 0, "null", "null")
    if refused.status:
        answer = ("AWSSecurityTokenService", refused.status, refused.failure.code, refused.request_id)
    service, status, code, request_id = answer
    return (
        f"The provided role: {role} can't be assumed. (Service: {service}; Status Code: {status}; "
        f"Error Code: {code}; Request ID: {request_id}; Proxy: null)"
    )


def _refusal(message: str) -> ServiceError:
    return ServiceError("InvalidAutomationExecutionParametersException", message)
