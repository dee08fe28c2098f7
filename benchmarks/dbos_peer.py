"""Workflows of ten recorded steps a second on DBOS with SQLite in WAL mode: `python -m benchmarks.dbos_peer COUNT`."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from dbos import DBOS


@DBOS.step()  # type: ignore[untyped-decorator, unused-ignore]  # it may be not installed
def nothing(number: int) -> int:
    return number


@DBOS.workflow()  # type: ignore[untyped-decorator, unused-ignore]
def ten() -> int:
    return sum(nothing(number) for number in range(10))


def main() -> None:
    """Print the speed as the last word."""
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dbos.sqlite"
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
        DBOS(config={"name": "peer", "system_database_url": f"sqlite:///{file}", "run_admin_server": False})
        DBOS.launch()
        ten()
        began = time.perf_counter()
        handles = [DBOS.start_workflow(ten) for _ in range(count)]
        for handle in handles:
            handle.get_result()
        seconds = time.perf_counter() - began
        DBOS.destroy()
    print(count / seconds)


if __name__ == "__main__":
    main()
