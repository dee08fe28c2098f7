"""Text to Runbook: reading, checking and the rules of the language. Pure: no clock, no network, no AWS.

The actions' declarations are handed in, so that this room does not know which actions there are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from runwright.errors import InvalidRunbook
from runwright.language import checks, reader
from runwright.language.declarations import Declarations
from runwright.language.draft import Draft
from runwright.language.findings import Findings, TooMany
from runwright.language.model import Runbook
from runwright.language.problems import Problem
from runwright.language.source import load
from runwright.records import record

__all__ = ["Parsed", "Problem", "Runbook", "parse", "parse_runbook"]


@record
class Parsed:
    """`runbook` is None when any of the problems is an error. Problems stand in the order of the text."""

    runbook: Runbook | None
    problems: tuple[Problem, ...]

    @property
    def is_valid(self) -> bool:
        return self.runbook is not None


def parse(
    text: str,
    format: str,  # noqa: A002 - AWS's word
    declarations: Declarations,
    *,
    has_powershell: Callable[[], bool] = lambda: False,
) -> Parsed:
    """Read a text in JSON or YAML and tell everything that is wrong with it, warnings included. Never raises.

    `has_powershell`: whether the machine that runs it can run PowerShell; asked when a script needs it.
    """
    return _parse(text, format, declarations, partial(checks.advise, has_powershell=has_powershell))


def parse_runbook(text: str, format: str, declarations: Declarations) -> Runbook:  # noqa: A002 - AWS's word
    """Read a text in JSON or YAML without looking for warnings.

    Raises InvalidRunbook, with all errors, when there is any.
    """
    parsed = _parse(text, format, declarations)
    if parsed.runbook is None:
        raise InvalidRunbook(parsed.problems)
    return parsed.runbook


def _parse(
    text: str,
    format: str,  # noqa: A002
    declarations: Declarations,
    advise: Callable[[Draft, Declarations, Findings], None] | None = None,
) -> Parsed:
    try:
        source = load(text, format)
    except InvalidRunbook as refused:
        return Parsed(None, refused.problems)
    findings = Findings()
    runbook = None
    try:
        if draft := reader.read(source.value, findings):
            runbook = _runbook(draft, checks.check(draft, declarations, findings))
            if advise is not None:
                advise(draft, declarations, findings)
    except TooMany:  # those there are will do
        pass
    problems = findings.placed(source)
    return Parsed(None if any(problem.is_error for problem in problems) else runbook, problems)


def _runbook(draft: Draft, referred: frozenset[tuple[str, str]]) -> Runbook:
    return Runbook(
        steps=draft.main_steps,
        all_steps={name: each.step for name, each in draft.by_name.items()},
        parameters=draft.parameters,
        variables=draft.variables,
        description=draft.description,
        assume_role=draft.assume_role,
        outputs=draft.outputs,
        files=draft.files,
        referred=referred,
    )
