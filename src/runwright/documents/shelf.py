"""The documents of every account and region: made, changed, found, listed and shared."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from sqlite3 import Connection
from typing import TypeVar

from runwright import sharing, tags
from runwright.documents import rows
from runwright.documents.model import AMAZON, Draft, Version, Wanted, is_reserved, local_name
from runwright.errors import ServiceError
from runwright.interpreter import rulings
from runwright.runtime.sqlite import Database

SHIPPED_AT = 1_767_225_600.0
"""The CreatedDate of these: 2026-01-01."""

MOST_DOCUMENTS = 500
"""Of an account in a region, those under reserved names not counted. [B]"""

MOST_VERSIONS = 1000
"""Of one document. Inferred: the model has the error and no number."""

T = TypeVar("T")


class Documents:
    """The documents of every account and region. `now` gives the time of a change in seconds since the epoch.

    `shipped` holds YAML texts by name that every account has beside its own; a document of its own goes before one
    of the same name.
    """

    def __init__(
        self, database: Database, now: Callable[[], float] = time.time, shipped: Mapping[str, str] | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._shipped = shipped or {}
        self.changes = 0
        """Goes up with every change: what was read at the same count is still so."""

    async def create(
        self, account: str, region: str, name: str, kind: str, draft: Draft, tagged: Mapping[str, str]
    ) -> Version:
        """Make a document with version 1. Raises DocumentAlreadyExists and DocumentLimitExceeded."""
        at = self._now()

        def work(conn: Connection) -> Version:
            if rows.exists(conn, account, region, name):
                raise ServiceError("DocumentAlreadyExists", f"Document with same name {name} already exists.")
            names = conn.execute("SELECT name FROM documents WHERE account = ? AND region = ?", (account, region))
            if sum(not is_reserved(other) for (other,) in names) >= MOST_DOCUMENTS:
                raise ServiceError(
                    "DocumentLimitExceeded", f"Account {account} has {MOST_DOCUMENTS} documents in {region}, the most."
                )
            rows.make(conn, account, region, name, kind, draft, at)
            tags.put(conn, account, region, "Document", name, tagged)
            return rows.find_version(conn, account, region, name)

        return await self._change(work)

    async def update(self, account: str, region: str, name: str, draft: Draft, based_on: str | None) -> Version:
        """Make a further version; the default stays. `based_on` must be the latest version, as $LATEST or its number.

        Raises InvalidDocument, InvalidDocumentVersion, DuplicateDocumentContent, DuplicateDocumentVersionName and
        DocumentVersionLimitExceeded.
        """
        at = self._now()

        def work(conn: Connection) -> Version:
            self._refuse_shipped(conn, account, region, name, "InvalidDocumentOperation")
            latest = rows.find_version(conn, account, region, name, "$LATEST")
            if rows.find_version(conn, account, region, name, based_on or "$LATEST").number != latest.number:
                raise ServiceError(
                    "InvalidDocumentVersion",
                    f"Only the latest version can be updated: pass $LATEST or {latest.number}, not {based_on}.",
                )
            if (latest.sha256, latest.format) == (draft.sha256, draft.format):
                raise ServiceError(
                    "DuplicateDocumentContent", f"The content is that of version {latest.number} of {name}; change it."
                )
            query = "SELECT version_name FROM document_versions WHERE account = ? AND region = ? AND name = ?"
            known = [version_name for (version_name,) in conn.execute(query, (account, region, name))]
            if draft.version_name is not None and draft.version_name in known:
                raise ServiceError(
                    "DuplicateDocumentVersionName", f"Document {name} already has a version {draft.version_name}."
                )
            if len(known) >= MOST_VERSIONS:
                raise ServiceError(
                    "DocumentVersionLimitExceeded", f"Document {name} has {MOST_VERSIONS} versions: delete one first."
                )
            number = rows.add_version(conn, account, region, name, _with_defaults_of(latest, draft), at)
            return rows.find_version(conn, account, region, name, str(number))

        return await self._change(work)

    async def install(self, account: str, region: str, name: str, text: str, text_format: str) -> Version:
        """See to it that the default version of a document of type Automation has this text."""
        at, draft = self._now(), Draft(text, text_format)

        def work(conn: Connection) -> Version:
            if not rows.exists(conn, account, region, name):
                rows.make(conn, account, region, name, "Automation", draft, at)
            for choice in ("$DEFAULT", "$LATEST"):
                known = rows.find_version(conn, account, region, name, choice)
                if (known.sha256, known.format) == (draft.sha256, draft.format):
                    break
            else:
                known = rows.find_version(
                    conn, account, region, name, str(rows.add_version(conn, account, region, name, draft, at))
                )
            rows.set_default(conn, account, region, name, known.number)
            return rows.find_version(conn, account, region, name)

        return await self._change(work)

    async def set_default(self, account: str, region: str, name: str, version: str) -> Version:
        """Make a version the default. Raises InvalidDocument and InvalidDocumentVersion."""

        def work(conn: Connection) -> Version:
            self._refuse_shipped(conn, account, region, name, "InvalidDocumentVersion")
            rows.set_default(
                conn, account, region, name, rows.find_version(conn, account, region, name, version).number
            )
            return rows.find_version(conn, account, region, name)

        return await self._change(work)

    async def find(
        self, account: str, region: str, name: str, version: str | None = None, version_name: str | None = None
    ) -> Version:
        """Look a version up: $DEFAULT (as None), $LATEST or a number, and its name where that is given too.

        `name` may be an ARN, also of a document that another account shares: then the version that is shared is the
        default. Raises InvalidDocument and InvalidDocumentVersion.
        """
        own = local_name(account, region, name)

        def work(conn: Connection) -> Version:
            if own is None:
                return rows.find_shared(conn, account, region, name, version, version_name)
            if self._is_shipped(conn, account, region, own):
                return self._shipped_version(account, region, own, version, version_name)
            return rows.find_version(conn, account, region, own, version, version_name)

        return await self._database.read(work)

    async def definition(self, account: str, region: str, name: str, version: str | None = None) -> Version:
        """Look up what an execution is to run, as `find` does.

        Raises AutomationDefinitionNotFoundException (also for a document of another type) and
        AutomationDefinitionVersionNotFoundException.
        """
        try:
            found = await self.find(account, region, name, version)
        except ServiceError as error:
            noun = "VersionNotFound" if error.code == "InvalidDocumentVersion" else "NotFound"
            raise ServiceError(f"AutomationDefinition{noun}Exception", error.message) from None
        if not rulings.can_be_started(found.type):
            message = f"Document {found.name} is of type {found.type}; only Automation documents can be started."
            raise ServiceError("AutomationDefinitionNotFoundException", message)
        return found

    async def page(self, account: str, region: str, wanted: Wanted, after: str, most: int) -> list[Version]:
        """List default versions by name, at most `most`, of documents whose names come behind `after`.

        The names of others' documents are their ARNs.
        """

        def work(conn: Connection) -> list[Version]:
            found = rows.page_of_own(conn, account, region, wanted, after, most) if wanted.own else []
            found += [
                self._shipped_version(account, region, name)
                for name in self._shipped
                if name > after and _is_meant(wanted, name) and not rows.exists(conn, account, region, name)
            ]
            found += rows.page_of_others(conn, account, region, wanted, after, most)
            return sorted(found, key=lambda version: version.name_for(account))[:most]

        return await self._database.read(work)

    async def share(
        self, account: str, region: str, name: str, add: list[str], remove: list[str], version: str | None
    ) -> None:
        """Change with whom a document is shared, as `sharing.change` does. Raises InvalidDocument too."""

        def work(conn: Connection) -> None:
            if not rows.exists(conn, account, region, name):
                raise rows.no_document(name)
            sharing.change(conn, (account, region, name), add, remove, version)

        await self._change(work)

    async def shares(self, account: str, region: str, name: str, after: str, most: int) -> list[sharing.Share]:
        """With whom a document is shared, by account id; nobody's has a share that the program ships."""
        return await self._database.read(lambda conn: sharing.shares(conn, (account, region, name), after, most))

    async def versions(self, account: str, region: str, name: str, before: int | None, most: int) -> list[Version]:
        """List versions, the newest first, at most `most`, with numbers below `before`. Raises InvalidDocument."""
        own = local_name(account, region, name)

        def work(conn: Connection) -> list[Version]:
            if own is not None and self._is_shipped(conn, account, region, own):
                return [self._shipped_version(account, region, own)] if before is None else []
            if own is None or not rows.exists(conn, account, region, own):
                raise rows.no_document(name)
            listed = conn.execute(
                f"{rows.SELECT} WHERE d.account = ? AND d.region = ? AND d.name = ? AND v.number < ? "
                "ORDER BY v.number DESC LIMIT ?",
                (account, region, own, 2**62 if before is None else before, most),
            ).fetchall()
            return [rows.version_of(conn, row) for row in listed]

        return await self._database.read(work)

    async def delete(self, account: str, region: str, name: str, version: str | None, version_name: str | None) -> None:
        """Delete one version, or the document with all versions and tags when neither is named.

        Raises InvalidDocument, and InvalidDocumentOperation for a document that is still shared, the default version
        and one that there is not.
        """

        def work(conn: Connection) -> None:
            key = (account, region, name)
            self._refuse_shipped(conn, account, region, name, "InvalidDocumentOperation")
            if not rows.exists(conn, *key):
                raise rows.no_document(name)
            if version is None and version_name is None:
                if sharing.shares(conn, key, "", 1):
                    message = f"You must stop sharing the document before you can delete it: {name} is still shared."
                    raise ServiceError("InvalidDocumentOperation", message)
                conn.execute("DELETE FROM document_versions WHERE account = ? AND region = ? AND name = ?", key)
                conn.execute("DELETE FROM documents WHERE account = ? AND region = ? AND name = ?", key)
                tags.drop(conn, account, region, "Document", name)
                return
            try:
                found = rows.find_version(conn, account, region, name, version, version_name)
            except ServiceError as error:
                raise ServiceError("InvalidDocumentOperation", error.message) from None
            if found.number == found.default:
                message = f"Version {found.number} is the default of {name}; make another one the default first."
                raise ServiceError("InvalidDocumentOperation", message)
            conn.execute(
                "DELETE FROM document_versions WHERE account = ? AND region = ? AND name = ? AND number = ?",
                (*key, found.number),
            )

        await self._change(work)

    async def _change(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._database.write(work)
        finally:
            self.changes += 1

    def _is_shipped(self, conn: Connection, account: str, region: str, name: str) -> bool:
        return name in self._shipped and not rows.exists(conn, account, region, name)

    def _refuse_shipped(self, conn: Connection, account: str, region: str, name: str, code: str) -> None:
        """Inferred: the model names the errors of these operations and not which one Amazon's documents get."""
        if self._is_shipped(conn, account, region, name):
            raise ServiceError(code, f"Document {name} is owned by {AMAZON}: it can be started and read, not changed.")

    def _shipped_version(
        self, account: str, region: str, name: str, version: str | None = None, version_name: str | None = None
    ) -> Version:
        if version not in (None, "$DEFAULT", "$LATEST", "1") or version_name is not None:
            asked = " ".join(part for part in (version, version_name) if part is not None)
            raise ServiceError("InvalidDocumentVersion", f"Document {name} has no version {asked}.")
        draft = Draft(self._shipped[name], "YAML")
        return Version(
            account, region, name, "Automation", 1, 1, 1, draft.format, draft.sha256, draft.text, SHIPPED_AT,
            None, None, None, None, [], is_shipped=True,
        )  # fmt: skip


def _is_meant(wanted: Wanted, name: str) -> bool:
    """Whether a list asks for the shipped document of this name; these have no target type and no tags."""
    return (
        wanted.shipped
        and not wanted.target_types
        and not wanted.tags
        and (not wanted.types or "Automation" in wanted.types)
        and (not wanted.name_prefixes or name.startswith(wanted.name_prefixes))
        and (not wanted.keywords or any(word.lower() in name.lower() for word in wanted.keywords))
    )


def _with_defaults_of(latest: Version, draft: Draft) -> Draft:
    """[B] UpdateDocument gives a *new* display name or target type: what it does not give stays."""
    return replace(
        draft,
        display_name=draft.display_name if draft.display_name is not None else latest.display_name,
        target_type=draft.target_type if draft.target_type is not None else latest.target_type,
        requires=latest.requires,
    )
