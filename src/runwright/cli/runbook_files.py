"""Runbook files on disk that become documents: read and checked first, then installed in an open engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runwright.actions import DECLARATIONS
from runwright.cli.check import FORMATS, format_of
from runwright.language import parse
from runwright.language.model import Runbook
from runwright.language.problems import Problem

if TYPE_CHECKING:
    from runwright.engine import Engine
    from runwright.runtime.scope import Caller

NAME = re.compile(r"[A-Za-z0-9_.:/-]{3,128}")
"""[B] what may be a document's name; reserved beginnings are allowed here."""


class Unreadable(Exception):
    """A file or directory that cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class RunbookFile:
    """A file as read; `runbook` is None when it has errors among its problems."""

    path: Path
    text: str
    format: str
    problems: tuple[Problem, ...]
    runbook: Runbook | None

    @property
    def has_errors(self) -> bool:
        return self.runbook is None or any(problem.is_error for problem in self.problems)


def read_file(path: Path, *, has_powershell: Callable[[], bool] = lambda: False) -> RunbookFile:
    """Read and check one file, as `parse` does. Raises Unreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"cannot read {path}: it is not UTF-8 text") from None
    text_format = format_of(path.name, text)
    parsed = parse(text, text_format, DECLARATIONS, has_powershell=has_powershell)
    return RunbookFile(path, text, text_format, tuple(parsed.problems), parsed.runbook)


def read_directories(
    directories: Iterable[Path], *, has_powershell: Callable[[], bool] = lambda: False
) -> list[RunbookFile]:
    """Read and check every runbook directly in these directories. Raises Unreadable, also for one name twice."""
    named: dict[str, Path] = {}
    for path in (path for directory in directories for path in _runbooks_in(directory)):
        if not NAME.fullmatch(path.stem):
            raise Unreadable(f"{path}: '{path.stem}' is no name of a document: {NAME.pattern} is expected")
        if path.stem in named and named[path.stem].resolve() != path.resolve():
            raise Unreadable(f"{named[path.stem]} and {path} would both be the document {path.stem}")
        named[path.stem] = path
    return [read_file(path, has_powershell=has_powershell) for path in named.values()]


def _runbooks_in(directory: Path) -> Iterator[Path]:
    try:
        return iter(sorted(path for path in directory.iterdir() if path.suffix.lower() in FORMATS and path.is_file()))
    except OSError as error:
        raise Unreadable(f"cannot read {directory}: {error.strerror}") from None


async def install(engine: Engine, files: Iterable[RunbookFile], caller: Caller) -> None:
    """Make a document of each file; other content than the document has becomes its new default version."""
    for file in files:
        await engine.documents.install(caller.account, caller.region, file.path.stem, file.text, file.format)
