"""What the tests of the sandbox share: scripts in a tier that is forced, and a look at what runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from runwright.messages import Failure
from runwright.runtime.sandbox.tiers import LANDLOCK, NAMESPACES
from runwright.runtime.scripts import Limits, Returned, Script, Scripts

TIERS = (NAMESPACES, LANDLOCK)


class Stage:
    """One zygote of a tier, for several scripts."""

    def __init__(self, runner: asyncio.Runner, tier: str, *, is_open: bool = False) -> None:
        self.runner = runner
        self.tier = tier
        self.scripts = Scripts(tier, is_open=is_open, limits=Limits(output_bytes=1024 * 1024, processes=40))

    def run(
        self,
        text: str,
        payload: Any = None,
        seconds: float = 30.0,
        reach: Iterable[str] = (),
        files: dict[str, bytes] | None = None,
        runtime: str = "python3.11",
        report: Callable[[str], None] = lambda text: None,
    ) -> Returned | Failure:
        return self.runner.run(self.start(text, payload, seconds, reach, files, runtime, report))

    async def start(
        self,
        text: str,
        payload: Any = None,
        seconds: float = 30.0,
        reach: Iterable[str] = (),
        files: dict[str, bytes] | None = None,
        runtime: str = "python3.11",
        report: Callable[[str], None] = lambda text: None,
    ) -> Returned | Failure:
        environment = {f"AWS_ENDPOINT_URL_{number}": url for number, url in enumerate(reach)}
        script = Script(runtime, text, "main", payload, {}, seconds, files or {})
        return await self.scripts.run(script, environment, report)

    def value(self, text: str, payload: Any = None, **more: Any) -> Any:
        outcome = self.run(text, payload, **more)
        assert isinstance(outcome, Returned), outcome
        return outcome.value

    def failure(self, text: str, payload: Any = None, **more: Any) -> str:
        outcome = self.run(text, payload, **more)
        assert isinstance(outcome, Failure), outcome
        return outcome.message


def running(*command: str) -> list[int]:
    """The processes with this command line, in whatever namespace."""
    wanted = b"\0".join(map(os.fsencode, command)) + b"\0"
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                found.append(int(path.parent.name))
        except OSError:
            continue  # it ended meanwhile
    return found
