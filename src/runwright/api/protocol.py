"""AWS JSON 1.1 as text: which operation is meant, who asks, what the body says, and how an answer looks.

Pure functions over header values and bytes; `app` moves the bytes, `constraints` knows what a request must hold.
"""

from __future__ import annotations

import gc
import ipaddress
import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NoReturn

from runwright.constraints import shorten
from runwright.errors import ServiceError
from runwright.messages import Json

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "AmazonSSM."
MOST_NESTING = 500
"""Of answers of other servers; the limit of requests is a setting."""

_LARGE = 1_000_000
"""Characters of a body."""

_CREDENTIAL = re.compile(
    r"Credential=([\w.+=,@-]{1,128})/(\d{8})/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})/aws4_request(?:,|\s|$)"
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a signature says of its maker: the access key id and the region of its scope. Not verified."""

    key_id: str
    region: str


def operation_of(target: str | None, content_type: str | None) -> str:
    """Take the operation's name out of the two headers that every call has.

    Both are demanded because a web page cannot send them to us unasked. Raises UnknownOperationException.
    """
    if not target:
        raise _unknown(f"The header X-Amz-Target is missing; it says {TARGET_PREFIX}<Operation>.")
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != CONTENT_TYPE:
        raise _unknown(f"The content type is '{shorten(media_type)}'; this API takes {CONTENT_TYPE}.")
    prefix, dot, operation = target.partition(".")
    if prefix + dot != TARGET_PREFIX or not operation:
        raise _unknown(f"X-Amz-Target is '{shorten(target)}'; this API takes {TARGET_PREFIX}<Operation>.")
    return operation


def credential_of(authorization: str | None) -> Credential | None:
    """Read the credential scope of a signature version 4; None where there is no such signature.

    Raises AccessDeniedException for one that has no readable scope.
    """
    if authorization is None or not authorization.startswith("AWS4-HMAC-SHA256"):
        return None
    if found := _CREDENTIAL.search(authorization):
        return Credential(found[1], found[3])
    raise ServiceError(
        "AccessDeniedException",
        "The Authorization header holds no Credential=KEYID/YYYYMMDD/REGION/ssm/aws4_request.",
        403,
    )


def key_id_of(authorization: str | None) -> str | None:
    """The key id that a signature shows, verified or not; None where none can be read."""
    found = _CREDENTIAL.search(authorization or "")
    return found[1] if found else None


def is_own_host(header: str | None, given: Collection[str]) -> bool:
    """Whether a Host header names this machine's loopback or one of the `given` names.

    Anything else is a page that made a name of its own point here (DNS rebinding).
    """
    if not header:
        return False
    name = header[1:].partition("]")[0] if header.startswith("[") else header.partition(":")[0]
    name = name.lower()
    if name == "localhost" or name in given:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def decode(body: bytes, most_nesting: int = MOST_NESTING) -> Json:
    """Read a body. Raises SerializationException for what is no JSON, too deep, or a number that is not finite."""
    try:
        value = _read(body.decode("utf-8"))
    except RecursionError:
        raise ServiceError("SerializationException", "The body is nested too deeply.") from None
    except UnicodeDecodeError as error:
        raise ServiceError("SerializationException", f"The body is not UTF-8: byte {error.start}.") from None
    except json.JSONDecodeError as error:
        at = f"at line {error.lineno}, column {error.colno}"
        raise ServiceError("SerializationException", f"The body is not well-formed JSON: {error.msg} {at}.") from None
    except ValueError as error:
        raise ServiceError("SerializationException", f"The body is not well-formed JSON: {error}") from None

    if body.count(b"{") + body.count(b"[") > most_nesting and _nesting(body) > most_nesting:
        message = f"The body is nested too deeply: at most {most_nesting} lists and objects lie in each other."
        raise ServiceError("SerializationException", message)
    return value


def _read(text: str) -> Json:
    """Parse. Millions of lists are no garbage: to look for some in between takes five times as long as to read them."""
    if len(text) < _LARGE or not gc.isenabled():
        return _decoder.decode(text)
    gc.disable()
    try:
        return _decoder.decode(text)
    finally:
        gc.enable()


def _nesting(body: bytes) -> int:
    """How deep lists and objects lie in each other in well-formed JSON; there may be a million of them."""
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def encode(output: Json) -> bytes:
    """Write an answer: compact, times as numbers of seconds."""
    return _encoder.encode(output).encode("ascii")


def encode_error(error: ServiceError) -> bytes:
    """Write an error as every SDK reads it."""
    return encode({"__type": error.code, "Message": error.message})


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number.")


def _finite(text: str) -> float:
    value = float(text)
    if math.isfinite(value):
        return value
    raise ValueError("a number is too large.")


_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEPS)
_decoder = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def _unknown(message: str) -> ServiceError:
    return ServiceError("UnknownOperationException", message)


def headers_for(request_id: str, length: int) -> list[tuple[bytes, bytes]]:
    """Headers of every answer of `POST /`."""
    return [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(length).encode()),
        (b"x-amzn-requestid", request_id.encode()),
    ]


def error_from(body: Any) -> ServiceError | None:
    """Read an error body of another server; None when it is none."""
    if isinstance(body, dict) and isinstance(kind := body.get("__type"), str):
        message = body.get("Message", body.get("message", ""))
        return ServiceError(kind.rpartition("#")[2], message if isinstance(message, str) else "")
    return None
