"""Rows of executions and steps as the engine writes them, for tests of what reads them."""

from __future__ import annotations

import json
from sqlite3 import Connection

from runwright.messages import Json

ACCOUNT = "111122223333"
REGION = "eu-central-1"


def execution(conn: Connection, number: int, **columns: Json) -> None:
    """Insert an execution named `e<number>` that started in second `number`; `columns` say what is different."""
    name = f"e{number}"
    row: dict[str, Json] = {
        "number": number,
        "id": name,
        "account": ACCOUNT,
        "region": REGION,
        "family": name,
        "document": "Demo",
        "runbook": "sha",
        "status": "Success",
        "type": "Local",
        "skip_time": 0,
        "quota": "running",
        "started_at": float(number),
        "seq": 1,
        "begin": "{}",
        "record": json.dumps({"AutomationExecutionId": name, "Parameters": {"a": ["b"]}, "Outputs": {}}),
    }
    _insert(conn, "executions", row | columns)


def step(conn: Connection, number: int, position: int, name: str, **columns: Json) -> None:
    """Insert a step execution of execution `number`."""
    row: dict[str, Json] = {
        "execution": number,
        "position": position,
        "id": f"s{position}",
        "name": name,
        "action": "aws:sleep",
        "status": "Success",
        "started_at": float(position),
        "seq": 1,
        "record": json.dumps({"StepName": name}),
    }
    _insert(conn, "steps", row | columns)


def _insert(conn: Connection, table: str, row: dict[str, Json]) -> None:
    marks = ", ".join("?" * len(row))
    conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
