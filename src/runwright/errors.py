"""The two exceptions that callers of Runwright see; anything else that escapes is our bug."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runwright.language.problems import Problem


class ServiceError(Exception):
    """A request that cannot be served, as AWS words it.

    `code` is the error's AWS name (the answer's `__type`), `message` says what was found, where, and what
    would be accepted, `status` is the HTTP status of the answer.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class InvalidRunbook(Exception):
    """A text that is no runbook; `problems` holds every finding, errors and warnings."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems if problem.is_error))
        self.problems = tuple(problems)
