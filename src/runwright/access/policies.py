"""IAM-style policies: statements that allow or deny actions on resources, and what they decide together.

Pure. The language is IAM's Effect, Action and Resource with the wildcards * and ?; whatever else IAM has (Condition,
NotAction, Principal) is refused where it is read, because a part that is ignored could be the one that protects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from runwright.messages import Json

Decision = Literal["allowed", "unmentioned", "denied"]
"""`unmentioned`: no statement allows it; `denied`: a statement forbids it, whatever others allow."""

ANY = "*"
"""The resource of an action that is on none in particular; only the resource * of a statement covers it."""

_MEMBERS = frozenset({"Sid", "Effect", "Action", "Resource"})


class InvalidPolicy(ValueError):
    """A policy that cannot be read; the text says where and what is accepted."""


@dataclass(frozen=True, slots=True)
class Statement:
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        """Actions are compared in any case of letters, resources exactly."""
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions) and any(
            _covers(pattern, resource) for pattern in self.resources
        )


def decide(statements: Iterable[Statement], action: str, resource: str) -> Decision:
    """A Deny beats every Allow; what nobody allows is not allowed."""
    decision: Decision = "unmentioned"
    for statement in statements:
        if statement.covers(action, resource):
            if not statement.allows:
                return "denied"
            decision = "allowed"
    return decision


def read_policy(policy: Json, where: str) -> tuple[Statement, ...]:
    """The statements of a policy as IAM writes it: {"Statement": [...]}. Raises InvalidPolicy."""
    if not isinstance(policy, Mapping) or policy.keys() - {"Version", "Id"} != {"Statement"}:
        raise InvalidPolicy(f"{where}: a policy has the member Statement, and may have Version and Id")
    statements = policy["Statement"]
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise InvalidPolicy(f"{where}: Statement is a list of statements")
    return tuple(_statement(each, f"{where}, statement {number}") for number, each in enumerate(statements, 1))


def _statement(raw: Json, where: str) -> Statement:
    if not isinstance(raw, Mapping):
        raise InvalidPolicy(f"{where}: a statement has the members Effect, Action and Resource")
    if strange := sorted(map(str, raw.keys() - _MEMBERS)):
        raise InvalidPolicy(f"{where}: {', '.join(strange)} is not known here; a statement has {', '.join(_ordered())}")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise InvalidPolicy(f"{where}: Effect is Allow or Deny")
    actions = _texts(raw.get("Action"), f"{where}: Action")
    for action in actions:
        if action != "*" and ":" not in action:
            raise InvalidPolicy(f"{where}: the action '{action}' has no service in front, as ssm:GetDocument has")
    return Statement(raw["Effect"] == "Allow", actions, _texts(raw.get("Resource"), f"{where}: Resource"))


def _ordered() -> tuple[str, ...]:
    return ("Sid", "Effect", "Action", "Resource")


def _texts(value: Json, what: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise InvalidPolicy(f"{what} is a text or a list of texts")
    return tuple(texts)


def _covers(pattern: str, resource: str) -> bool:
    """ARNs are compared part by part, so that a wildcard of one part never reaches into the next."""
    if pattern == ANY:
        return True
    patterns, parts = pattern.split(":", 5), resource.split(":", 5)
    if len(patterns) != len(parts):
        return False
    return all(matches(*pair) for pair in zip(patterns, parts, strict=True))


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits a pattern with * and ?. Linear in both but for their product at worst."""
    at = place = 0
    star, resume = -1, 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at += 1
            place += 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return all(rest == "*" for rest in pattern[at:])
