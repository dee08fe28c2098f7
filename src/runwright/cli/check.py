"""`runwright check`: every problem of every runbook, as lines that editors understand or as JSON."""

from __future__ import annotations

import argparse
import json
import os.path
import sys
from functools import cache

from runwright.actions import DECLARATIONS
from runwright.cli import flags
from runwright.config import InvalidSetting, read
from runwright.language import parse
from runwright.language.problems import Problem

FORMATS = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runbooks", nargs="+", metavar="RUNBOOK", help="a file in JSON or YAML")
    parser.add_argument("--json", action="store_true", help="print one JSON list of all problems")
    flags.add(parser, "pwsh")


def main(args: argparse.Namespace) -> int:
    """Exit code 0 without errors (warnings may be there), 1 with any, 2 when a file or setting could not be read."""
    try:
        pwsh = read("pwsh", args.pwsh)
    except InvalidSetting as error:
        print(f"runwright check: {error}", file=sys.stderr)
        return 2

    @cache
    def has_powershell() -> bool:
        from runwright.runtime.powershell import find_pwsh  # loaded when needed

        return find_pwsh(pwsh) is not None

    found: list[tuple[str, Problem]] = []
    unreadable = False
    for name in args.runbooks:
        try:
            with open(name, encoding="utf-8-sig") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            print(f"runwright check: cannot read {name}: {reason}", file=sys.stderr)
            unreadable = True
            continue
        parsed = parse(text, format_of(name, text), DECLARATIONS, has_powershell=has_powershell)
        found.extend((name, problem) for problem in parsed.problems)
    if args.json:
        print(json.dumps([as_json(name, problem) for name, problem in found], indent=2))
    else:
        for name, problem in found:
            print(line_of(name, problem))
    if unreadable:
        return 2
    return 1 if any(problem.is_error for _, problem in found) else 0


def format_of(name: str, text: str) -> str:
    """JSON or YAML: by the suffix of the file's name, else by how the text begins."""
    by_content = "JSON" if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")) else "YAML"
    return FORMATS.get(os.path.splitext(name)[1].lower(), by_content)


def line_of(name: str, problem: Problem) -> str:
    """`file:line:column: code message`, on one line whatever the message holds."""
    message = problem.message if problem.is_error else f"warning: {problem.message}"
    one_line = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in message)
    return f"{name}:{problem.place.line}:{problem.place.column}: {problem.code} {one_line}"


def as_json(name: str, problem: Problem) -> dict[str, str | int]:
    """A problem of the file `name` as `--json` shows it."""
    return {
        "file": name,
        "line": problem.place.line,
        "column": problem.place.column,
        "code": problem.code,
        "severity": "error" if problem.is_error else "warning",
        "message": problem.message,
    }
