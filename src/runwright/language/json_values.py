"""JSON that stands in a text: of a parameter, of an input, of what a script or a function gave.

What could not be stored afterwards is no JSON here: NaN, Infinity and 1e999, half of a surrogate pair, and lists and
maps that lie in each other without end.
"""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from runwright.messages import Json

MOST_LEVELS = 100
"""As deep as lists and maps of a request may lie in each other."""

HALF_PAIR = re.compile("[\ud800-\udfff]")


class NotANumber(ValueError):
    """NaN, Infinity or 1e999, which Python reads and JSON cannot hold; its text is what was written."""


class TooDeep(ValueError):
    """Lists and maps lie in each other more than MOST_LEVELS levels deep."""


def json_value(text: str) -> Json:
    """The value that `text` holds. ValueError: it is no JSON that can be stored."""
    try:
        value = json.loads(text, parse_constant=no_constant, parse_float=finite)
    except RecursionError:
        raise TooDeep(text[:20]) from None
    if text.count("[") + text.count("{") > MOST_LEVELS and _levels(value) > MOST_LEVELS:
        raise TooDeep(text[:20])
    if "\\u" in text and HALF_PAIR.search(json.dumps(value, ensure_ascii=False)):
        raise ValueError("half of a surrogate pair")
    return value


def no_constant(name: str) -> NoReturn:
    """What `json` does with NaN and Infinity."""
    raise NotANumber(name)


def finite(written: str) -> float:
    """What `json` makes of a decimal number."""
    number = float(written)
    if math.isinf(number):
        raise NotANumber(written)
    return number


def _levels(value: Json) -> int:
    levels, level = 0, [value]
    while level := [each for each in level if isinstance(each, (dict, list))]:
        levels += 1
        level = [each for one in level for each in (one.values() if isinstance(one, dict) else one)]
    return levels
