"""Random ids. Randomness is fetched for many at once: each fetch lets other threads go first."""

from __future__ import annotations

import os

_FETCHED = 256
_spare: list[bytes] = []


def new_uuid() -> str:
    """A random lower-case UUID (version 4)."""
    if not _spare:
        fetched = os.urandom(16 * _FETCHED)
        _spare.extend(fetched[place : place + 16] for place in range(0, len(fetched), 16))
    value = _spare.pop()
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[value[8] & 3]}{text[17:20]}-{text[20:]}"
