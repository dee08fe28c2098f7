"""A finding in a runbook: data, so that all of them can be collected, sorted and shown."""

from __future__ import annotations

from typing import NamedTuple

from runwright.records import record


class Place(NamedTuple):
    """Where something stands in the text; both count from 1."""

    line: int
    column: int


@record
class Problem:
    """`code` is a short stable name (`unknown-action`), `message` says what was found and what would be accepted."""

    code: str
    message: str
    place: Place
    is_error: bool = True
