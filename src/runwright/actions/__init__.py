"""The aws:* actions: what each takes and gives, and what it asks of the world.

ACTIONS holds those that have a generator; DECLARATIONS also aws:branch and aws:loop, which the interpreter runs itself.
Importing this loads every family and no AWS library.
"""

from __future__ import annotations

from runwright.actions import (
    api_calls,
    approvals,
    aws_only,
    children,
    commands,
    flow,
    images,
    instances,
    invocations,
    scripts,
    stacks,
    tags,
)
from runwright.actions.registry import ACTIONS
from runwright.language.declarations import Declaration

FAMILIES = (
    api_calls,
    scripts,
    flow,
    approvals,
    children,
    instances,
    images,
    commands,
    stacks,
    tags,
    invocations,
    aws_only,
)
"""The modules that register actions."""

DECLARATIONS: dict[str, Declaration] = {
    declaration.action: declaration
    for declaration in sorted(
        [*(action.declaration for action in ACTIONS.values()), flow.BRANCH, flow.LOOP], key=lambda one: one.action
    )
}

__all__ = ["ACTIONS", "DECLARATIONS", "FAMILIES"]
