"""A proxy in front of moto whose STS refuses the roles that it is told are missing: moto itself assumes any role."""

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server", "keep-alive"})

_DENIED = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
    "<Code>AccessDenied</Code><Message>User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}"
    "</Message></Error><RequestId>00000000-1111-2222-3333-444444444444</RequestId></ErrorResponse>"
)


@dataclass
class StsProxy:
    """`missing` names the roles that cannot be assumed, by ARN; `assumed` and `refused` tell what was asked.

    Each of these is (role, key id of who asked).
    """

    url: str = ""
    missing: set[str] = field(default_factory=set)
    assumed: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def sts_proxy(moto_url: str) -> Iterator[StsProxy]:
    """Run a proxy on a free port of loopback."""
    proxy = StsProxy()
    where = urlsplit(moto_url).netloc

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if (role := _role_asked_for(body)) is not None:
                asker = self.headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
                if role in proxy.missing:
                    proxy.refused.append((role, asker))
                    self._answer(403, [("Content-Type", "text/xml")], _DENIED.format(user=asker, role=role).encode())
                    return
                proxy.assumed.append((role, asker))
            upstream = http.client.HTTPConnection(where, timeout=30)
            try:
                upstream.request(self.command, self.path, body, dict(self.headers.items()))
                answer = upstream.getresponse()
                self._answer(answer.status, answer.getheaders(), answer.read())
            finally:
                upstream.close()

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any  # noqa: N815 - their names for it

        def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    proxy.url = f"http://127.0.0.1:{running.server_port}"
    try:
        yield proxy
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def _role_asked_for(body: bytes) -> str | None:
    if b"Action=AssumeRole&" not in body + b"&":
        return None
    return parse_qs(body.decode())["RoleArn"][0]
