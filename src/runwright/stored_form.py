"""The JSON form of messages, as journals store them."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from hashlib import sha256

from runwright.messages import Effect, Event, Failure, Json, Reply
from runwright.records import as_dict, names_of

VERSION = 1
"""Of the JSON form; stored with what is written in it."""


def as_json(message: Effect | Event | Reply) -> dict[str, Json]:
    """The message as a mapping of JSON values, with its kind and the version of this form."""
    return {"kind": type(message).__name__, "v": VERSION, **as_dict(message)}


def fingerprint(effect: Effect) -> str:
    """Kind and content of an effect as one short text: what a stored reply answers."""
    text = json.dumps(as_dict(effect), sort_keys=True, separators=(",", ":"))
    return f"{type(effect).__name__}:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


class NotUnderstood(Exception):
    """Something stored that this program does not know: it is left as it is, and never run on a guess."""

    def __init__(self, what: str) -> None:
        super().__init__(f"What is stored has {what}, which this program does not know: use the one that wrote it.")


def take_only_known(stored: dict[str, Json], known: AbstractSet[str], where: str) -> None:
    """Raise NotUnderstood for a member of `stored`, which stands at `where`, that is none of `known`."""
    if not stored.keys() <= known:
        raise NotUnderstood(f"{where}.{min(stored.keys() - known)}")


_OF_A_REPLY = frozenset({"kind", "v", "value", "failure", "interrupted"})
_OF_A_FAILURE = frozenset(names_of(Failure))


def reply_from_json(value: dict[str, Json]) -> Reply:
    """A stored reply as it was. Raises NotUnderstood."""
    take_only_known(value, _OF_A_REPLY, "reply")
    if value["kind"] != "Reply" or value["v"] != VERSION:
        raise NotUnderstood(f"a reply of kind {value['kind']!r}, version {value['v']!r}")
    failure = value.get("failure")
    if failure:
        take_only_known(failure, _OF_A_FAILURE, "reply.failure")
    return Reply(value.get("value"), Failure(**failure) if failure else None, value.get("interrupted"))
