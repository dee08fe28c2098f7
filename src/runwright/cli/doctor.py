"""`runwright doctor`: how scripts are isolated on this machine, and what that contains."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from runwright.cli import flags
from runwright.config import InvalidSetting, read
from runwright.runtime.powershell import find_pwsh
from runwright.runtime.sandbox.tiers import LANDLOCK, NONE, REFUSED, TIERS, contained
from runwright.runtime.sandboxes import Ladder
from runwright.runtime.scripts import Scripts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    flags.add(parser, "script-sandbox", "pwsh", "aws")


def main(args: argparse.Namespace) -> int:
    """Exit code 0 when scripts run isolated, 1 when they do not, 2 for a setting that cannot be read."""
    try:
        mode, aws = read("script-sandbox", args.script_sandbox), read("aws", args.aws)
        pwsh = find_pwsh(read("pwsh", args.pwsh))
    except InvalidSetting as error:
        print(f"runwright doctor: {error}", file=sys.stderr)
        return 2
    is_open = aws == "default"
    ladder = asyncio.run(_probe(mode, is_open=is_open))
    if args.json:
        print(json.dumps(_as_json(ladder, pwsh, is_open=is_open), indent=2))
    else:
        print("\n".join(_lines(ladder, pwsh, is_open=is_open)))
    return 1 if ladder.tier in (REFUSED, NONE) else 0


async def _probe(mode: str, *, is_open: bool) -> Ladder:
    scripts = Scripts(mode, is_open=is_open)
    try:
        return await scripts.ladder()
    finally:
        scripts.close()


def _contained(ladder: Ladder, *, is_open: bool) -> list[tuple[str, str, bool]]:
    version = ladder.facts.get("landlock")
    found = contained(ladder.tier, version if isinstance(version, int) else 0, network_is_open=is_open)
    return [(each.what, each.how, yes) for each, yes in found]


def _as_json(ladder: Ladder, pwsh: str | None, *, is_open: bool) -> dict[str, object]:
    return {
        "ScriptSandbox": ladder.tier,
        "Network": "open" if is_open else "backend and private listener",
        "Facts": dict(ladder.facts),
        "Contained": {what: yes for what, _, yes in _contained(ladder, is_open=is_open)},
        "PowerShell": pwsh,
    }


def _lines(ladder: Ladder, pwsh: str | None, *, is_open: bool) -> list[str]:
    lines = [f"Scripts: {ladder.tier} ({TIERS[ladder.tier]})"]
    if "no_namespaces" in ladder.facts:
        lines.append(f"  no namespaces of their own: {ladder.facts['no_namespaces']}")
    if "no_landlock" in ladder.facts:
        lines.append(f"  no Landlock: {ladder.facts['no_landlock']}")
    if "error" in ladder.facts:
        lines.append(f"  {ladder.facts['error']}")
    lines.append(f"  Landlock: version {ladder.facts.get('landlock', 0)}")
    lines.append(
        f"  Network: {'open, since runbooks act on real AWS' if is_open else 'the backend and this engine only'}"
    )
    if ladder.tier == LANDLOCK and not ladder.facts.get("own_user"):
        lines.append("  They have the same user as the server, without its capabilities.")
    lines += ["", "What is contained:"]
    lines += [
        f"  {'yes' if yes else 'NO ':3}  {what} ({how})" for what, how, yes in _contained(ladder, is_open=is_open)
    ]
    missing = "not found: steps that need it fail; install it so that pwsh is on PATH, or name it with --pwsh"
    lines += ["", f"PowerShell: {pwsh or missing}"]
    return lines
