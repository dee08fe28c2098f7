"""Conditions of aws:branch and aws:loop: eleven operators, joined by And, Or and Not.

A Variable without a value stays the text that names it, which equals no sensible operand: AWS's own samples rely on
an absent `Platform` [UG], and a runbook that AWS publishes asks whether an address that may be absent `Contains` its
own name (inferred from that). An operand without a value compares false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import assert_never

from runwright.language.fields import as_flag, as_text
from runwright.language.model import And, Comparison, Condition, Not, Or
from runwright.language.templates import Lookup, Unresolved, as_embedded_text, leniently, render
from runwright.messages import Json

_WHOLE = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")

Operator = Callable[[Json, Json], bool]


def holds(condition: Condition, lookup: Lookup) -> bool:
    """Say whether `condition` is true for what `lookup` gives."""
    match condition:
        case And():
            return all(holds(each, lookup) for each in condition.conditions)
        case Or():
            return any(holds(each, lookup) for each in condition.conditions)
        case Not():
            return not holds(condition.condition, lookup)
        case Comparison():
            try:
                right = render(condition.operand, lookup)
            except Unresolved:
                return False
            return OPERATORS[condition.operator](render(condition.variable, leniently(lookup)), right)
        case _:
            assert_never(condition)


def is_written_as(value: Json, text: Json) -> bool:
    """Whether `value` is what `text` says: texts are equal, booleans also as `True` and `False` [UG].

    A list is what `text` says when it is not empty and each of its items is (inferred: AWS's own runbooks compare what
    a deep scan found, which is always a list, with one status).
    """
    if isinstance(value, bool):
        return as_flag(text) is value
    if isinstance(value, list) and not isinstance(text, list):
        return bool(value) and all(is_written_as(each, text) for each in value)
    return as_embedded_text(value) == as_embedded_text(text)


def _on_texts(compare: Callable[[str, str], bool]) -> Operator:
    def operator(left: Json, right: Json) -> bool:
        return left is not None and right is not None and compare(as_embedded_text(left), as_embedded_text(right))

    return operator


def _on_numbers(compare: Callable[[float, float], bool]) -> Operator:
    """Compare numbers, also those written as text (inferred); anything else compares false."""

    def operator(left: Json, right: Json) -> bool:
        first, second = _number(left), _number(right)
        return first is not None and second is not None and compare(first, second)

    return operator


def _number(value: Json) -> float | int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) and len(value) <= 40 else ""
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else None


def _string_equals(left: Json, right: Json) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return as_flag(left) is not None and as_flag(left) is as_flag(right)
    return left is not None and right is not None and as_embedded_text(left) == as_embedded_text(right)


def _contains(left: Json, right: Json) -> bool:
    """A text contains a part; a list contains an item (inferred: the documentation knows texts alone)."""
    if isinstance(left, list):
        return any(as_text(each) == as_text(right) for each in left if as_text(each) is not None)
    return left is not None and right is not None and as_embedded_text(right) in as_embedded_text(left)


def _boolean_equals(left: Json, right: Json) -> bool:
    return as_flag(left) is not None and as_flag(left) is as_flag(right)


OPERATORS: Mapping[str, Operator] = {
    "StringEquals": _string_equals,
    "EqualsIgnoreCase": _on_texts(lambda left, right: left.casefold() == right.casefold()),
    "StartsWith": _on_texts(str.startswith),
    "EndsWith": _on_texts(str.endswith),
    "Contains": _contains,
    "NumericEquals": _on_numbers(lambda left, right: left == right),
    "NumericGreater": _on_numbers(lambda left, right: left > right),
    "NumericLesser": _on_numbers(lambda left, right: left < right),
    "NumericGreaterOrEquals": _on_numbers(lambda left, right: left >= right),
    "NumericLesserOrEquals": _on_numbers(lambda left, right: left <= right),
    "BooleanEquals": _boolean_equals,
}
