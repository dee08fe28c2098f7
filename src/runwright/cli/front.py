"""How a server is opened to others: its principals, names, TLS and audit log; what would be unsafe is refused."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runwright.access.audit import AuditLog
from runwright.access.front_door import FrontDoor
from runwright.access.principals import InvalidPrincipals, read_principals
from runwright.api.guard import Guard
from runwright.config import Settings, read
from runwright.runtime.sqlite import make_folder

AUDIT_FILE = "audit.jsonl"


class Unsafe(Exception):
    """A combination of settings that is refused; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Front:
    """`certificate` and `key` are both there, or neither."""

    guard: Guard
    certificate: Path | None
    key: Path | None
    advice: tuple[str, ...]


def open_front(given: Mapping[str, object], settings: Settings, host: str) -> Front:
    """Read and hold against each other all that decides who is let in. Raises InvalidSetting and Unsafe."""
    principals: Path | None = read("principals", given.get("principals"))
    certificate: Path | None = read("tls-certificate", given.get("tls_certificate"))
    key: Path | None = read("tls-key", given.get("tls_key"))
    names: tuple[str, ...] = read("allowed-host", given.get("allowed_host"))
    is_open = not is_loopback(host)
    if is_open and principals is None:
        raise Unsafe(
            f"at {host} others than this machine reach the server, and without principals whoever does may do "
            "everything: pass --principals FILE, or listen at 127.0.0.1."
        )
    if is_open and settings.script_sandbox == "none":
        raise Unsafe(
            f"at {host} others than this machine reach the server, and --script-sandbox=none would let their scripts "
            "do what the server's user may: leave it at auto, or listen at 127.0.0.1."
        )
    _check_tls(certificate, key)
    front_door = _front_door(principals, settings) if principals is not None else None
    guard = Guard(
        front_door=front_door,
        audit=_audit_log(read("audit-log", given.get("audit_log")), settings, is_guarded=front_door is not None),
        limits=settings.limits,
        host_names=frozenset({host.lower().strip("[]"), *names}),
    )
    advice: tuple[str, ...] = ()
    if is_open and certificate is None:
        advice = ("Requests and answers are not encrypted: pass --tls-certificate and --tls-key, or put TLS in front.",)
    return Front(guard, certificate, key, advice)


def is_loopback(host: str) -> bool:
    """Whether all that `host` stands for is this machine alone; a name that is not known is not."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def _front_door(path: Path, settings: Settings) -> FrontDoor:
    try:
        keys = read_principals(path)
    except InvalidPrincipals as error:
        raise Unsafe(str(error)) from None
    return FrontDoor(keys, requests_per_second=settings.limits["requests"], skew_seconds=settings.limits["clock-skew"])


def _audit_log(path: Path | None, settings: Settings, *, is_guarded: bool) -> AuditLog | None:
    if path is None and is_guarded and settings.data is not None:
        path = settings.data / AUDIT_FILE
    if path is None:
        return None
    try:
        if path.parent == settings.data:  # which nobody has opened yet
            make_folder(path.parent)
        return AuditLog(path)
    except OSError as error:
        raise Unsafe(f"the audit log {path} cannot be opened: {error.strerror}.") from None


def _check_tls(certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        raise Unsafe("--tls-certificate and --tls-key go together: pass both.")
    if certificate is None or key is None:
        return
    try:
        if os.stat(key).st_mode & stat.S_IRWXO:
            raise Unsafe(f"the private key {key} may be read by everyone: chmod 600 {key}.")
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise Unsafe(f"the certificate {certificate} cannot be used with the key {key}: {error.reason}.") from None
    except OSError as error:
        raise Unsafe(f"the certificate {certificate} or the key {key} cannot be read: {error.strerror}.") from None
