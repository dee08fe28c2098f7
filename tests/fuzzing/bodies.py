"""Bodies that are broken as text: cut off, with other bytes, numbers, depths or keys in them than JSON or we take."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.fuzzing.shapes import anything

_MARK = "\ue000"
"""Stands where something that `json.dumps` does not write is put."""

RAW_VALUES = {
    "not a number": b"NaN",
    "without end": b"-Infinity",
    "a number beyond all floats": b"1e999",
    "a number of many digits": b"9" * 5000,
    "a fraction of many digits": b"0." + b"1" * 100_000,
    "a leading zero": b"01",
    "deep lists": b"[" * 5000 + b"]" * 5000,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "lists that never end": b"[" * 100_000,
    "half of a surrogate pair": rb'"\ud800"',
    "both halves, turned around": rb'"\udc00\ud800"',
    "a zero character": rb'"\u0000"',
    "a bare control character": b'"\x01"',
    "a byte that is no UTF-8": b'"\xff"',
    "an overlong slash": b'"\xc0\xaf"',
    "an escape that is none": rb'"\x41"',
    "a text that never ends": b'"abc',
    "the same key twice": b'{"a": 1, "a": [2]}',
    "nothing": b"",
    "null": b"null",
    "a comment": b"/* */ 1",
    "ten megabytes": b'"' + b"x" * 10_000_000 + b'"',
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value, itself first."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in members for place in places(each, (*path, key)))]


def with_raw(value: Any, place: tuple[Any, ...], raw: bytes) -> bytes:
    """The value as JSON, with these bytes at a place."""
    return json.dumps(_replaced(value, place), ensure_ascii=False).encode("utf-8", "replace").replace(
        f'"{_MARK}"'.encode(), raw
    )  # fmt: skip


def _replaced(value: Any, place: tuple[Any, ...]) -> Any:
    if not place:
        return _MARK
    key, *rest = place
    members = dict(value) if isinstance(value, dict) else list(value)
    members[key] = _replaced(value[key], tuple(rest))
    return members


@st.composite
def damaged_bodies(draw: st.DrawFn, value: Any) -> bytes:
    """Bodies made of that of a request."""
    body = json.dumps(value).encode()
    match draw(st.sampled_from(["raw", "raw", "raw", "cut", "bytes", "twice", "coding", "type"])):
        case "raw":
            raws = [raw for raw in RAW_VALUES.values() if len(raw) < 1_000_000]
            return with_raw(value, draw(st.sampled_from(places(value))), draw(st.sampled_from(raws)))
        case "cut":
            return body[: draw(st.integers(0, len(body)))]
        case "bytes":
            at = draw(st.integers(0, len(body)))
            return body[:at] + draw(st.binary(min_size=1, max_size=4)) + body[at + draw(st.integers(0, 2)) :]
        case "twice":
            return b"{" + body.strip(b"{}") + b"," * (len(value) > 0) + body.strip(b"{}") + b"}"
        case "coding":
            return draw(st.sampled_from([body.decode().encode("utf-16"), b"\xef\xbb\xbf" + body, b"\x1f\x8b" + body]))
        case _:
            return with_raw(value, draw(st.sampled_from(places(value))), json.dumps(draw(anything)).encode())
