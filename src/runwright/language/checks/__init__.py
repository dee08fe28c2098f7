"""What cannot be told from one property alone: flow, references, inputs, and advice that is no error."""

from __future__ import annotations

from collections.abc import Callable

from runwright.language.checks import advice, flow, inputs, references
from runwright.language.declarations import Declarations
from runwright.language.draft import Draft
from runwright.language.findings import Findings


def check(draft: Draft, declarations: Declarations, findings: Findings) -> frozenset[tuple[str, str]]:
    """Note every error of the whole; give the (step, output) pairs that the runbook refers to."""
    flow.check(draft, findings)
    inputs.check(draft, declarations, findings)
    return references.check(draft, declarations, findings)


def advise(draft: Draft, declarations: Declarations, findings: Findings, *, has_powershell: Callable[[], bool]) -> None:
    """Note what is worth a second look; this runs the author's own patterns, so servers do without."""
    advice.check(draft, declarations, findings, has_powershell=has_powershell)
