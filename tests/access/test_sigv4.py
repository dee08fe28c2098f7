"""Signatures, with botocore's signer as the other side."""

from __future__ import annotations

import calendar
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from runwright.access.sigv4 import Claim, Headers, check_time, read_claim
from runwright.errors import ServiceError

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def signed(body: bytes = b"{}", more: dict[str, str] | None = None, query: str = "") -> list[tuple[bytes, bytes]]:
    headers = {"Host": "localhost:4583", "X-Amz-Target": "AmazonSSM.GetDocument", **(more or {})}
    request = AWSRequest("POST", f"http://localhost:4583/{query}", headers, body)
    SigV4Auth(Credentials(KEY, SECRET), "ssm", "us-east-1").add_auth(request)
    return [(name.lower().encode(), _bytes(value)) for name, value in request.headers.items()]


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def claim_of(headers: Headers, query: str = "") -> Claim:
    return read_claim("POST", "/", query, headers)


values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip)


@given(body=st.binary(max_size=200), value=values)
def test_what_botocore_signs_is_accepted(body: bytes, value: str) -> None:
    claim = claim_of(signed(body, {"X-Amz-Extra": value, "Content-Type": f"a/b; {value}"}))

    assert (claim.key_id, claim.region) == (KEY, "us-east-1")
    assert claim.is_signed_with(SECRET, body)
    assert not claim.is_signed_with(SECRET + "x", body)
    assert not claim.is_signed_with(SECRET, body + b" ")


def test_a_query_is_part_of_what_is_signed() -> None:
    headers = signed(query="?b=2&a=1")

    assert claim_of(headers, "b=2&a=1").is_signed_with(SECRET, b"{}")
    assert not claim_of(headers, "b=2&a=1&c=3").is_signed_with(SECRET, b"{}")


@pytest.mark.parametrize("name", [b"host", b"x-amz-target", b"x-amz-date"])
def test_a_header_that_is_changed_or_sent_twice_breaks_the_signature(name: bytes) -> None:
    stamp = b"20260101T000000Z"
    for headers in (
        [(each, stamp if each == name else value) for each, value in signed()],
        [*signed(), (name, b"more")],
    ):
        with pytest.raises(ServiceError) if name == b"x-amz-date" else Nothing():
            assert not claim_of(headers).is_signed_with(SECRET, b"{}")


class Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def without(headers: list[tuple[bytes, bytes]], name: bytes) -> list[tuple[bytes, bytes]]:
    return [(each, value) for each, value in headers if each != name]


def changed(headers: list[tuple[bytes, bytes]], old: bytes, new: bytes) -> list[tuple[bytes, bytes]]:
    assert any(old in value for _, value in headers)
    return [(name, value.replace(old, new)) for name, value in headers]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (without(signed(), b"authorization"), "MissingAuthenticationTokenException"),
        (without(signed(), b"x-amz-date"), "IncompleteSignatureException"),
        (changed(signed(), b"AWS4-HMAC-SHA256", b"AWS4-HMAC-MD5"), "IncompleteSignatureException"),
        (changed(signed(), b"Credential=", b"Cred="), "IncompleteSignatureException"),
        (changed(signed(), b"/ssm/", b"/ec2/"), "InvalidSignatureException"),
        (changed(signed(), b"host;", b""), "InvalidSignatureException"),
        (changed(signed(), b";x-amz-target", b""), "InvalidSignatureException"),
        (changed(signed(), b"host;", b"accept;host;"), "InvalidSignatureException"),
        (changed(signed(), b"host;x-amz-date", b"x-amz-date;host"), "InvalidSignatureException"),
        ([*signed(), (b"x-amz-later", b"1")], "InvalidSignatureException"),
        ([*signed(), (b"x-amz-security-token", b"1")], "UnrecognizedClientException"),
        (changed(signed(), time.strftime("%Y", time.gmtime()).encode(), b"2026x"), "IncompleteSignatureException"),
    ],
)
def test_a_signature_that_leaves_something_open_is_refused(headers: Headers, code: str) -> None:
    with pytest.raises(ServiceError) as refused:
        claim_of(headers)

    assert refused.value.code == code


def test_the_time_of_a_signature_is_bounded_in_both_directions() -> None:
    claim = claim_of(signed())
    at = float(calendar.timegm(time.strptime(claim.stamp, "%Y%m%dT%H%M%SZ")))

    for now in (at - 300, at, at + 300):
        check_time(claim, now, 300)
    with pytest.raises(ServiceError, match=r"Signature expired: .* is now earlier than .*5 min"):
        check_time(claim, at + 301, 300)
    with pytest.raises(ServiceError, match=r"Signature not yet current: .* is still later than .*5 min"):
        check_time(claim, at - 301, 300)
