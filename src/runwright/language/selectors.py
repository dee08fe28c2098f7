"""Takes values out of a reply by JSONPath, as runbooks write it.

Plain paths (`$.Reservations[0].Instances[0].State.Name`) are walked here; deep scans, wildcards, slices and filters are
left to python-jsonpath. Whether a path is definite (one value) or not (a list) is Jayway's rule, which AWS follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from runwright.language.fields import shown
from runwright.language.types import is_of_kind, kind_found
from runwright.messages import Json, Selection
from runwright.records import record

_NAME = re.compile(r"[^.\[\]()'\"\s?@*$,|&]+")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_INDEX = re.compile(r"\s*-?\d{1,9}\s*")
_SEVERAL = re.compile(rf"\s*(?:-?\d*:-?\d*|-?\d+|{_QUOTED.pattern})(?:\s*,\s*(?:-?\d+|{_QUOTED.pattern}))*\s*")


class WrongType(ValueError):
    """What a selector found is not of the type that the runbook declares for it."""


class Found(NamedTuple):
    """What a selector found. A path that is not definite gives a list, however many matches there are."""

    matches: list[Json]
    definite: bool


@record
class _Path:
    """`prefix` is the definite beginning; `rest` finds matches in the whole document, None when there is no more."""

    prefix: tuple[str | int, ...]
    rest: Any | None


_ABSENT: Any = object()


def take(selections: Iterable[Selection], document: Json) -> dict[str, Json]:
    """Return what each selection finds in `document`, by name; what finds nothing (or null) is absent.

    Raises WrongType for a value of another type, ValueError for a selector that `problem_of` refuses.
    """
    taken = {}
    for selection in selections:
        value = _taken(selection, document)
        if value is not None:
            taken[selection.name] = value
    return taken


def find(selector: str, document: Json) -> Found | None:
    """Return the matches of `selector`, or None when the path leads nowhere.

    Raises ValueError for a selector that `problem_of` refuses, and for a document too deep for a deep scan.
    """
    path = _compiled(selector)
    value = document
    for key in path.prefix:
        value = _child(value, key)
        if value is _ABSENT:
            return None
    if path.rest is None:
        return Found([value], definite=True)
    return Found(path.rest(document), definite=False)


def problem_of(selector: str) -> str | None:
    """Say why `selector` cannot be used, or None."""
    try:
        _compiled(selector)
    except ValueError as wrong:
        return str(wrong)
    return None


def coerced(kind: str, value: Json) -> Json:
    """`value` as a `kind`, or None when it is none.

    Nothing is converted (a value of the wrong type fails the step [UG]) but a whole number that the API carries as a
    decimal: AWS's own runbooks declare `ThrottlingRateLimit`, a double, as Integer (inferred).
    """
    if kind == "Integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if is_of_kind(kind, value) else None


def _taken(selection: Selection, document: Json) -> Json:
    found = find(selection.selector, document)
    if found is None:
        return None
    kind, matches = selection.type, found.matches
    if found.definite:
        value = matches[0]
    elif kind in (None, "StringList", "MapList"):
        value = matches
    elif len(matches) <= 1:
        # AWS's own runbooks take the one match of a filter as a String (inferred).
        value = matches[0] if matches else None
    else:
        value = matches
    if value is None or kind is None:
        return value
    fitting = coerced(kind, value)
    if fitting is None:
        raise WrongType(
            f"Output {selection.name} is declared as {kind}, but its selector {selection.selector} "
            f"found {shown(value)} ({kind_found(value)})"
        )
    return fitting


def _child(value: Json, key: str | int) -> Json:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, _ABSENT)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else _ABSENT
    return _ABSENT


@lru_cache(maxsize=4096)
def _compiled(selector: str) -> _Path:
    steps = list(_steps(selector))
    definite = next((index for index, step in enumerate(steps) if isinstance(step, str)), len(steps))
    prefix = tuple(key for step in steps[:definite] if isinstance(step, tuple) for key in step)
    if definite == len(steps):
        return _Path(prefix, None)
    text = "$" + "".join(step if isinstance(step, str) else _bracketed(step[0]) for step in steps)
    from runwright.language.full_selectors import finder  # python-jsonpath takes longer to import than a check may

    return _Path(prefix, finder(text, selector))


def _steps(selector: str) -> Iterable[tuple[str | int] | str]:
    """Each step of a path: a one-tuple of a definite key, else its text in python-jsonpath's spelling."""
    text = selector.strip()
    if not text:
        raise ValueError("the selector is empty; write for example $.Reservations[0].Instances[0].InstanceId")
    at, deep = (1, "") if text[0] == "$" else (0, "")
    if at == 0 and text[0] not in ".[":
        text = "." + text  # a path may begin with its first name
    while at < len(text):
        if text.startswith("..", at):
            at, deep = at + 2, ".."
        elif text[at] == ".":
            at += 1
        elif text[at] != "[":
            raise ValueError(_unexpected(selector, text, at))
        step, at = _step(selector, text, at)
        if deep:
            yield deep + (step if isinstance(step, str) else _bracketed(step[0]))
        else:
            yield step
        deep = ""


def _step(selector: str, text: str, at: int) -> tuple[tuple[str | int] | str, int]:
    if at < len(text) and text[at] == "[":
        end = _closing(selector, text, at)
        return _bracket(selector, text[at + 1 : end]), end + 1
    if at < len(text) and text[at] == "*":
        return "[*]", at + 1
    found = _QUOTED.match(text, at) or _NAME.match(text, at)
    if found is None:
        raise ValueError(_unexpected(selector, text, at))
    return (_unquoted(found[0]),), found.end()


def _bracket(selector: str, inner: str) -> tuple[str | int] | str:
    if _INDEX.fullmatch(inner):
        return (int(inner),)
    if _QUOTED.fullmatch(inner.strip()):
        return (_unquoted(inner.strip()),)
    if inner.strip() == "*" or inner.lstrip().startswith("?") or _SEVERAL.fullmatch(inner):
        return f"[{inner.strip()}]"
    raise ValueError(f"{selector} has [{inner}], which is neither an index, a quoted name, *, a slice nor a filter")


def _closing(selector: str, text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        quoted = _QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    raise ValueError(f"{selector} has a [ without its ]")


def _unexpected(selector: str, text: str, at: int) -> str:
    if at >= len(text):
        return f"{selector} ends where a name is missing"
    if text[at] == "(":
        return f"{selector} calls a function; functions are not supported in selectors"
    return f"{selector} has an unexpected \"{text[at]}\"; names with other characters are written ['like this']"


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] in "'\"" else text


def _bracketed(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return "['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"
