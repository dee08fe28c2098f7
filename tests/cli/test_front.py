"""Servers that are opened to others: what they refuse to start with, and that clients work against them."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cli.conftest import Serve, Server, failing_serve

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PRINCIPALS = """
principals:
  - arn: arn:aws:iam::111122223333:user/ana
    access_keys: [{id: AKIAIOSFODNN7EXAMPLE, secret: {env: ANA_SECRET}}]
    policies: [all]
policies:
  all: {Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}
"""
MEMORY = ("--data", ":memory:", "--aws", "http://127.0.0.1:9")
SLEEPY = "schemaVersion: '0.3'\nmainSteps: [{name: wait, action: 'aws:sleep', inputs: {Duration: PT1H}}]\n"


def principals(folder: Path, mode: int = 0o600) -> str:
    path = folder / "principals.yaml"
    path.write_text(PRINCIPALS)
    path.chmod(mode)
    return str(path)


def client(server: Server, **more: Any) -> Any:
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": SECRET} | more
    return boto3.client("ssm", endpoint_url=server.url, region_name="eu-central-1", **keys)


@pytest.fixture
def tls(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that it signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "runwright")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "server.crt", tmp_path / "server.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    paths[1].chmod(0o600)
    return paths


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "no-such-name.invalid"])
def test_off_loopback_a_server_does_not_start_without_principals(tmp_path: Path, host: str) -> None:
    ended = failing_serve(tmp_path, *MEMORY, "--host", host)

    assert ended.returncode == 2
    assert "pass --principals FILE, or listen at 127.0.0.1" in ended.stderr
    assert ended.stdout == ""


def test_off_loopback_a_server_does_not_start_with_scripts_that_are_not_isolated(tmp_path: Path) -> None:
    flags = ("--host", "0.0.0.0", "--principals", principals(tmp_path), "--script-sandbox", "none")

    ended = failing_serve(tmp_path, *MEMORY, *flags, ANA_SECRET=SECRET)

    assert ended.returncode == 2
    assert "leave it at auto, or listen at 127.0.0.1" in ended.stderr


def test_principals_that_everyone_may_read_are_refused(tmp_path: Path) -> None:
    ended = failing_serve(tmp_path, *MEMORY, "--principals", principals(tmp_path, 0o644), ANA_SECRET=SECRET)

    assert ended.returncode == 2
    assert "may be read or changed by others (mode 644): chmod 600" in ended.stderr


def test_a_data_directory_that_cannot_hold_the_audit_log_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    arguments = ("--principals", principals(tmp_path), "--data", str(file / "data"), "--aws", "http://127.0.0.1:9")

    ended = failing_serve(tmp_path, *arguments, ANA_SECRET=SECRET)

    assert ended.returncode == 2
    assert ended.stderr == (
        f"runwright serve: the audit log {file}/data/audit.jsonl cannot be opened: {file} is no directory.\n"
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("alone", "--tls-certificate and --tls-key go together"),
        ("open", "may be read by everyone: chmod 600"),
        ("foreign", "cannot be used with the key"),
        ("missing", "cannot be read: No such file"),
    ],
)
def test_a_certificate_that_cannot_protect_is_refused(
    tmp_path: Path, tls: tuple[Path, Path], change: str, complaint: str
) -> None:
    certificate, key = tls
    match change:
        case "open":
            key.chmod(0o644)
        case "foreign":
            key.write_text("no key")
        case "missing":
            certificate.unlink()
    flags = ("--tls-certificate", str(certificate)) + (() if change == "alone" else ("--tls-key", str(key)))

    ended = failing_serve(tmp_path, *MEMORY, *flags)

    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_boto3_works_over_tls_for_a_principal_and_for_nobody_else(
    serve: Serve, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    certificate, key = map(str, tls)
    flags = ("--principals", principals(tmp_path), "--tls-certificate", certificate, "--tls-key", key)
    server = serve("--aws", "http://127.0.0.1:9", "--data", str(tmp_path / "data"), *flags, ANA_SECRET=SECRET)
    ssm = client(server, verify=certificate)

    ssm.create_document(Name="Sleepy", DocumentType="Automation", DocumentFormat="YAML", Content=SLEEPY)
    started = ssm.start_automation_execution(DocumentName="Sleepy")["AutomationExecutionId"]
    found = ssm.get_automation_execution(AutomationExecutionId=started)["AutomationExecution"]

    assert server.url.startswith("https://127.0.0.1:")
    assert found["ExecutedBy"] == "arn:aws:iam::111122223333:user/ana"
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client(server, verify=certificate, aws_secret_access_key=SECRET[::-1]).list_documents()
    told = [json.loads(line) for line in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    assert [line["operation"] for line in told if line.get("status") == 200] == [
        "CreateDocument",
        "StartAutomationExecution",
        "GetAutomationExecution",
    ]


def test_a_server_for_others_says_that_nothing_is_encrypted_and_knows_its_names(serve: Serve, tmp_path: Path) -> None:
    flags = ("--host", "0.0.0.0", "--allowed-host", "runner.example")
    server = serve(*MEMORY, "--principals", principals(tmp_path), *flags, ANA_SECRET=SECRET)

    assert any("not encrypted" in line for line in server.lines)
    for host, status in (("runner.example", 200), ("evil.example", 403)):
        request = urllib.request.Request(f"{server.url}/_runwright/health", headers={"Host": host})
        assert _status(request) == status


def test_what_a_browser_can_reach_tells_it_nothing(serve: Serve, tmp_path: Path) -> None:
    server = serve(*MEMORY, "--principals", principals(tmp_path), ANA_SECRET=SECRET)

    with urllib.request.urlopen(f"{server.url}/_runwright/health") as answer:
        assert json.load(answer) == {"status": "ok"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert _status(urllib.request.Request(f"{server.url}/_runwright/reset", b"", {"X-Runwright": "1"})) == 403
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert _status(urllib.request.Request(f"{server.url}/_runwright/health", headers=headers)) == 403


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_plain_http_at_a_port_with_tls_gets_no_answer(serve: Serve, tls: tuple[Path, Path]) -> None:
    server = serve(*MEMORY, "--tls-certificate", str(tls[0]), "--tls-key", str(tls[1]))

    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(server.url.replace("https:", "http:") + "/_runwright/health")
    trusting = ssl.create_default_context(cafile=str(tls[0]))
    with urllib.request.urlopen(f"{server.url}/_runwright/health", context=trusting) as answer:
        assert answer.status == 200
