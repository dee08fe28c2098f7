"""Single values as authors write them: `"600"` for 600, `"true"` for true, a number where a text is meant.

Each function gives the value that is meant, or None when there is none; it knows nothing of where the value stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from runwright.language.json_values import json_value
from runwright.messages import Json

MOST_NAMES, MOST_CANDIDATES, MOST_CHARS = 40, 200, 64
MOST_OF_A_STEP = 2**31 - 1
"""What the members of the API that say them (TimeoutSeconds, MaxAttempts) can hold for every client (inferred)."""

_WHOLE = re.compile(r"\s*[-+]?[0-9]{1,18}\s*")


def as_text(value: Json) -> str | None:
    """A text as it is; a number or a boolean as JSON writes it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return None


def as_whole_number(value: Json) -> int | None:
    """A whole number, also as a text of digits or as `3.0`."""
    match value:
        case bool():
            return None
        case int():
            return value
        case float() if value.is_integer():
            return int(value)
        case str() if _WHOLE.fullmatch(value):
            return int(value)
        case _:
            return None


def as_number_of_step(value: Json, minimum: int) -> int | None:
    """A step's timeoutSeconds or maxAttempts, written in the step or given by a reference there."""
    number = as_whole_number(value)
    return number if number is not None and minimum <= number <= MOST_OF_A_STEP else None


def as_flag(value: Json) -> bool | None:
    """A boolean, also as a text in any case of letters."""
    match value:
        case bool():
            return value
        case str() if value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        case _:
            return None


def as_kind(kind: str, value: Json) -> Json:
    """A value of one of the six types; a list or map may be written as JSON in a text, a list of one as its item."""
    if kind in ("StringMap", "MapList", "StringList") and isinstance(value, str):
        value = _json_in(value) if value.strip() else {} if kind == "StringMap" else []
    match kind:
        case "String":
            return as_text(value)
        case "Integer":
            return as_whole_number(value)
        case "Boolean":
            return as_flag(value)
        case "StringMap":
            return value if isinstance(value, dict) else None
        case "StringList":
            texts = [as_text(each) for each in (value if isinstance(value, list) else [value])]
            return None if None in texts else texts
        case _:
            maps = value if isinstance(value, list) else [value]
            return maps if all(isinstance(each, dict) for each in maps) else None


def _json_in(text: str) -> Json:
    """The list or map that a text holds as JSON, else the text."""
    if text.strip()[0] not in "[{":
        return text
    try:
        return json_value(text)
    except ValueError:  # it only begins like JSON
        return text


def shown(value: Json) -> str:
    """What was found, short enough for a message."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a map"
        case list():
            return "a list"
        case str():
            return f'"{value if len(value) <= 60 else value[:57] + "..."}"'
        case _:
            return str(as_text(value))


def one_of(names: Iterable[str]) -> str:
    """The names that would be accepted, as a phrase; of very many the first few."""
    every = list(names)
    if len(every) > MOST_NAMES:
        return f"{', '.join(every[:MOST_NAMES])} or {len(every) - MOST_NAMES} others"
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} or {every[-1]}" if every else "none"


def meant(name: str, known: Iterable[str]) -> str:
    """A question in brackets for a name that may be a slip of the pen, or nothing."""
    from difflib import get_close_matches  # loaded when needed

    candidates = [each for each in islice(known, MOST_CANDIDATES) if len(each) <= MOST_CHARS]
    close = get_close_matches(name, candidates, n=1, cutoff=0.75) if len(name) <= MOST_CHARS else None
    return f' (did you mean "{close[0]}"?)' if close else ""
