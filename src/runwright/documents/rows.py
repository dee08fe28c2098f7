"""Documents in the database: what is done with them on a connection.

The tables are in `runtime/schema/1/documents.sql`, tags of documents in `tags`.
"""

from __future__ import annotations

import json
from sqlite3 import Connection, Row
from typing import Any

from runwright import sharing, tags
from runwright.documents.model import ARN, Draft, Version, Wanted
from runwright.errors import ServiceError
from runwright.runtime.scope import partition_of

COLUMNS = (
    "account", "region", "name", "type", "number", "default", "latest", "format", "sha256", "text", "created_at",
    "version_name", "display_name", "target_type", "requires",
)  # fmt: skip

SELECT = """
    SELECT d.account, d.region, d.name, d.type, v.number, d.default_version,
           (SELECT max(number) FROM document_versions AS other
             WHERE other.account = d.account AND other.region = d.region AND other.name = d.name),
           v.format, v.sha256, v.text, v.created_at, v.version_name, v.display_name, v.target_type, v.requires
      FROM documents AS d
      JOIN document_versions AS v ON v.account = d.account AND v.region = d.region AND v.name = d.name
"""


def exists(conn: Connection, account: str, region: str, name: str) -> bool:
    key = (account, region, name)
    return bool(conn.execute("SELECT 1 FROM documents WHERE account = ? AND region = ? AND name = ?", key).fetchone())


def version_of(conn: Connection, row: Row | tuple[Any, ...]) -> Version:
    values = dict(zip(COLUMNS, row, strict=True))
    requires = values.pop("requires")
    tagged = tags.of(conn, values["account"], values["region"], "Document", values["name"])
    return Version(**values, requires=json.loads(requires) if requires else None, tags=tagged)


def find_version(
    conn: Connection,
    account: str,
    region: str,
    name: str,
    version: str | None = None,
    version_name: str | None = None,
) -> Version:
    if not exists(conn, account, region, name):
        raise no_document(name)
    where, values, order = "WHERE d.account = ? AND d.region = ? AND d.name = ?", [account, region, name], ""
    if version == "$LATEST":
        order = "ORDER BY v.number DESC LIMIT 1"
    elif version == "$DEFAULT" or (version is None and version_name is None):
        where += " AND v.number = d.default_version"
    elif version is not None:
        where += " AND v.number = CAST(? AS INTEGER)"
        values.append(version if len(version) <= len(str(2**62)) else "0")
    if version_name is not None:
        where += " AND v.version_name = ?"
        values.append(version_name)
    row = conn.execute(f"{SELECT} {where} {order}", values).fetchone()
    if row is None:
        asked = " ".join(part for part in (version, version_name) if part is not None)
        raise ServiceError("InvalidDocumentVersion", f"Document {name} has no version {asked}.")
    return version_of(conn, row)


def find_shared(
    conn: Connection, account: str, region: str, arn: str, version: str | None, version_name: str | None
) -> Version:
    """A document of another account in the same region, if it is shared; other versions than those shared are none."""
    named = ARN.fullmatch(arn)
    if named is None or named["region"] != region:
        raise no_document(arn)
    key = (named["account"], region, named["name"])
    shared = sharing.shared_version(conn, key, account)
    if shared is None:
        raise no_document(arn)
    if version is None and version_name is None and shared != "$ALL":
        return find_version(conn, *key, shared)
    found = find_version(conn, *key, version, version_name)
    if shared != "$ALL" and found.number != find_version(conn, *key, shared).number:
        message = f"Version {found.number} of {arn} is not shared with account {account}; {shared} is."
        raise ServiceError("InvalidDocumentVersion", message)
    return found


def make(conn: Connection, account: str, region: str, name: str, kind: str, draft: Draft, at: float) -> None:
    conn.execute(
        "INSERT INTO documents (account, region, name, type, default_version, last_version) VALUES (?, ?, ?, ?, 1, 0)",
        (account, region, name, kind),
    )
    add_version(conn, account, region, name, draft, at)


def add_version(conn: Connection, account: str, region: str, name: str, draft: Draft, at: float) -> int:
    key = (account, region, name)
    (number,) = conn.execute(
        "UPDATE documents SET last_version = last_version + 1 WHERE account = ? AND region = ? AND name = ? "
        "RETURNING last_version",
        key,
    ).fetchone()
    requires = json.dumps(draft.requires) if draft.requires else None
    conn.execute(
        "INSERT INTO document_versions (account, region, name, number, version_name, display_name, target_type, "
        "requires, format, sha256, text, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*key, number, draft.version_name, draft.display_name, draft.target_type, requires, draft.format,
         draft.sha256, draft.text, round(at, 3)),
    )  # fmt: skip
    return int(number)


def set_default(conn: Connection, account: str, region: str, name: str, number: int) -> None:
    conn.execute(
        "UPDATE documents SET default_version = ? WHERE account = ? AND region = ? AND name = ?",
        (number, account, region, name),
    )


def page_of_own(conn: Connection, account: str, region: str, wanted: Wanted, after: str, most: int) -> list[Version]:
    return _listed(conn, wanted, "d.account = ? AND d.region = ? AND d.name > ?", (account, region, after), most)


def page_of_others(conn: Connection, account: str, region: str, wanted: Wanted, after: str, most: int) -> list[Version]:
    """Documents that others share with the account or with everybody, as far as these are wanted, by their ARNs."""
    others = [who for who, meant in ((account, wanted.shared), (sharing.EVERYBODY, wanted.public)) if meant]
    whose = (
        "d.account <> ? AND d.region = ? AND (d.account, d.name) IN (SELECT account, name FROM document_shares"
        " WHERE region = ? AND with_account IN (SELECT value FROM json_each(?)))"
        " AND ? || d.account || ':document/' || d.name > ?"
    )
    beginning = f"arn:{partition_of(region)}:ssm:{region}:"
    values = (account, region, region, json.dumps(others), beginning, after)
    return _listed(conn, wanted, whose, values, most) if others else []


def _listed(conn: Connection, wanted: Wanted, whose: str, of: tuple[Any, ...], most: int) -> list[Version]:
    conditions = [whose, "v.number = d.default_version"]
    values: list[Any] = list(of)

    def any_of(condition: str, each: tuple[str, ...]) -> None:
        if each:
            conditions.append("(" + " OR ".join([condition] * len(each)) + ")")
            values.extend(each)

    any_of("instr(d.name, ?) = 1", wanted.name_prefixes)
    any_of("d.type = ?", wanted.types)
    any_of("v.target_type = ?", wanted.target_types)
    any_of("instr(lower(d.name), lower(?)) > 0", wanted.keywords)
    for name, options in wanted.tags.items():
        marks = ", ".join("?" * len(options))
        conditions.append(
            "EXISTS (SELECT 1 FROM tags AS t WHERE t.account = d.account AND t.region = d.region "  # noqa: S608 - marks
            f"AND t.type = 'Document' AND t.resource = d.name AND t.name = ? AND t.value IN ({marks}))"
        )
        values += [name, *options]
    query = f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY d.account || ':document/' || d.name LIMIT ?"
    return [version_of(conn, row) for row in conn.execute(query, (*values, most)).fetchall()]


def no_document(name: str) -> ServiceError:
    return ServiceError("InvalidDocument", f"Document with name {name} does not exist.")
