"""On whose behalf something is done: the caller of a request, and the execution that an effect belongs to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and in which account and region."""

    account: str
    region: str
    arn: str


@dataclass(frozen=True, slots=True)
class Scope:
    """The execution for which an effect is performed.

    `family` is the id of its outermost ancestor (they share one clock); `role` the ARN that it acts as, None for the
    backend's own credentials.
    """

    execution_id: str
    family: str
    account: str
    region: str
    role: str | None
