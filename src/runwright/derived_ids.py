"""Ids that are made of what they name, and so are the same whenever they are asked for."""

from __future__ import annotations

from hashlib import sha1

_NAMESPACE = bytes.fromhex("6f2b9f0e6f0d5d0a9b5e2c1d6f1c7a11")


def derived_uuid(*parts: str) -> str:
    """A lower-case UUID (version 5) that depends on `parts` alone."""
    digest = bytearray(sha1(_NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
