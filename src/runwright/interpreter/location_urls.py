"""Which addresses TargetLocationsURL may be: an object in S3 and nothing that only looks like one."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\.s3(\.[a-z]{2}(-[a-z]+)+-\d)?\.amazonaws\.com")


def location_url_problem(url: str) -> str | None:
    """Say why the host of `url` is no bucket of S3; None when it is one.

    The model's pattern alone accepts `https://169.254.169.254#x.s3.amazonaws.com/a`: the parsed host decides.
    """
    if not url.isprintable() or " " in url or "\\" in url:  # readers of addresses disagree about these
        return "holds a blank, a backslash or a control character: none of them is accepted."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"cannot be read as an address: {error}."
    if parts.scheme != "https":
        return f"begins with {parts.scheme!r}: https is accepted."
    if parts.username is not None or parts.password is not None or port is not None or {"@", ":"} & set(parts.netloc):
        return "names a user or a port: only the host of a bucket is accepted."
    if parts.fragment or "#" in url:
        return "has a fragment: it is not accepted."
    if not _HOST.fullmatch(parts.hostname or ""):
        return f"is at {parts.hostname!r}: BUCKET.s3.amazonaws.com or BUCKET.s3.REGION.amazonaws.com is accepted."
    if not parts.path.strip("/"):
        return "names no object: https://BUCKET.s3.amazonaws.com/KEY is accepted."
    return None
