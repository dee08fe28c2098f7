"""`runwright backup`: a consistent copy of a data directory, also of a running server's."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runwright.cli import flags
from runwright.config import InvalidSetting, read
from runwright.runtime.backup import BackupRefused, back_up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", help="the directory for the copy, made when it is not there")
    flags.add(parser, "data")


def main(args: argparse.Namespace) -> int:
    """Exit code 0 when the copy is whole, 2 when there is none."""
    try:
        folder = read("data", args.data)
        if folder is None:
            raise BackupRefused("a server with --data :memory: keeps nothing that could be copied")
        if not args.target:
            raise BackupRefused("TARGET is empty: the directory for the copy is expected")
        size = back_up(folder, Path(args.target))
    except (InvalidSetting, BackupRefused) as refused:
        print(f"runwright backup: {refused}", file=sys.stderr)
        return 2
    print(f"{args.target}: {size} bytes, as of one moment; serve it with --data {args.target}")
    return 0
