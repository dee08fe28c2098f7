"""AWS Signature Version 4, as the server sees it: what a request claims, and whether its signature bears that out.

Pure functions over headers and bytes; whose secret belongs to a key, and what was seen before, is `front_door`'s.
Facts: [AWS General Reference, "Create a signed AWS API request"]; botocore's signer is the tests' oracle. A pre-signed
URL, a chunked or unsigned payload and SigV4A are not taken: no client of SSM sends them.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from runwright.errors import ServiceError

SERVICE = "ssm"

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} +Credential=(?P<key>\w{{1,128}})/(?P<day>[0-9]{{8}})/(?P<region>[a-z0-9-]{{1,40}})/"
    r"(?P<service>[a-z0-9-]{1,40})/aws4_request, *SignedHeaders=(?P<signed>[a-z0-9;_-]{1,2000}), *"
    r"Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of itself; nothing of it is true before `is_signed_with`.

    `head` is the canonical request up to the hash of the body, `stamp` the time of the signature as it was written.
    """

    key_id: str
    day: str
    region: str
    stamp: str
    head: str
    signature: str

    @property
    def signed_at(self) -> float:
        return float(calendar.timegm(time.strptime(self.stamp, "%Y%m%dT%H%M%SZ")))

    def is_signed_with(self, secret: str, body: bytes) -> bool:
        """Compare in constant time what the key would have signed with what was sent."""
        canonical = f"{self.head}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
        text = f"{_ALGORITHM}\n{self.stamp}\n{self.day}/{self.region}/{SERVICE}/aws4_request\n{digest}"
        key = _signing_key(secret, self.day, self.region)
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), self.signature)


@lru_cache(4096)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def read_claim(method: str, path: str, query: str, headers: Headers) -> Claim:
    """Take the claim out of a request.

    Raises MissingAuthenticationTokenException where there is no signature at all, IncompleteSignatureException for one
    that cannot be read, and InvalidSignatureException for one that leaves out what it must cover.
    """
    values = _values(headers)
    authorization = values.get("authorization")
    if authorization is None:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    found = _AUTHORIZATION.fullmatch(authorization)
    stamp = values.get("x-amz-date", "")
    if found is None or not _STAMP.fullmatch(stamp) or not _is_time(stamp):
        raise ServiceError(
            "IncompleteSignatureException",
            f"The request needs a header X-Amz-Date (YYYYMMDDTHHMMSSZ) and Authorization: {_ALGORITHM} "
            "Credential=KEYID/YYYYMMDD/REGION/ssm/aws4_request, SignedHeaders=..., Signature=...",
        )
    if "x-amz-security-token" in values:
        raise unknown_key()
    if found["service"] != SERVICE:
        raise _invalid(f"Credential should be scoped to correct service: '{SERVICE}'.")
    if found["day"] != stamp[:8]:
        raise _invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
    signed = found["signed"].split(";")
    if signed != sorted(set(signed)) or any(name not in values for name in signed):
        raise _invalid("SignedHeaders names headers that the request has, each once and in order.")
    for name in values:
        if (name == "host" or name.startswith("x-amz-")) and name not in signed:
            raise _invalid(f"'{name[:100]}' must be a 'SignedHeader' in the AWS Authorization.")
    if "host" not in signed:
        raise _invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    lines = "".join(f"{name}:{values[name]}\n" for name in signed)
    ordered = "&".join(sorted(query.split("&")))
    head = f"{method}\n{path}\n{ordered}\n{lines}\n{found['signed']}"
    return Claim(found["key"], found["day"], found["region"], stamp, head, found["signature"])


def unknown_key() -> ServiceError:
    """The refusal of a key that there is not, in AWS's words."""
    return ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")


def wrong_signature() -> ServiceError:
    """The refusal of a signature that another secret or another request made, in AWS's words."""
    return _invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )


def check_time(claim: Claim, now: float, skew_seconds: float) -> None:
    """Raise InvalidSignatureException for a signature of another time, in AWS's words."""
    minutes = f"{skew_seconds / 60:g} min."
    if claim.signed_at < now - skew_seconds:
        limit = f"{_stamp(now - skew_seconds)} ({_stamp(now)} - {minutes})"
        raise _invalid(f"Signature expired: {claim.stamp} is now earlier than {limit}")
    if claim.signed_at > now + skew_seconds:
        limit = f"{_stamp(now + skew_seconds)} ({_stamp(now)} + {minutes})"
        raise _invalid(f"Signature not yet current: {claim.stamp} is still later than {limit}")


def _values(headers: Headers) -> dict[str, str]:
    """Header values as they are signed: blanks folded, those of one name joined."""
    values: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), " ".join(value.decode("utf-8", "surrogateescape").split())
        values[key] = f"{values[key]},{text}" if key in values else text
    return values


def _is_time(stamp: str) -> bool:
    try:
        time.strptime(stamp, "%Y%m%dT%H%M%SZ")
    except ValueError:
        return False
    return True


def _stamp(at: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)
