"""What documents are: names, versions, drafts of versions, and what a list of them asks for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from runwright import tags
from runwright.runtime.scope import partition_of

AMAZON = "Amazon"
"""The owner of the documents that are shipped with the program; nobody can change them."""

RESERVED = ("aws", "amazon", "amzn")
"""Beginnings of names, in any case of letters, that only AWS's own documents have. [B]"""

ARN = re.compile(r"arn:[^:]+:ssm:(?P<region>[^:]*):(?P<account>\d{12}):document/(?P<name>[^/:]+)")


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
    found = ARN.fullmatch(name)
    return found["name"] if found and (found["account"], found["region"]) == (account, region) else None
