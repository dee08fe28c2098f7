from __future__ import annotations

import gc

import pytest

from runwright.api import protocol
from runwright.errors import ServiceError


def refusal_of(body: bytes) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        protocol.decode(body)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"1" * 5000 + b"}",
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"{} {}",
    ],
)
def test_what_is_no_json_is_a_serialization_exception(body: bytes) -> None:
    error = refusal_of(body)

    assert error.code == "SerializationException"
    assert len(error.message) < 300


def test_ordinary_json_is_read() -> None:
    assert protocol.decode('{"a": ["é", 1, 2.5, null, true]}'.encode()) == {"a": ["é", 1, 2.5, None, True]}


@pytest.mark.parametrize(
    ("target", "content_type"),
    [
        (None, protocol.CONTENT_TYPE),
        ("", protocol.CONTENT_TYPE),
        ("AmazonSSM.", protocol.CONTENT_TYPE),
        ("GetAutomationExecution", protocol.CONTENT_TYPE),
        ("AmazonEC2.GetAutomationExecution", protocol.CONTENT_TYPE),
        ("AmazonSSM.GetAutomationExecution", None),
        ("AmazonSSM.GetAutomationExecution", "application/json"),
        ("AmazonSSM.GetAutomationExecution", "text/plain"),
    ],
)
def test_a_call_without_its_two_headers_is_an_unknown_operation(target: str | None, content_type: str | None) -> None:
    with pytest.raises(ServiceError) as caught:
        protocol.operation_of(target, content_type)

    assert caught.value.code == "UnknownOperationException"


@pytest.mark.parametrize("content_type", ["application/x-amz-json-1.1", "Application/X-Amz-JSON-1.1; charset=utf-8"])
def test_the_operation_is_what_follows_the_prefix(content_type: str) -> None:
    assert protocol.operation_of("AmazonSSM.GetDocument", content_type) == "GetDocument"


def test_the_credential_scope_says_key_and_region() -> None:
    header = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-3/ssm/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=abc"
    )

    assert protocol.credential_of(header) == protocol.Credential("AKIDEXAMPLE", "eu-west-3")
    assert protocol.credential_of(None) is None
    assert protocol.credential_of("Bearer abc") is None


@pytest.mark.parametrize("scope", ["", "Credential=AKID", "Credential=AK/20260101/eu west/ssm/aws4_request, x"])
def test_a_signature_without_a_readable_scope_is_refused(scope: str) -> None:
    with pytest.raises(ServiceError) as caught:
        protocol.credential_of(f"AWS4-HMAC-SHA256 {scope}")

    assert (caught.value.code, caught.value.status) == ("AccessDeniedException", 403)


@pytest.mark.parametrize(
    ("header", "is_own"),
    [
        ("localhost:4583", True),
        ("LOCALHOST", True),
        ("127.0.0.1:4583", True),
        ("127.8.9.1", True),
        ("[::1]:4583", True),
        ("runner.lan:80", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("[::2]", False),
        ("", False),
        (None, False),
    ],
)
def test_only_names_of_this_server_are_taken_as_host(header: str | None, is_own: bool) -> None:
    assert protocol.is_own_host(header, {"runner.lan"}) is is_own


def test_errors_of_other_servers_are_read_with_and_without_a_namespace() -> None:
    found = protocol.error_from({"__type": "com.amazon#InvalidDocument", "message": "gone"})

    assert found is not None
    assert (found.code, found.message) == ("InvalidDocument", "gone")
    assert protocol.error_from({"Error": "x"}) is None
    assert protocol.error_from("<html>") is None


def test_a_large_body_is_not_searched_for_garbage_while_it_is_read() -> None:
    body = b"[" + b",".join([b"[]"] * 400_000) + b"]"
    searches: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        searches.append(phase)

    gc.callbacks.append(note)
    try:
        protocol.decode(body)
        seen = len(searches)
    finally:
        gc.callbacks.remove(note)
    assert seen <= 2
    assert gc.isenabled()
