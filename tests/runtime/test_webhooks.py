from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from runwright.messages import CallWebhook, Failure, Json, Reply
from runwright.runtime.backend import Backend
from runwright.runtime.scope import Scope
from runwright.runtime.webhooks import PARAMETER_PREFIX, Webhooks

from .servers import Answer, Request, server

SCOPE = Scope("0d5c0d5c-6f0d-4d0a-9b5e-2c1d6f1c7a11", "family", "123456789012", "us-east-1", None)
SECRET = "s3cr3t-t0k3n"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody else trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "loopback.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


def call(
    moto_url: str,
    stored: Json,
    *,
    body: str | None = None,
    trusted: Path | None = None,
    kind: str = "SecureString",
    seconds: float = 20,
) -> Reply:
    """Store an integration and call it."""

    async def whole() -> Reply:
        backend = await Backend.open(moto_url, "us-east-1", "123456789012")
        parameter = {"Name": PARAMETER_PREFIX + "hook", "Type": kind, "Value": json.dumps(stored), "Overwrite": True}
        await backend.call(SCOPE, "ssm", "PutParameter", parameter, seconds=20)
        webhooks = Webhooks(backend, ssl.create_default_context(cafile=trusted) if trusted else None)
        try:
            return await webhooks.call(CallWebhook("hook", body, seconds), SCOPE)
        finally:
            webhooks.close()
            await backend.close()

    return asyncio.run(whole())


def served(certificate: Path, answer: Callable[[Request], Answer], use: Callable[[str], Reply]) -> Reply:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with server(answer, context) as url:
        return use(url)


def failure_of(reply: Reply) -> Failure:
    assert reply.failure is not None
    return reply.failure


@pytest.mark.parametrize(("body", "sent"), [(None, b'{"a": 1}'), ("text", b"text")])
def test_a_webhook_sends_what_is_stored_or_the_body_of_the_step(
    moto_url: str, certificate: Path, body: str | None, sent: bytes
) -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Answer:
        seen.append(request)
        return 202, {}, b"thanks"

    def use(url: str) -> Reply:
        stored = {"url": f"{url}/hook", "headers": {"Authorization": f"Bearer {SECRET}"}, "payload": {"a": 1}}
        return call(moto_url, stored, body=body, trusted=certificate)

    assert served(certificate, answer, use) == Reply({"Response": "thanks", "ResponseCode": 202})
    assert (seen[0].method, seen[0].path, seen[0].body) == ("POST", "/hook", sent)
    assert seen[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("status", [200, 500])
def test_secrets_that_an_answer_repeats_are_hidden(moto_url: str, certificate: Path, status: int) -> None:
    def echo(request: Request) -> Answer:
        return status, {}, f"{request.path} {request.headers}".encode()

    def use(url: str) -> Reply:
        stored = {"url": f"{url}/services/T00/{SECRET}", "headers": {"X-Key": f"Basic {SECRET}"}}
        return call(moto_url, stored, trusted=certificate)

    reply = served(certificate, echo, use)
    text = failure_of(reply).message if status == 500 else reply.value["Response"]
    assert "***" in text
    assert SECRET not in text


def test_no_redirect_is_followed(moto_url: str, certificate: Path) -> None:
    asked: list[str] = []

    def answer(request: Request) -> Answer:
        asked.append(request.path)
        return 302, {"Location": "/elsewhere"}, b""

    reply = served(certificate, answer, lambda url: call(moto_url, {"url": f"{url}/a"}, trusted=certificate))
    assert failure_of(reply).message.startswith("The webhook integration 'hook' answered with status 302")
    assert asked == ["/a"]


def test_who_is_not_trusted_is_not_told_anything(moto_url: str, certificate: Path) -> None:
    reply = served(certificate, lambda _: (200, {}, b""), lambda url: call(moto_url, {"url": f"{url}/{SECRET}"}))
    assert failure_of(reply).message == "The webhook integration 'hook' cannot be reached (SSLError)."


@pytest.mark.parametrize(
    ("stored", "kind", "why"),
    [
        ({"url": "http://127.0.0.1/x"}, "SecureString", "must begin with https://"),
        ({"nothing": 1}, "SecureString", "must hold a JSON object with a url"),
        ("text", "SecureString", "must hold a JSON object with a url"),
        ({"url": "https://127.0.0.1/x"}, "String", "must be a SecureString"),
    ],
)
def test_an_integration_that_cannot_be_used_is_refused(moto_url: str, stored: Json, kind: str, why: str) -> None:
    assert why in failure_of(call(moto_url, stored, kind=kind)).message


def test_an_integration_that_is_not_stored_is_told_with_its_parameter(moto_url: str) -> None:
    async def whole() -> Reply:
        backend = await Backend.open(moto_url, "us-east-1", "123456789012")
        try:
            return await Webhooks(backend).call(CallWebhook("missing", None), SCOPE)
        finally:
            await backend.close()

    message = failure_of(asyncio.run(whole())).message
    assert message.startswith("The webhook integration 'missing' could not be looked up (SecureString /d9d01087-")
    assert "ParameterNotFound" in message
