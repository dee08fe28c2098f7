"""Puts values in the place of `{{ reference }}` in what a runbook says.

Rendering is one pass over what the document says: text that came from a value is never rendered again. What a
reference stands for is the lookup's business; this module knows neither parameters nor steps.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

from runwright.messages import Json

Lookup: TypeAlias = Callable[[str], Json]
"""Gives what a reference stands for; raises KeyError when there is no such value."""

_REFERENCE = re.compile(r"\{\{\s*+([A-Za-z0-9_.:/-]++)\s*+\}\}")


class Unresolved(KeyError):
    """There is no value for `reference`."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"there is no value for {{{{ {self.reference} }}}}"


def render(value: Json, lookup: Lookup) -> Json:
    """Return `value` with every reference in its texts replaced; keys of maps stay as written.

    A text that is one reference becomes the value with its type; as an element of a list, a value that is a list is
    spliced into it [UG]. Within a longer text a value becomes text. Raises Unresolved.
    """
    if isinstance(value, str):
        return _rendered(value, lookup) if "{{" in value else value
    if isinstance(value, dict):
        return {key: render(each, lookup) for key, each in value.items()}
    if isinstance(value, list):
        return _rendered_list(value, lookup)
    return value


def leniently(lookup: Lookup) -> Lookup:
    """`lookup` for where a reference without a value is no error: it stays as text."""

    def look(reference: str) -> Json:
        try:
            return lookup(reference)
        except KeyError:
            return f"{{{{{reference}}}}}"

    return look


def references(value: Json) -> Iterator[str]:
    """Yield each reference in `value`, without braces, in the order of the text and as often as it stands there."""
    if isinstance(value, str):
        if "{{" in value:
            yield from _parts(value)[1::2]
    elif isinstance(value, dict):
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def single_reference(text: str) -> str | None:
    """The reference that is the whole of `text`, or None."""
    if "{{" not in text:
        return None
    parts = _parts(text)
    return parts[1] if len(parts) == 3 and not parts[0] and not parts[2] else None


def as_embedded_text(value: Json) -> str:
    """How a value stands within a longer text: lists and maps as compact JSON, booleans as `true` and `false`."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rendered(text: str, lookup: Lookup) -> Json:
    parts = _parts(text)
    if len(parts) == 1:
        return text
    if len(parts) == 3 and not parts[0] and not parts[2]:
        return _value_of(parts[1], lookup)
    return "".join(as_embedded_text(_value_of(part, lookup)) if index % 2 else part for index, part in enumerate(parts))


def _rendered_list(value: list[Json], lookup: Lookup) -> list[Json]:
    made = []
    for each in value:
        rendered = render(each, lookup)
        if isinstance(rendered, list) and isinstance(each, str):
            made.extend(rendered)
        else:
            made.append(rendered)
    return made


def _value_of(reference: str, lookup: Lookup) -> Json:
    try:
        return lookup(reference)
    except KeyError:
        raise Unresolved(reference) from None


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, ...]:
    """Plain text at even places, references at odd ones."""
    return tuple(_REFERENCE.split(text))
