"""What cannot be told from one property alone: flow, references, inputs, and advice that is no error."""

from __future__ import annotations

from runwright.language.checks import advice, flow, inputs, references
from runwright.language.declarations import Declarations
from runwright.language.draft import Draft
from runwright.language.findings import Findings


def check(
    draft: Draft, declarations: Declarations, findings: Findings, *, with_advice: bool
) -> frozenset[tuple[str, str]]:
    """Note every problem of the whole; give the (step, output) pairs that the runbook refers to.

    `with_advice` looks for warnings too; that runs the author's own patterns, so servers do without.
    """
    flow.check(draft, findings)
    inputs.check(draft, declarations, findings)
    if with_advice:
        advice.check(draft, declarations, findings)
    return references.check(draft, declarations, findings)
