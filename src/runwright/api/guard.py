"""What stands before the operations: who asks, what is on record of it, and how much may be sent.

The door (`app`) takes requests in, `dispatch` says what they are about; this keeps what both need of the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runwright.access.audit import AuditLog
from runwright.access.front_door import FrontDoor
from runwright.config import Settings
from runwright.runtime.scope import Caller

_ONLY_READS = ("Get", "Describe", "List")


@dataclass(frozen=True, slots=True)
class Guard:
    """Without a front door every signature is taken unverified, and everything is allowed."""

    front_door: FrontDoor | None = None
    audit: AuditLog | None = None
    limits: Mapping[str, int] = field(default_factory=lambda: Settings().limits)
    host_names: frozenset[str] = frozenset({"127.0.0.1"})


@dataclass(slots=True)
class Entry:
    """One request on its way to the audit log. What is not known when it ends stays out of its line."""

    audit: AuditLog | None
    request_id: str
    address: str
    key_id: str | None = None
    caller: Caller | None = None
    via: str | None = None
    operation: str | None = None
    resources: list[str] = field(default_factory=list)

    def about(self, operation: str, resources: list[str]) -> None:
        """Say what the request is about, before it is carried out."""
        self.operation, self.resources = operation, resources
        if not operation.startswith(_ONLY_READS):
            self._write("asked", None, None)

    def answered(self, status: int, code: str | None) -> None:
        """Say how it ended; `code` is that of the error, if there was one."""
        self._write("answered", status, code)

    def _write(self, phase: str, status: int | None, code: str | None) -> None:
        if self.audit is None:
            return
        caller = self.caller
        self.audit.write(
            phase,
            request_id=self.request_id,
            address=self.address,
            access_key=self.key_id,
            principal=caller.arn if caller else None,
            initiator=caller.initiator if caller and caller.initiator not in ("", caller.arn) else None,
            execution=self.via,
            account=caller.account if caller else None,
            region=caller.region if caller else None,
            operation=self.operation,
            resources=self.resources or None,
            status=status,
            error=code,
        )
