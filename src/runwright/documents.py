"""Documents: names, versions, the default version and the text of each, by account and region.

It stores text and never parses it: what a text must be, and what can be told of it, is asked elsewhere. Its tables
are in `runtime/schema/1/documents.sql`, tags of documents in `tags`.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from sqlite3 import Connection, Row
from typing import Any, TypeVar

from runwright import sharing, tags
from runwright.errors import ServiceError
from runwright.runtime.scope import partition_of
from runwright.runtime.sqlite import Database

AMAZON = "Amazon"
"""The owner of the documents that are shipped with the program; nobody can change them."""

SHIPPED_AT = 1_767_225_600.0
"""The CreatedDate of these: 2026-01-01."""

MOST_DOCUMENTS = 500
"""Of an account in a region, those under reserved names not counted. [B]"""

MOST_VERSIONS = 1000
"""Of one document. Inferred: the model has the error and no number."""

RESERVED = ("aws", "amazon", "amzn")
"""Beginnings of names, in any case of letters, that only AWS's own documents have. [B]"""

_ARN = re.compile(r"arn:[^:]+:ssm:(?P<region>[^:]*):(?P<account>\d{12}):document/(?P<name>[^/:]+)")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new version is made of."""

    text: str
    format: str
    version_name: str | None = None
    display_name: str | None = None
    target_type: str | None = None
    requires: list[dict[str, str]] | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document, with what is known of the document it belongs to."""

    account: str
    region: str
    name: str
    type: str
    number: int
    default: int
    latest: int
    format: str
    sha256: str
    text: str
    created_at: float
    version_name: str | None
    display_name: str | None
    target_type: str | None
    requires: list[dict[str, str]] | None
    tags: tags.AwsTags
    is_shipped: bool = False

    @property
    def owner(self) -> str:
        return AMAZON if self.is_shipped else self.account

    def name_for(self, account: str) -> str:
        """How an account names the document: its own by name, that of another by ARN."""
        if account == self.account:
            return self.name
        return f"arn:{partition_of(self.region)}:ssm:{self.region}:{self.account}:document/{self.name}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list asks for: within a field any of the values, all fields together. Empty fields ask for nothing.

    `own`, `shipped`, `shared` and `public` say whose documents are meant: the account's, those that come with the
    program, those that others share with the account, and those of others that everybody may use.
    """

    name_prefixes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    target_types: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own: bool = True
    shipped: bool = True
    shared: bool = True
    public: bool = True


def is_reserved(name: str) -> bool:
    """Whether a name is kept for AWS's own documents."""
    return name.lower().startswith(RESERVED)


def local_name(account: str, region: str, name: str) -> str | None:
    """A name, or the name in an ARN of this account and region; None for an ARN of another."""
    if not name.startswith("arn:"):
        return name
    found = _ARN.fullmatch(name)
    return found["name"] if found and (found["account"], found["region"]) == (account, region) else None


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
            if _document(conn, account, region, name):
                raise ServiceError("DocumentAlreadyExists", f"Document with same name {name} already exists.")
            names = conn.execute("SELECT name FROM documents WHERE account = ? AND region = ?", (account, region))
            if sum(not is_reserved(other) for (other,) in names) >= MOST_DOCUMENTS:
                raise ServiceError(
                    "DocumentLimitExceeded", f"Account {account} has {MOST_DOCUMENTS} documents in {region}, the most."
                )
            _make(conn, account, region, name, kind, draft, at)
            tags.put(conn, account, region, "Document", name, tagged)
            return _find(conn, account, region, name)

        return await self._change(work)

    async def update(self, account: str, region: str, name: str, draft: Draft, based_on: str | None) -> Version:
        """Make a further version; the default stays. `based_on` must be the latest version, as $LATEST or its number.

        Raises InvalidDocument, InvalidDocumentVersion, DuplicateDocumentContent, DuplicateDocumentVersionName and
        DocumentVersionLimitExceeded.
        """
        at = self._now()

        def work(conn: Connection) -> Version:
            self._refuse_shipped(conn, account, region, name, "InvalidDocumentOperation")
            latest = _find(conn, account, region, name, "$LATEST")
            if _find(conn, account, region, name, based_on or "$LATEST").number != latest.number:
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
            number = _add(conn, account, region, name, _with_defaults_of(latest, draft), at)
            return _find(conn, account, region, name, str(number))

        return await self._change(work)

    async def install(self, account: str, region: str, name: str, text: str, text_format: str) -> Version:
        """See to it that the default version of a document of type Automation has this text."""
        at, draft = self._now(), Draft(text, text_format)

        def work(conn: Connection) -> Version:
            if not _document(conn, account, region, name):
                _make(conn, account, region, name, "Automation", draft, at)
            for choice in ("$DEFAULT", "$LATEST"):
                known = _find(conn, account, region, name, choice)
                if (known.sha256, known.format) == (draft.sha256, draft.format):
                    break
            else:
                known = _find(conn, account, region, name, str(_add(conn, account, region, name, draft, at)))
            _set_default(conn, account, region, name, known.number)
            return _find(conn, account, region, name)

        return await self._change(work)

    async def set_default(self, account: str, region: str, name: str, version: str) -> Version:
        """Make a version the default. Raises InvalidDocument and InvalidDocumentVersion."""

        def work(conn: Connection) -> Version:
            self._refuse_shipped(conn, account, region, name, "InvalidDocumentVersion")
            _set_default(conn, account, region, name, _find(conn, account, region, name, version).number)
            return _find(conn, account, region, name)

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
                return _find_shared(conn, account, region, name, version, version_name)
            if self._is_shipped(conn, account, region, own):
                return self._shipped_version(account, region, own, version, version_name)
            return _find(conn, account, region, own, version, version_name)

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
        if found.type != "Automation":
            message = f"Document {found.name} is of type {found.type}; only Automation documents can be started."
            raise ServiceError("AutomationDefinitionNotFoundException", message)
        return found

    async def page(self, account: str, region: str, wanted: Wanted, after: str, most: int) -> list[Version]:
        """List default versions by name, at most `most`, of documents whose names come behind `after`.

        The names of others' documents are their ARNs.
        """

        def work(conn: Connection) -> list[Version]:
            found = _page(conn, account, region, wanted, after, most) if wanted.own else []
            found += [
                self._shipped_version(account, region, name)
                for name in self._shipped
                if name > after and _is_meant(wanted, name) and not _document(conn, account, region, name)
            ]
            found += _page_of_others(conn, account, region, wanted, after, most)
            return sorted(found, key=lambda version: version.name_for(account))[:most]

        return await self._database.read(work)

    async def share(
        self, account: str, region: str, name: str, add: list[str], remove: list[str], version: str | None
    ) -> None:
        """Change with whom a document is shared, as `sharing.change` does. Raises InvalidDocument too."""

        def work(conn: Connection) -> None:
            if not _document(conn, account, region, name):
                raise _no_document(name)
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
            if own is None or not _document(conn, account, region, own):
                raise _no_document(name)
            rows = conn.execute(
                f"{_SELECT} WHERE d.account = ? AND d.region = ? AND d.name = ? AND v.number < ? "
                "ORDER BY v.number DESC LIMIT ?",
                (account, region, own, 2**62 if before is None else before, most),
            ).fetchall()
            return [_version(conn, row) for row in rows]

        return await self._database.read(work)

    async def delete(self, account: str, region: str, name: str, version: str | None, version_name: str | None) -> None:
        """Delete one version, or the document with all versions and tags when neither is named.

        Raises InvalidDocument, and InvalidDocumentOperation for a document that is still shared, the default version
        and one that there is not.
        """

        def work(conn: Connection) -> None:
            key = (account, region, name)
            self._refuse_shipped(conn, account, region, name, "InvalidDocumentOperation")
            if not _document(conn, *key):
                raise _no_document(name)
            if version is None and version_name is None:
                if sharing.shares(conn, key, "", 1):
                    message = f"You must stop sharing the document before you can delete it: {name} is still shared."
                    raise ServiceError("InvalidDocumentOperation", message)
                conn.execute("DELETE FROM document_versions WHERE account = ? AND region = ? AND name = ?", key)
                conn.execute("DELETE FROM documents WHERE account = ? AND region = ? AND name = ?", key)
                tags.drop(conn, account, region, "Document", name)
                return
            try:
                found = _find(conn, account, region, name, version, version_name)
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
        return name in self._shipped and not _document(conn, account, region, name)

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


# ------------------------------------------------------------------------------------------- work on a connection

_COLUMNS = (
    "account", "region", "name", "type", "number", "default", "latest", "format", "sha256", "text", "created_at",
    "version_name", "display_name", "target_type", "requires",
)  # fmt: skip

_SELECT = """
    SELECT d.account, d.region, d.name, d.type, v.number, d.default_version,
           (SELECT max(number) FROM document_versions AS other
             WHERE other.account = d.account AND other.region = d.region AND other.name = d.name),
           v.format, v.sha256, v.text, v.created_at, v.version_name, v.display_name, v.target_type, v.requires
      FROM documents AS d
      JOIN document_versions AS v ON v.account = d.account AND v.region = d.region AND v.name = d.name
"""


def _document(conn: Connection, account: str, region: str, name: str) -> bool:
    key = (account, region, name)
    return bool(conn.execute("SELECT 1 FROM documents WHERE account = ? AND region = ? AND name = ?", key).fetchone())


def _version(conn: Connection, row: Row | tuple[Any, ...]) -> Version:
    values = dict(zip(_COLUMNS, row, strict=True))
    requires = values.pop("requires")
    tagged = tags.of(conn, values["account"], values["region"], "Document", values["name"])
    return Version(**values, requires=json.loads(requires) if requires else None, tags=tagged)


def _find(
    conn: Connection,
    account: str,
    region: str,
    name: str,
    version: str | None = None,
    version_name: str | None = None,
) -> Version:
    if not _document(conn, account, region, name):
        raise _no_document(name)
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
    row = conn.execute(f"{_SELECT} {where} {order}", values).fetchone()
    if row is None:
        asked = " ".join(part for part in (version, version_name) if part is not None)
        raise ServiceError("InvalidDocumentVersion", f"Document {name} has no version {asked}.")
    return _version(conn, row)


def _find_shared(
    conn: Connection, account: str, region: str, arn: str, version: str | None, version_name: str | None
) -> Version:
    """A document of another account in the same region, if it is shared; other versions than those shared are none."""
    named = _ARN.fullmatch(arn)
    if named is None or named["region"] != region:
        raise _no_document(arn)
    key = (named["account"], region, named["name"])
    shared = sharing.shared_version(conn, key, account)
    if shared is None:
        raise _no_document(arn)
    if version is None and version_name is None and shared != "$ALL":
        return _find(conn, *key, shared)
    found = _find(conn, *key, version, version_name)
    if shared != "$ALL" and found.number != _find(conn, *key, shared).number:
        message = f"Version {found.number} of {arn} is not shared with account {account}; {shared} is."
        raise ServiceError("InvalidDocumentVersion", message)
    return found


def _make(conn: Connection, account: str, region: str, name: str, kind: str, draft: Draft, at: float) -> None:
    conn.execute(
        "INSERT INTO documents (account, region, name, type, default_version, last_version) VALUES (?, ?, ?, ?, 1, 0)",
        (account, region, name, kind),
    )
    _add(conn, account, region, name, draft, at)


def _add(conn: Connection, account: str, region: str, name: str, draft: Draft, at: float) -> int:
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


def _with_defaults_of(latest: Version, draft: Draft) -> Draft:
    """[B] UpdateDocument gives a *new* display name or target type: what it does not give stays."""
    return replace(
        draft,
        display_name=draft.display_name if draft.display_name is not None else latest.display_name,
        target_type=draft.target_type if draft.target_type is not None else latest.target_type,
        requires=latest.requires,
    )


def _set_default(conn: Connection, account: str, region: str, name: str, number: int) -> None:
    conn.execute(
        "UPDATE documents SET default_version = ? WHERE account = ? AND region = ? AND name = ?",
        (number, account, region, name),
    )


def _page(conn: Connection, account: str, region: str, wanted: Wanted, after: str, most: int) -> list[Version]:
    return _listed(conn, wanted, "d.account = ? AND d.region = ? AND d.name > ?", (account, region, after), most)


def _page_of_others(
    conn: Connection, account: str, region: str, wanted: Wanted, after: str, most: int
) -> list[Version]:
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
    query = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY d.account || ':document/' || d.name LIMIT ?"
    return [_version(conn, row) for row in conn.execute(query, (*values, most)).fetchall()]


def _no_document(name: str) -> ServiceError:
    return ServiceError("InvalidDocument", f"Document with name {name} does not exist.")
