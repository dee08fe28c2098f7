"""The command line: one table of commands, each in a module of its own that is imported when it is asked for.

A command's module has `add_arguments(parser)` and `main(args) -> int`, the exit code.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import NamedTuple

import runwright


class Command(NamedTuple):
    module: str
    help: str


COMMANDS = {
    "serve": Command("runwright.cli.serve", "serve the SSM API on a port and run executions"),
    "run": Command("runwright.cli.run", "execute one runbook file here and show each step as it goes"),
    "backup": Command("runwright.cli.backup", "copy a data directory as of one moment, also while it is served"),
    "doctor": Command("runwright.cli.doctor", "tell how scripts are isolated on this machine, and what that contains"),
    "check": Command("runwright.cli.check", "tell everything that is wrong with runbooks, without running them"),
    "documents": Command("runwright.cli.documents", "copy runbooks of an AWS account into a folder"),
    "schema": Command("runwright.cli.schema", "print the JSON Schema of runbooks, for editors"),
}

_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Little of what commands make is garbage that only the collector can find, and of modules nothing is; by its defaults
it would look for some thirty times while a command starts, and take a seventh of a loaded server's processor time."""

_OUTPUT_NOT_WANTED = 128 + 13
"""As of a program that SIGPIPE ended."""

_UNMEASURED = partial(argparse.HelpFormatter, width=80)
"""For each argument that is added argparse makes a formatter, which would load shutil to measure the terminal."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Wrong usage exits 2, as argparse does."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="runwright", description=runwright.__doc__, formatter_class=_UNMEASURED)
    parser.add_argument("--version", action="version", version=f"runwright {runwright.__version__}")
    chosen = next((each for each in arguments if not each.startswith("-")), None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.help, description=command.help, formatter_class=_UNMEASURED)
        if name == chosen:
            import_module(command.module).add_arguments(subparser)
    for each in (parser, *commands.choices.values()):
        each.formatter_class = argparse.HelpFormatter
    args = parser.parse_args(arguments)
    try:
        code: int = import_module(COMMANDS[args.command].module).main(args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output, as `head` does, has had enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OUTPUT_NOT_WANTED
    return code
