"""Where things stand in a text, and how a text is refused before it has a value; both readers of text use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from runwright.errors import InvalidRunbook
from runwright.language.problems import Place, Problem
from runwright.messages import Json
from runwright.records import record

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

MAX_BYTES = 64 * 1024
MAX_LEVELS = 60
MAX_NODES = 20_000


@record
class Source:
    """A text that has been taken apart.

    `locate(path, of_key)` is where the value (or its key) stands; a path that leads nowhere is placed where it ends.
    `problems` are those that do not keep one from reading on: keys written twice.
    """

    value: Json
    locate: Callable[[Path, bool], Place]
    problems: tuple[Problem, ...] = ()

    def place_of(self, path: Path, *, of_key: bool = False) -> Place:
        """Say where the value at `path` begins, or where its key does."""
        return self.locate(path, of_key)


def place_in(text: str, offset: int) -> Place:
    """Line and column of a character by its offset from the start."""
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def refuse(code: str, message: str, place: Place) -> NoReturn:
    """Raise InvalidRunbook with this one problem."""
    raise InvalidRunbook([Problem(code, message, place)])


def refuse_depth(place: Place) -> NoReturn:
    refuse("too-deep", f"lists and maps are nested more than {MAX_LEVELS} levels deep", place)


def refuse_amount(place: Place) -> NoReturn:
    refuse("too-many-nodes", f"the text holds more than {MAX_NODES} values, aliases counted in full", place)


def not_well_formed(format: str, place: Place, reason: str) -> NoReturn:  # noqa: A002 - AWS's word
    """Refuse a syntax error in AWS's words, with the reason, which AWS does not tell."""
    where = f"at Line: {place.line}, Column: {place.column}"
    refuse(f"{format.lower()}-syntax", f"{format} not well-formed. {where}. {reason}", place)


def repeated_key(key: str, place: Place) -> Problem:
    return Problem("duplicate-key", f'the key "{key}" is written twice in one map; each key may be written once', place)
