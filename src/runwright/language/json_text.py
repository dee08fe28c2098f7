"""JSON text to a Source: values by the standard library, places by a scanner of ours when a problem needs one."""

from __future__ import annotations

import json
import re
from functools import cache

from runwright.language.json_values import HALF_PAIR, NotANumber, finite, no_constant
from runwright.language.places import (
    MAX_LEVELS,
    MAX_NODES,
    Path,
    Source,
    not_well_formed,
    place_in,
    refuse,
    refuse_amount,
    refuse_depth,
    repeated_key,
)
from runwright.language.problems import Place, Problem
from runwright.messages import Json
from runwright.records import field, mutable_record

_TOKEN = re.compile(r'[\[\]{},]|"(?:[^"\\]|\\.)*"(\s*:)?|[^\s\[\]{},":]+', re.DOTALL)


def load(text: str) -> Source:
    """Read JSON; raises InvalidRunbook in AWS's words for what is not well-formed."""
    twice = False

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        nonlocal twice
        made = dict(found)
        twice = twice or len(made) < len(found)
        return made

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=no_constant, parse_float=finite)
    except json.JSONDecodeError as error:
        not_well_formed("JSON", Place(error.lineno, error.colno), error.msg)
    except NotANumber as error:
        place = place_in(text, max(text.find(str(error)), 0))
        refuse("bad-number", f"{error} is no number that JSON can hold", place)
    except ValueError:  # Python converts no integer of more than 4,300 digits
        refuse("bad-number", "a number has more digits than can be read", Place(1, 1))
    except RecursionError:
        refuse_depth(Place(1, 1))
    _measure(value)
    places = cache(lambda: _scan(text))
    source = Source(value, lambda path, of_key: _locate(text, places(), path, of_key), _repeated(text) if twice else ())
    if "\\u" in text:
        _refuse_half_pairs(source)
    return source


def _measure(value: Json) -> None:
    level, depth, nodes = [value], 0, 1
    while level:
        inner = [each for one in level if isinstance(one, (dict, list)) for each in _members(one)]
        depth += any(isinstance(one, (dict, list)) for one in level)
        nodes += len(inner)
        if depth > MAX_LEVELS:
            refuse_depth(Place(1, 1))
        level = inner
    if nodes > MAX_NODES:
        refuse_amount(Place(1, 1))


def _members(value: dict[str, Json] | list[Json]) -> list[Json]:
    return list(value.values()) if isinstance(value, dict) else value


def _refuse_half_pairs(source: Source) -> None:
    waiting: list[tuple[Path, Json]] = [((), source.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), each) for key, each in value.items())
            value = "".join(value)
        elif isinstance(value, list):
            waiting.extend(((*path, index), each) for index, each in enumerate(value))
        if isinstance(value, str) and HALF_PAIR.search(value):
            text = "a \\u escape is half of a surrogate pair, which is no character; write both halves"
            refuse("bad-character", text, source.place_of(path))


@mutable_record
class _Open:
    """A list or map that the scanner is in."""

    path: Path
    is_map: bool
    index: int = 0
    key: str = ""
    seen: set[str] = field(factory=set)


@mutable_record
class _Places:
    values: dict[Path, int] = field(factory=dict)
    keys: dict[Path, int] = field(factory=dict)
    repeated: list[tuple[Path, int]] = field(factory=list)


def _scan(text: str) -> _Places:
    """Offsets of all keys and values of a text that json.loads has accepted."""
    places = _Places()
    stack: list[_Open] = []
    for token in _TOKEN.finditer(text):
        word, top = token.group(), stack[-1] if stack else None
        match word[0]:
            case ",":
                assert top is not None
                top.index += 1
            case "]" | "}":
                stack.pop()
            case '"' if token.group(1) is not None:
                assert top is not None
                top.key = json.loads(word[: -len(token.group(1))])
                path = (*top.path, top.key)
                if top.key in top.seen:
                    places.repeated.append((path, token.start()))
                top.seen.add(top.key)
                places.keys[path] = token.start()
            case first:
                path = () if top is None else (*top.path, top.key if top.is_map else top.index)
                places.values[path] = token.start()
                if first in "[{":
                    stack.append(_Open(path, first == "{"))
    return places


def _locate(text: str, places: _Places, path: Path, of_key: bool) -> Place:
    if of_key and path in places.keys:
        return place_in(text, places.keys[path])
    while path and path not in places.values:
        path = path[:-1]
    return place_in(text, places.values.get(path, 0))


def _repeated(text: str) -> tuple[Problem, ...]:
    return tuple(repeated_key(str(path[-1]), place_in(text, offset)) for path, offset in _scan(text).repeated)
