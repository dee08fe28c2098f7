"""On whose behalf something is done: the caller of a request, and the execution that an effect belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from runwright.interpreter.state import step_execution_id
from runwright.messages import Location


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and in which account and region.

    `initiator` is the ARN of the principal whose policies apply: the caller's, or that of who began the execution which
    asks; empty where there are no principals.
    """

    account: str
    region: str
    arn: str
    initiator: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The execution for which an effect is performed.

    `family` is the id of its outermost ancestor (they share one clock); `role` the ARN that it acts as, None for the
    backend's own credentials. `via` is the role by which `role` is assumed (an administration role in the centre for an
    execution role in another account), None when the backend's own credentials assume it. `path` and `visit` are those
    of the step that wishes it; what no step wishes has no path, or one that begins with `!`.
    """

    execution_id: str
    family: str
    account: str
    region: str
    role: str | None
    via: str | None = None
    path: str = ""
    visit: int = 1

    def ids(self) -> dict[str, str]:
        """What a log line says of it: `execution`, and for a step also `step` and `step_execution`."""
        if not self.execution_id:
            return {}
        ids = {"execution": self.execution_id}
        if self.path and not self.path.startswith("!"):
            ids["step"] = self.path.rpartition("/")[2]
            ids["step_execution"] = step_execution_id(self.execution_id, self.path, self.visit)
        return ids


@dataclass(frozen=True, slots=True)
class Parent:
    """The execution that starts another: in which family and as whom.

    `in_location`: its role is that of a location; then all that it starts acts as that role too.
    """

    id: str
    family: str
    role: str | None
    via: str | None
    skip_time: bool
    executed_by: str
    in_location: bool
    initiator: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What is run: document and version by name, and the key of the text."""

    document: str
    version: str
    key: str
    target_type: str | None


@dataclass(frozen=True, slots=True)
class Birth:
    """How a child comes to be: under which id, of whom, for which target or in which place.

    `definition` is that of its parent where they run the same runbook, None where the request names another.
    """

    id: str
    parent: Parent
    definition: Definition | None = None
    target: str | None = None
    place: Location | None = None


def partition_of(region: str) -> str:
    """The partition that a region is in, by its name."""
    for beginning, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(beginning):
            return partition
    return "aws"


def session_arn(role: str, session: str) -> str:
    """The ARN of a session of a role."""
    parts = role.split(":")
    return f"arn:{parts[1]}:sts::{parts[4]}:assumed-role/{role.rpartition('/')[2]}/{session}"
