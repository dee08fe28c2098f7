"""AWS Systems Manager Automation as software that anyone can run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runwright.in_process import client as client

__version__ = "0.1.0"
__all__ = ["client"]


def __getattr__(name: str) -> Any:
    """`runwright.client`, imported when it is asked for: the command line does without boto3."""
    if name == "client":
        from runwright.in_process import client

        return client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
