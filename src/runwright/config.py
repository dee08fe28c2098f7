"""One table of settings: the command line, the environment and the documentation are made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

QUOTAS = {
    "running": (100, "Executions that run at a time in an account and region; further ones are Pending."),
    "queued": (1000, "Starts that may wait for a running slot; a start beyond is refused."),
    "rate-controlled": (25, "Executions with targets that are under way at a time in an account and region."),
}
"""Name: (AWS's value, what it limits). 0 stands for no limit."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`data` None keeps nothing on disk. `aws` is `default`, `simulated` or the URL of every service's endpoint."""

    data: Path | None = None
    aws: str = "default"
    region: str = "us-east-1"
    account: str = "123456789012"
    skip_time: bool = False
    quotas: dict[str, int] = field(default_factory=lambda: {name: value for name, (value, _) in QUOTAS.items()})
