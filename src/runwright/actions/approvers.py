"""Who is meant by an entry of Approvers."""

from __future__ import annotations

from collections.abc import Iterable


def is_approver(arn: str, approvers: Iterable[str]) -> bool:
    """[UG] an entry is a user name, a user's or role's ARN, or an assumed-role ARN; no entries let everyone decide.

    A session's ARN tells the name of its role without its path, so the paths of roles are not looked at.
    """
    entries = set(map(_without_path, approvers))
    return not entries or not entries.isdisjoint(_names_of(arn))


def _names_of(arn: str) -> set[str]:
    names = {_without_path(arn), arn.rpartition("/")[2]}
    parts = arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "sts" and parts[5].startswith("assumed-role/"):
        role = parts[5].split("/")[1]
        names.add(f"arn:{parts[1]}:iam::{parts[4]}:role/{role}")
    return names


def _without_path(entry: str) -> str:
    beginning, role, path = entry.partition(":role/")
    return f"{beginning}{role}{path.rpartition('/')[2]}"
