"""Filters of ListDocuments, both the present ones (Filters) and the older (DocumentFilterList)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from runwright.constraints import enum_of, shorten
from runwright.documents import AMAZON, Wanted
from runwright.errors import ServiceError
from runwright.messages import Json

_OWNERS = ("Self", "Private", AMAZON, "Public", "ThirdParty", "All")
_PLATFORMS = ("Windows", "Linux", "MacOS")
MOST_VALUES = 200
"""Of one filter. Ours: each of them is looked at for each document."""
_KEYS = ("Owner", "Name", "PlatformTypes", "DocumentType", "TargetType", "SearchKeyword", "tag:<key>")


def documents_wanted(request: dict[str, Json]) -> Wanted | None:
    """What is asked of our documents; None when no document of ours can be meant.

    Raises InvalidFilterKey for a key that there is not, ValidationException for a value that its key cannot have and
    for too many of them.
    """
    wanted: Wanted | None = Wanted()
    for key, values in _filters(request):
        if len(values) > MOST_VALUES:
            message = f"The filter '{shorten(key)}' has {len(values)} values; it takes at most {MOST_VALUES}."
            raise ServiceError("ValidationException", message)
        narrowed = _narrowed(wanted or Wanted(), key, tuple(values))
        wanted = None if wanted is None else narrowed
    return wanted


def _filters(request: dict[str, Json]) -> Iterator[tuple[str, Sequence[str]]]:
    for each in request.get("Filters", ()):
        yield each.get("Key", ""), each.get("Values", ())
    for each in request.get("DocumentFilterList", ()):
        yield each["key"], (each["value"],)


def _narrowed(wanted: Wanted, key: str, values: tuple[str, ...]) -> Wanted | None:
    match key:
        case "Owner":
            _require(key, values, _OWNERS)
            return _owned(wanted, values) if values else wanted
        case "PlatformTypes":
            _require(key, values, _PLATFORMS)
            return wanted
        case "DocumentType":
            _require(key, values, enum_of("DocumentType"))
            return _with(wanted, "types", values)
        case "Name":
            return _with(wanted, "name_prefixes", values)
        case "TargetType":
            return _with(wanted, "target_types", values)
        case "SearchKeyword":
            return _with(wanted, "keywords", values)
        case _ if key.startswith("tag:") and len(key) > len("tag:"):
            return replace(wanted, tags={**wanted.tags, key.removeprefix("tag:"): values})
        case _:
            message = f"ListDocuments has no filter '{shorten(key)}'; it has {', '.join(_KEYS)}."
            raise ServiceError("InvalidFilterKey", message)


def _owned(wanted: Wanted, values: tuple[str, ...]) -> Wanted | None:
    """[UG] Private are one's own and those that others share with one, Public those that everybody may use."""

    def asked(*owners: str) -> bool:
        return any(value in (*owners, "All") for value in values)

    narrowed = replace(
        wanted,
        own=wanted.own and asked("Self", "Private"),
        shipped=wanted.shipped and asked(AMAZON),
        shared=wanted.shared and asked("Private"),
        public=wanted.public and asked("Public"),
    )
    return narrowed if narrowed.own or narrowed.shipped or narrowed.shared or narrowed.public else None


def _with(wanted: Wanted, field: str, values: tuple[str, ...]) -> Wanted | None:
    """Values of one filter are alternatives; a second filter of the same key leaves what both allow."""
    known: tuple[str, ...] = getattr(wanted, field)
    both = tuple(value for value in values if value in known) if known else values
    changes: dict[str, Any] = {field: both}
    return None if known and not both else replace(wanted, **changes)


def _require(key: str, values: tuple[str, ...], allowed: Sequence[str]) -> None:
    for value in values:
        if value not in allowed:
            message = f"The filter {key} has no value '{shorten(value)}'; it takes {', '.join(allowed)}."
            raise ServiceError("ValidationException", message)
