"""What a connection may cost: bytes of headers, seconds of sending and reading, and how many there are at a time.

uvicorn's protocol with these bounds around it; who is refused here gets the same JSON as elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runwright.api import protocol
from runwright.errors import ServiceError


class Bounded(HttpToolsProtocol):
    """One connection. `limits` is set by `bounded_protocol`."""

    limits: Mapping[str, int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head, self._head_bytes = True, 0
        self._receiving: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > (most := self.limits["connections"]):
            self._refuse(503, "ServiceUnavailable", f"The server has {most} connections open, its limit.")
        else:
            self._receiving = self.loop.call_later(self.limits["client-seconds"], self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clocks()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._receiving is None:
            self._receiving = self.loop.call_later(self.limits["client-seconds"], self._too_slow)
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self.limits["header"]:
            self._refuse_head()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._in_head, self._head_bytes = False, 0
        if size > self.limits["header"]:
            self._refuse_head()
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's own is no JSON."""
        text = (
            "What was received is no request of HTTP/1.1: its first line, a header, its length or a chunk is malformed."
        )
        self._refuse(400, "MalformedHttpRequestException", text)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._sending = self.loop.call_later(self.limits["client-seconds"], self.transport.abort)

    def resume_writing(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        super().resume_writing()

    def _too_slow(self) -> None:
        message = f"The request did not arrive within {self.limits['client-seconds']} seconds."
        self._refuse(408, "RequestTimeoutException", message)

    def _refuse_head(self) -> None:
        message = f"The headers of the request have more than {self.limits['header']} bytes."
        self._refuse(431, "RequestHeaderFieldsTooLargeException", message)

    def _refuse(self, status: int, code: str, message: str) -> None:
        if self.transport.is_closing():
            return
        body = protocol.encode_error(ServiceError(code, message, status))
        head = (
            f"HTTP/1.1 {status} Refused\r\ncontent-type: {protocol.CONTENT_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _stop_clocks(self) -> None:
        for clock in (self._receiving, self._sending):
            if clock is not None:
                clock.cancel()


def bounded_protocol(limits: Mapping[str, int]) -> type[asyncio.Protocol]:
    """The protocol class for a server with these limits, to be uvicorn's `http`."""
    return type("BoundedProtocol", (Bounded,), {"limits": limits})
