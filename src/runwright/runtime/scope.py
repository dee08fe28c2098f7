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


@dataclass(frozen=True, slots=True)
class Parent:
    """The execution that starts another: whose child it is, in which family, and with which role."""

    id: str
    family: str
    role: str | None
    skip_time: bool
    executed_by: str


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
