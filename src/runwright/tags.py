"""Tags of what belongs to an account and region: automation executions and documents.

Rows live in one table by (account, region, type, resource, name). The functions on a connection are for those who write
tags together with the thing that has them; whether a resource exists is asked in the same transaction as the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sqlite3 import Connection
from typing import TypeAlias

from runwright.errors import ServiceError
from runwright.runtime.sqlite import Database

MOST_TAGS = 50
"""On one resource. [B] StartAutomationExecution and the ruling for executions; documents are held to the same."""

RESERVED_PREFIX = "aws:"

AwsTags: TypeAlias = list[dict[str, str]]

_EXISTS = {
    "Automation": "SELECT 1 FROM executions WHERE account = ? AND region = ? AND id = ?",
    "Document": "SELECT 1 FROM documents WHERE account = ? AND region = ? AND name = ?",
}


def mapping_of(tags: Iterable[Mapping[str, str]], *, most: int = MOST_TAGS) -> dict[str, str]:
    """Tags as a request lists them. Raises ValidationException for more than `most` and for keys that AWS reserves."""
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) > most:
        raise ServiceError("ValidationException", f"{len(found)} tags were given; at most {most} are accepted here.")
    for name in found:
        if name.lower().startswith(RESERVED_PREFIX):
            raise ServiceError("ValidationException", f"Tag key '{name}': keys that begin with aws: are reserved.")
    return found


def put(conn: Connection, account: str, region: str, kind: str, resource: str, tags: Mapping[str, str]) -> None:
    """Write tags over those of the same name. Raises TooManyTagsError when the resource would have more than 50."""
    conn.executemany(
        "INSERT INTO tags (account, region, type, resource, name, value) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET value = excluded.value",
        [(account, region, kind, resource, name, value) for name, value in tags.items()],
    )
    if tags:
        query = "SELECT count(*) FROM tags WHERE account = ? AND region = ? AND type = ? AND resource = ?"
        (count,) = conn.execute(query, (account, region, kind, resource)).fetchone()
        if count > MOST_TAGS:
            message = f"{resource} would have {count} tags; at most {MOST_TAGS} are allowed."
            raise ServiceError("TooManyTagsError", message)


def of(conn: Connection, account: str, region: str, kind: str, resource: str) -> AwsTags:
    """The tags of a resource by name, as AWS lists them."""
    rows = conn.execute(
        "SELECT name, value FROM tags WHERE account = ? AND region = ? AND type = ? AND resource = ? ORDER BY name",
        (account, region, kind, resource),
    )
    return [{"Key": name, "Value": value} for name, value in rows]


def drop(conn: Connection, account: str, region: str, kind: str, resource: str) -> None:
    """Delete all tags of a resource that is going away."""
    conn.execute(
        "DELETE FROM tags WHERE account = ? AND region = ? AND type = ? AND resource = ?",
        (account, region, kind, resource),
    )


class Tags:
    """Tags of existing resources; each method raises InvalidResourceId where there is no such resource."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: str, region: str, kind: str, resource: str, tags: Mapping[str, str]) -> None:
        def work(conn: Connection) -> None:
            _require(conn, account, region, kind, resource)
            put(conn, account, region, kind, resource, tags)

        await self._database.write(work)

    async def remove(self, account: str, region: str, kind: str, resource: str, names: Iterable[str]) -> None:
        """Names that the resource does not have are passed over."""
        wanted = list(names)

        def work(conn: Connection) -> None:
            _require(conn, account, region, kind, resource)
            conn.executemany(
                "DELETE FROM tags WHERE account = ? AND region = ? AND type = ? AND resource = ? AND name = ?",
                [(account, region, kind, resource, name) for name in wanted],
            )

        await self._database.write(work)

    async def list(self, account: str, region: str, kind: str, resource: str) -> AwsTags:
        def work(conn: Connection) -> AwsTags:
            _require(conn, account, region, kind, resource)
            return of(conn, account, region, kind, resource)

        return await self._database.read(work)


def _require(conn: Connection, account: str, region: str, kind: str, resource: str) -> None:
    if conn.execute(_EXISTS[kind], (account, region, resource)).fetchone() is None:
        noun = "automation execution" if kind == "Automation" else "document"
        raise ServiceError("InvalidResourceId", f"There is no {noun} {resource} in account {account}, {region}.")
