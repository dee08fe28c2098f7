"""With whom documents are shared: one account each, or everybody (`All`).

Who may use a document of another account names it by its ARN and is given the versions that are shared. The functions
on a connection are for `documents`, which asks in the transaction that uses the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from runwright.errors import ServiceError

EVERYBODY = "All"
MOST_ACCOUNTS = 1000
"""That one document is shared with. [B] DocumentPermissionLimit."""

MOST_PUBLIC = 5
"""Public documents of an account in a region. [B] DocumentPermissionLimit."""

SHARED_BY_DEFAULT = "$DEFAULT"
"""SharedDocumentVersion when it is not given. [B]"""

Key = tuple[str, str, str]
"""(account, region, name) of a document."""


@dataclass(frozen=True, slots=True)
class Share:
    """`version` says which versions are shared: $DEFAULT, $LATEST or $ALL."""

    account: str
    version: str


def change(conn: Connection, key: Key, add: Sequence[str], remove: Sequence[str], version: str | None) -> None:
    """Share a document with accounts, and with others no more; an account in both lists is removed [B].

    Raises DocumentPermissionLimit.
    """
    gone = {_spelled(each) for each in remove}
    conn.executemany(
        "DELETE FROM document_shares WHERE account = ? AND region = ? AND name = ? AND with_account = ?",
        [(*key, each) for each in sorted(gone)],
    )
    conn.executemany(
        "INSERT INTO document_shares (account, region, name, with_account, version) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET version = excluded.version",
        [(*key, each, version or SHARED_BY_DEFAULT) for each in map(_spelled, add) if each not in gone],
    )
    count = "SELECT count(*) FROM document_shares WHERE account = ? AND region = ?"
    (accounts,) = conn.execute(f"{count} AND name = ?", key).fetchone()
    if accounts > MOST_ACCOUNTS:
        message = f"Document {key[2]} would be shared with {accounts} accounts; at most {MOST_ACCOUNTS} are allowed."
        raise ServiceError("DocumentPermissionLimit", message)
    (public,) = conn.execute(f"{count} AND with_account = ?", (*key[:2], EVERYBODY)).fetchone()
    if public > MOST_PUBLIC:
        message = f"Account {key[0]} would have {public} public documents in {key[1]}; at most {MOST_PUBLIC} may be."
        raise ServiceError("DocumentPermissionLimit", message)


def shares(conn: Connection, key: Key, after: str, most: int) -> list[Share]:
    """With whom a document is shared, by account id, at most `most` behind `after`."""
    rows = conn.execute(
        "SELECT with_account, version FROM document_shares WHERE account = ? AND region = ? AND name = ? "
        "AND with_account > ? ORDER BY with_account LIMIT ?",
        (*key, after, most),
    )
    return [Share(*row) for row in rows]


def shared_version(conn: Connection, key: Key, account: str) -> str | None:
    """Which versions of a document another account may use; None when it may use none.

    What is shared with the account itself goes before what everybody may use.
    """
    row = conn.execute(
        "SELECT version FROM document_shares WHERE account = ? AND region = ? AND name = ? AND with_account IN (?, ?) "
        "ORDER BY with_account = ? LIMIT 1",
        (*key, account, EVERYBODY, EVERYBODY),
    ).fetchone()
    return None if row is None else str(row[0])


def _spelled(account: str) -> str:
    return EVERYBODY if account.lower() == EVERYBODY.lower() else account
