"""Run the measurements and print their table: `python -m benchmarks [NAME...] [--write]`."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks import command, fanout, many, script_step, throughput
from benchmarks.rows import HEAD, Row

MEASUREMENTS = {
    "peers": throughput.against_peers,
    "cpu": throughput.cpu_a_step,
    "calls": throughput.calls_a_second,
    "api": throughput.api_steps,
    "waiting": many.waiting,
    "finished": many.finished,
    "check": command.check,
    "load": command.load,
    "fanout": fanout.children,
    "script": script_step.script_step,
}
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def main() -> int:
    """Exit code 1 when a row does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(MEASUREMENTS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    args = parser.parse_args()
    if unknown := set(args.names) - MEASUREMENTS.keys():
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    for name in args.names or MEASUREMENTS:
        print(f"measuring {name} ...", file=sys.stderr)
        measured = MEASUREMENTS[name]()
        print(*measured, sep="\n", file=sys.stderr)
        rows += measured
    table = "\n".join([_under_what(), "", HEAD, *map(str, rows)])
    print(table)
    if args.write:
        page = Path(__file__).with_name("README.md")
        text = page.read_text("utf-8")
        page.write_text(f"{text.partition(BEGIN)[0]}{BEGIN}\n{table}\n{END}{text.partition(END)[2]}", "utf-8")
    return 0 if all(row.holds for row in rows) else 1


def _under_what() -> str:
    peers = ", ".join(f"{name} {version(name)}" for name in ("moto", "dbos", "uvicorn", "boto3"))
    return (
        f"{datetime.datetime.now(datetime.UTC).date()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{peers}, {os.cpu_count()} CPUs shared by server, client and peer."
    )


if __name__ == "__main__":
    sys.exit(main())
