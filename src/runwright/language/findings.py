"""Problems while they are being collected: by path, since places are worked out only for what is found."""

from __future__ import annotations

from typing import NamedTuple

from runwright.language.places import Path, Source
from runwright.language.problems import Problem
from runwright.records import field, mutable_record

LIMIT = 100
"""A text with more problems than this is not looked at further: hostile texts shall not cost more than honest ones."""


class TooMany(Exception):
    """There are as many findings as anyone will read."""


class _Finding(NamedTuple):
    code: str
    path: Path
    of_key: bool
    message: str
    is_error: bool


@mutable_record
class Findings:
    """Collects what readers and checks find, in any order."""

    found: list[_Finding] = field(factory=list)

    def error(self, code: str, path: Path, message: str, *, of_key: bool = False) -> None:
        """Note what AWS would refuse; `of_key`: it is the key that is wrong, not the value. Raises TooMany at last."""
        self.found.append(_Finding(code, path, of_key, message, is_error=True))
        if len(self.found) >= LIMIT:
            raise TooMany

    def warning(self, code: str, path: Path, message: str, *, of_key: bool = False) -> None:
        """Note what is accepted but may not do what the author means."""
        if len(self.found) < LIMIT:
            self.found.append(_Finding(code, path, of_key, message, is_error=False))

    def placed(self, source: Source) -> tuple[Problem, ...]:
        """All findings and the source's own, with their places, in the order of the text."""
        problems = [
            Problem(each.code, each.message, source.place_of(each.path, of_key=each.of_key), each.is_error)
            for each in self.found
        ]
        every = dict.fromkeys([*source.problems[:LIMIT], *problems])
        return tuple(sorted(every, key=lambda problem: problem.place))
