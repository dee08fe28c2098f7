"""Problems while they are being collected: by path, since places are worked out only for what is found."""

from __future__ import annotations

from dataclasses import dataclass, field

from runwright.language.places import Path, Source
from runwright.language.problems import Problem


@dataclass(slots=True)
class Findings:
    """Collects what readers and checks find, in any order."""

    found: list[tuple[Path, bool, str, str, bool]] = field(default_factory=list)

    def error(self, code: str, path: Path, message: str, *, of_key: bool = False) -> None:
        """Note what AWS would refuse; `of_key`: it is the key that is wrong, not the value."""
        self.found.append((path, of_key, code, message, True))

    def warning(self, code: str, path: Path, message: str, *, of_key: bool = False) -> None:
        """Note what is accepted but may not do what the author means."""
        self.found.append((path, of_key, code, message, False))

    def placed(self, source: Source) -> tuple[Problem, ...]:
        """All findings and the source's own, with their places, in the order of the text."""
        problems = [
            Problem(code, message, source.place_of(path, of_key=of_key), is_error)
            for path, of_key, code, message, is_error in self.found
        ]
        return tuple(sorted(dict.fromkeys([*source.problems, *problems]), key=lambda problem: problem.place))
