"""What is hostile, sent to a real server: each request is answered, and so is who asks meanwhile."""

from __future__ import annotations

import json
import re
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.cli.conftest import Serve, Server
from tests.fuzzing.bodies import RAW_VALUES
from tests.fuzzing.test_texts import HOSTILE

HEAD = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSSM.%b\r\n"
    b"Content-Type: application/x-amz-json-1.1\r\nConnection: close\r\n"
)
MOST_MEMORY = 10
"""Times the largest body: what the server's memory may grow by."""

Sent = tuple[str, bytes]


def sized(operation: str, body: bytes) -> Sent:
    return operation, HEAD % operation.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(operation: str, body: bytes, end: bytes = b"0\r\n\r\n") -> Sent:
    parts = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return operation, HEAD % operation.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + end


def hostile() -> Iterator[Sent]:
    for text, text_format in HOSTILE.values():
        document = {"Name": "New", "DocumentType": "Automation", "Content": text, "DocumentFormat": text_format}
        yield sized("CreateDocument", json.dumps(document).encode())
        yield chunked(
            "StartAutomationExecution", json.dumps({"DocumentName": "N", "Parameters": {"P": [text]}}).encode()
        )
        yield sized("StartAutomationExecution", text.encode("utf-8", "surrogatepass"))
    for raw in RAW_VALUES.values():
        yield sized("StartAutomationExecution", b'{"DocumentName": "N", "Parameters": ' + raw + b"}")


def framed_wrong() -> Iterator[Sent]:
    """Requests whose length, coding, type or target is not what it should be."""
    body = b'{"DocumentName": "N"}'
    operation = "StartAutomationExecution"
    head = HEAD % operation.encode()
    yield operation, head + b"\r\n"
    yield operation, head + b"\r\n" + body
    yield operation, head + b"Content-Length: -1\r\n\r\n" + body
    yield operation, head + b"Content-Length: many\r\n\r\n" + body
    yield operation, head + b"Content-Length: 21\r\nContent-Length: 20\r\n\r\n" + body
    yield operation, head + b"Content-Length: 99999999999999999999\r\n\r\n" + body
    yield operation, head + b"Content-Length: 999999999\r\n\r\n" + body
    yield chunked(operation, body, b"zz\r\n")
    yield operation, head + b"Transfer-Encoding: gzip\r\n\r\n" + body
    yield operation, head + b"Transfer-Encoding: chunked\r\nContent-Length: 21\r\n\r\n" + body
    yield operation, head.replace(b"x-amz-json-1.1", b"json") + b"Content-Length: 21\r\n\r\n" + body
    yield operation, head.replace(b"Content-Type", b"X-Type") + b"Content-Length: 21\r\n\r\n" + body
    yield operation, head.replace(b"X-Amz-Target", b"X-Target") + b"Content-Length: 21\r\n\r\n" + body
    yield operation, head.replace(b"AmazonSSM.", b"\xff\xfe.") + b"Content-Length: 21\r\n\r\n" + body
    yield operation, head.replace(b"HTTP/1.1", b"HTTP/9.9") + b"Content-Length: 21\r\n\r\n" + body
    yield operation, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + body


def answered(server: Server, sent: bytes) -> tuple[int, bytes]:
    """Status and body of the answer; nothing more is sent."""
    url = urlsplit(server.url)
    with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before it was all sent: the answer is there
        got = b""
        while part := connection.recv(65536):
            got += part
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def memory(server: Server) -> int:
    """The most bytes that the server has had in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


class Bystander(threading.Thread):
    """Asks again and again for something small, and counts the answers."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._url, self.answers, self.is_over = f"{server.url}/_runwright/health", 0, threading.Event()

    def run(self) -> None:
        while not self.is_over.is_set():
            with urllib.request.urlopen(self._url, timeout=60) as answer:
                assert answer.status == 200
            self.answers += 1


def test_hostile_requests_are_refused_while_others_are_answered(serve: Serve) -> None:
    server = serve("--data", ":memory:", "--aws", "http://127.0.0.1:9")
    before = memory(server)
    bystander = Bystander(server)
    bystander.start()
    requests = list(hostile())
    for operation, sent in requests:
        status, body = answered(server, sent)
        said = json.loads(body)
        assert status in (400, 413), (operation, sent[:400], status, said)
        assert said["__type"]
        assert said["Message"]
    bystander.is_over.set()
    bystander.join()
    assert bystander.answers > len(requests), "others are answered oftener than hostile requests are refused"
    assert memory(server) - before < MOST_MEMORY * 16 * 1024 * 1024
    assert server.stop() == 0


def test_requests_that_are_framed_wrong_are_refused_as_json(serve: Serve) -> None:
    server = serve("--data", ":memory:", "--aws", "http://127.0.0.1:9")
    for operation, sent in framed_wrong():
        status, body = answered(server, sent)
        said = json.loads(body)
        assert status in (400, 413), (operation, sent, said)
        assert said["__type"]
        assert said["Message"]
    assert server.stop() == 0
