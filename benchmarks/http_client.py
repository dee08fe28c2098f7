"""The client program of every comparison over HTTP: keep-alive connections, JSON bodies, nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"


class Connection:
    """One connection to a server of AWS JSON 1.1 or 1.0."""

    def __init__(
        self, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, prefix: str, service: str
    ) -> None:
        self._url, self._reader, self._writer, self._prefix = url, reader, writer, prefix
        self._is_closed = False
        version = "1.0" if service == "states" else "1.1"
        self._head = (
            f"Host: 127.0.0.1\r\nContent-Type: application/x-amz-json-{version}\r\n"
            f"Authorization: {_AUTHORIZATION.format(service=service)}\r\n"
        )

    @classmethod
    async def open(cls, url: str, prefix: str, service: str) -> Connection:
        return cls(url, *await _connect(url), prefix, service)

    async def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        """One call. RuntimeError for an answer that is an error."""
        if self._is_closed:
            self._writer.close()
            self._reader, self._writer = await _connect(self._url)
        body = json.dumps(members).encode()
        self._writer.write(
            f"POST / HTTP/1.1\r\n{self._head}X-Amz-Target: {self._prefix}.{operation}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        self._is_closed = "connection: close" in head or head.startswith("http/1.0")
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        answer = await self._reader.readexactly(length)
        if " 200 " not in head[:16]:
            raise RuntimeError(f"{operation}: {head[:16]} {answer[:300]!r}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        self._writer.close()


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def share(
    url: str, prefix: str, service: str, clients: int, count: int, work: Callable[[Connection, int], Awaitable[None]]
) -> float:
    """Do `work` so many times, shared by so many connections; the seconds it took."""
    connections = [await Connection.open(url, prefix, service) for _ in range(clients)]
    numbers = iter(range(count))

    async def one(connection: Connection) -> None:
        for number in numbers:
            await work(connection, number)

    began = time.perf_counter()
    await asyncio.gather(*map(one, connections))
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return seconds
