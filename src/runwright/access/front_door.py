"""The front door of a server with principals: who asks, and whether they may. What is not allowed is refused.

It knows neither operations nor documents: an action and a resource are texts here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from runwright.access import sigv4
from runwright.access.limits import Rates, Replays
from runwright.access.policies import Statement, decide
from runwright.access.principals import AccessKey, Principal
from runwright.errors import ServiceError
from runwright.runtime.scope import Caller

SKEW_SECONDS = 300
"""[AWS General Reference] how far a signature's time may be off."""


class FrontDoor:
    """`requests_per_second` bounds each principal, 0 does not. `now` gives seconds since the epoch."""

    def __init__(
        self,
        keys: Sequence[AccessKey],
        *,
        requests_per_second: int = 0,
        skew_seconds: float = SKEW_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = {key.id: key for key in keys}
        self._principals = {key.principal.arn: key.principal for key in keys}
        self._rates = Rates(requests_per_second)
        self._replays = Replays()
        self._skew = skew_seconds
        self._now = now

    def secrets(self) -> list[str]:
        """What no text may show."""
        return [key.secret for key in self._keys.values()]

    def authenticate(
        self, method: str, path: str, query: str, headers: sigv4.Headers, body: bytes, address: str
    ) -> Caller:
        """Who signed this request, and for which region.

        Raises AWS's errors of authentication, and ThrottlingException.
        """
        now = self._now()
        claim = sigv4.read_claim(method, path, query, headers)
        key = self._keys.get(claim.key_id)
        if key is None:
            raise sigv4.unknown_key()
        if not claim.is_signed_with(key.secret, body):
            raise sigv4.wrong_signature()
        sigv4.check_time(claim, now, self._skew)
        if not self._replays.admit(claim.signature, address, now, claim.signed_at + self._skew):
            raise ServiceError(
                "InvalidSignatureException", "The request was sent before with this signature: sign each request anew."
            )
        principal = key.principal
        self._rates.take(principal.arn, now)
        return Caller(principal.account, claim.region, principal.arn, principal.arn)

    def authorize(self, initiator: str, action: str, resource: str) -> None:
        """Raise AccessDeniedException, in AWS's words, unless the principal's policies allow the action."""
        principal = self._principals.get(initiator)
        decision = decide(_statements(principal), action, resource)
        if decision != "allowed":
            raise denied(initiator or "(unknown)", action, resource, explicit=decision == "denied")


def _statements(principal: Principal | None) -> Sequence[Statement]:
    return principal.statements if principal is not None else ()


def denied(arn: str, action: str, resource: str, *, explicit: bool) -> ServiceError:
    """[UG23] for the sentence up to the resource; how it goes on as IAM's policy evaluation words it."""
    why = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {action} action"
    )
    message = f"User: {arn} is not authorized to perform: {action} on resource: {resource} {why}"
    return ServiceError("AccessDeniedException", message)
