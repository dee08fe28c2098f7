"""The aws:* actions: what each takes and gives, and what it asks of the world.

DECLARATIONS loads a family when one of its actions is asked for, so that whoever reads a runbook has those that it
names; `every` has loaded them all, for whoever runs them. Nothing here loads an AWS library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from runwright.actions.registry import DECLARED
from runwright.language.declarations import Declaration

MODULES = {
    "aws:approve": "approvals",
    "aws:assertAwsResourceProperty": "api_calls",
    "aws:branch": "flow",
    "aws:changeInstanceState": "instances",
    "aws:copyImage": "images",
    "aws:createImage": "images",
    "aws:createStack": "stacks",
    "aws:createTags": "tags",
    "aws:deleteImage": "images",
    "aws:deleteStack": "stacks",
    "aws:executeAutomation": "children",
    "aws:executeAwsApi": "api_calls",
    "aws:executeScript": "scripts",
    "aws:executeStateMachine": "invocations",
    "aws:installDistributorPackageOnAzure": "aws_only",
    "aws:invokeLambdaFunction": "invocations",
    "aws:invokeWebhook": "invocations",
    "aws:loop": "flow",
    "aws:pause": "approvals",
    "aws:putServerUpgradeMetrics": "aws_only",
    "aws:runCommand": "commands",
    "aws:runInstances": "instances",
    "aws:shareSQLMedia": "aws_only",
    "aws:sleep": "flow",
    "aws:updateVariable": "flow",
    "aws:waitForAwsResourceProperty": "api_calls",
}
"""The module in this room that declares each action."""


class _Declarations(Mapping[str, Declaration]):
    """The names are known without loading anything."""

    def __getitem__(self, name: str) -> Declaration:
        if name not in DECLARED:
            import_module(f"{__name__}.{MODULES[name]}")
        return DECLARED[name]

    def __contains__(self, name: object) -> bool:
        return name in MODULES

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


DECLARATIONS: Mapping[str, Declaration] = _Declarations()

__all__ = ["DECLARATIONS", "MODULES"]
