"""Every action, loaded: importing this loads all families, so that no execution waits for a module.

ACTIONS holds those that have a generator; DECLARATIONS also aws:branch and aws:loop, which the interpreter runs itself.
"""

from __future__ import annotations

from runwright.actions import DECLARATIONS as LOADED_WHEN_ASKED_FOR
from runwright.actions.registry import ACTIONS
from runwright.language.declarations import Declaration

DECLARATIONS: dict[str, Declaration] = dict(LOADED_WHEN_ASKED_FOR)

__all__ = ["ACTIONS", "DECLARATIONS"]
