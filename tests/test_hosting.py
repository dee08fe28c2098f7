"""The private door of runbooks, on sockets: its limits are those of the port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from runwright.config import Settings
from runwright.documents import Draft
from runwright.hosting import Host
from runwright.runtime.scope import Caller, Scope
from tests.api.test_port import Connect, answer_of, asked, request

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
CALL = """
{schemaVersion: '0.3', mainSteps: [{name: x, action: 'aws:executeAwsApi', inputs: {Service: ec2, Api: DescribeVpcs}}]}
"""

Story = Callable[[Connect, bytes], Awaitable[None]]


def at_the_door(story: Story, **limits: int) -> None:
    """Run `story` with a way to the door and the path of a step that is under way; `_` in a name stands for `-`."""

    async def all_of_it() -> None:
        chosen = Settings().limits | {name.replace("_", "-"): value for name, value in limits.items()}
        silent = socket.create_server(("127.0.0.1", 0))
        host = await Host.open(Settings(aws=f"http://127.0.0.1:{silent.getsockname()[1]}", limits=chosen))
        try:
            engine = host.engine
            await engine.documents.create(CALLER.account, CALLER.region, "Call", "Automation", Draft(CALL, "YAML"), {})
            id_ = await engine.start({"DocumentName": "Call"}, CALLER)
            assert engine.backend.own_ssm is not None
            url = urlsplit(engine.backend.own_ssm.url(Scope(id_, id_, CALLER.account, CALLER.region, None)) or "")
            await story(lambda: asyncio.open_connection(url.hostname, url.port), url.path.encode())
        finally:
            await host.close()
            silent.close()

    asyncio.run(all_of_it())


def of_the_step(path: bytes, more: str = "") -> bytes:
    return request(more=more).replace(b"POST / ", b"POST %b " % path)


def test_a_step_is_answered_and_a_strange_path_is_not() -> None:
    async def story(connect: Connect, path: bytes) -> None:
        assert await asked(connect, of_the_step(path)) == (200, "")
        assert await asked(connect, of_the_step(b"/guessed")) == (403, "AccessDeniedException")

    at_the_door(story)


@pytest.mark.parametrize("sent", [b"HELLO\r\n\r\n", request().replace(b"Content-Length: 2", b"Content-Length: two")])
def test_what_is_no_http_is_refused_as_json(sent: bytes) -> None:
    async def story(connect: Connect, path: bytes) -> None:
        assert await asked(connect, sent) == (400, "MalformedHttpRequestException")

    at_the_door(story)


def test_headers_have_a_limit() -> None:
    async def story(connect: Connect, path: bytes) -> None:
        assert await asked(connect, of_the_step(path, f"X-Long: {'x' * 3000}\r\n")) == (200, "")
        refused = (431, "RequestHeaderFieldsTooLargeException")
        assert await asked(connect, of_the_step(path, f"X-Long: {'x' * 5000}\r\n")) == refused
        assert await asked(connect, b"GET /" + b"x" * 5000) == refused

    at_the_door(story, header=4096)


def test_a_script_that_sends_too_slowly_is_refused() -> None:
    async def story(connect: Connect, path: bytes) -> None:
        for begun in (b"", of_the_step(path)[:-1]):
            assert await asked(connect, begun) == (408, "RequestTimeoutException")

    at_the_door(story, client_seconds=1)


def test_steps_have_their_connections_however_few_callers_are_allowed() -> None:
    async def story(connect: Connect, path: bytes) -> None:
        reader, writer = await connect()
        writer.write(of_the_step(path))
        assert (await answer_of(reader))[0] == 200
        assert await asked(connect, of_the_step(path)) == (200, "")
        writer.close()
        await writer.wait_closed()

    at_the_door(story, connections=1)


def test_connections_have_a_limit() -> None:
    async def story(connect: Connect, path: bytes) -> None:
        most = Settings().limits["connections"]
        open_ones = await asyncio.gather(*(connect() for _ in range(most)))
        assert await asked(connect, b"") == (503, "ServiceUnavailable")
        for _, writer in open_ones:
            writer.transport.abort()

    at_the_door(story, connections=1)
