"""The application on an engine of its own, and a backend on loopback that answers as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from runwright.api.app import create_app
from runwright.config import Settings
from runwright.engine import Engine
from runwright.messages import Json
from tests.api.calling import Client

NOBODY = "http://127.0.0.1:9"
"""A backend that no connection can be made to (the discard port)."""

Story = Callable[[Client], Awaitable[None]]


def served(*, aws: str = NOBODY, data: Path | None = None) -> Callable[[Story], Callable[[], None]]:
    """Make a test of a coroutine function that is given a client of a server of its own."""

    def decorate(story: Story) -> Callable[[], None]:
        def test() -> None:
            asyncio.run(in_server(story, aws=aws, data=data))

        test.__name__, test.__module__ = story.__name__, story.__module__
        return test

    return decorate


async def in_server(story: Story, *, aws: str = NOBODY, data: Path | None = None) -> None:
    engine = await Engine.open(Settings(aws=aws, data=data, skip_time=True))
    try:
        await story(Client(create_app(engine)))
    finally:
        await engine.close()


@dataclass
class Backend:
    """Answers by operation: (status, content type, body). What came is kept, as (head, body)."""

    answers: dict[str, tuple[int, str, bytes]]
    came: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in head.strip().split(b"\r\n")[1:])
        body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
        self.came.append((head, body))
        operation = headers[b"x-amz-target"].decode().rpartition(".")[2]
        known = {name.lower(): answer for name, answer in self.answers.items()}
        status, content_type, answer = known.get(operation, (500, "text/html", b"<html>not implemented</html>"))
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {len(answer)}\r\n"
            "connection: close\r\n\r\n".encode()
            + answer
        )
        await writer.drain()
        writer.close()

    def bodies(self) -> list[Json]:
        return [json.loads(body) for _, body in self.came]


def with_backend(answers: dict[str, Json], story: Callable[[Client, Backend], Awaitable[None]]) -> None:
    """Run `story` on a server whose backend gives these answers: JSON for success, or (status, content type, bytes)."""

    async def all_of_it() -> None:
        backend = Backend(
            {
                name: answer if isinstance(answer, tuple) else (200, "application/x-amz-json-1.1", _bytes(answer))
                for name, answer in answers.items()
            }
        )
        listener = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener:
            await in_server(lambda client: story(client, backend), aws=f"http://127.0.0.1:{port}")

    asyncio.run(all_of_it())


def _bytes(answer: Json) -> bytes:
    return json.dumps(answer).encode()
