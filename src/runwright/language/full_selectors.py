"""Selectors that need python-jsonpath: deep scans, wildcards and filters. Imported when the first one is met."""

from __future__ import annotations

from collections.abc import Callable

import jsonpath
from jsonpath import JSONPath
from jsonpath.filter import BaseExpression, FunctionExtension, InfixExpression, ListLiteral, RegexLiteral
from jsonpath.selectors import Filter

from runwright.messages import Json

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "&&", "||")


def finder(text: str, selector: str) -> Callable[[Json], list[Json]]:
    """Compile `text`, the selector in python-jsonpath's spelling, into the function that gives its matches.

    Raises ValueError for what is no path or is not supported; the function does for a document too deep.
    """
    try:
        path = jsonpath.compile(text)
    except (jsonpath.JSONPathError, RecursionError) as wrong:
        raise ValueError(f"{selector} is no JSONPath: {str(wrong).splitlines()[0]}") from None
    if not isinstance(path, JSONPath):
        raise ValueError(f"{selector} is no single JSONPath")
    _refuse_unsupported(path, selector)

    def find(document: Json) -> list[Json]:
        try:
            return list(path.findall(document))
        except (jsonpath.JSONPathError, RecursionError):
            raise ValueError(f"{selector} cannot be looked up: what it looks through is nested too deeply") from None

    return find


def _refuse_unsupported(path: JSONPath, selector: str) -> None:
    for segment in path.segments:
        for part in segment.selectors:
            if isinstance(part, Filter):
                _refuse_in_filter(part.expression, selector)


def _refuse_in_filter(expression: BaseExpression, selector: str) -> None:
    waiting = [expression]
    while waiting:
        each = waiting.pop()
        if isinstance(each, FunctionExtension):
            raise ValueError(f"{selector} calls a function; functions are not supported in selectors")
        if isinstance(each, RegexLiteral | ListLiteral) or (
            isinstance(each, InfixExpression) and each.operator not in _COMPARISONS
        ):
            raise ValueError(f"{selector} has a filter that does more than compare; use {', '.join(_COMPARISONS)}")
        waiting.extend(each.children())
