"""The limits of the port, each at its edge, on sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import uvicorn

from runwright.api.app import create_app
from runwright.api.guard import Guard
from runwright.api.port import bounded_protocol
from runwright.config import Settings
from runwright.engine import Engine
from runwright.messages import Json
from tests.access.secured import EVERYTHING, Options, Secured, key, secured
from tests.api.runbooks import SLEEP, text
from tests.api.serving import NOBODY

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def with_port(story: Callable[[Connect], Awaitable[None]], **limits: int) -> None:
    """Run `story` against a port with these limits; `_` in a name stands for `-`."""

    async def all_of_it() -> None:
        chosen = Settings().limits | {name.replace("_", "-"): value for name, value in limits.items()}
        async with await Engine.open(Settings(aws=NOBODY, limits=chosen)) as engine:
            app = create_app(engine, Guard(limits=chosen))
            config = uvicorn.Config(app, port=0, http=bounded_protocol(chosen), log_config=None, lifespan="off")
            server = uvicorn.Server(config)
            config.load()
            server.lifespan = config.lifespan_class(config)
            await server.startup()
            port = server.servers[0].sockets[0].getsockname()[1]
            try:
                await story(lambda: asyncio.open_connection("127.0.0.1", port))
            finally:
                server.force_exit = True
                await server.shutdown()

    asyncio.run(all_of_it())


def request(body: bytes = b"{}", more: str = "") -> bytes:
    head = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
        f"X-Amz-Target: AmazonSSM.DescribeAutomationExecutions\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, Json]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.split("content-length: ")[1].split("\r\n")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


async def asked(connect: Connect, sent: bytes) -> tuple[int, str]:
    reader, writer = await connect()
    writer.write(sent)
    status, answer = await answer_of(reader)
    writer.close()
    await writer.wait_closed()
    return status, answer.get("__type", "")


def test_headers_have_a_limit_whether_they_end_or_not() -> None:
    async def story(connect: Connect) -> None:
        assert await asked(connect, request(more=f"X-Long: {'x' * 3000}\r\n")) == (200, "")
        refused = (431, "RequestHeaderFieldsTooLargeException")
        assert await asked(connect, request(more=f"X-Long: {'x' * 5000}\r\n")) == refused
        assert await asked(connect, b"POST / HTTP/1.1\r\nX-Long: " + b"x" * 5000) == refused
        assert await asked(connect, b"GET /" + b"x" * 5000) == refused

    with_port(story, header=4096)


def test_a_body_is_not_part_of_the_headers() -> None:
    async def story(connect: Connect) -> None:
        assert await asked(connect, request(b"{}" + b" " * 50_000)) == (200, "")

    with_port(story, header=4096)


def test_a_body_has_a_limit() -> None:
    async def story(connect: Connect) -> None:
        assert await asked(connect, request(b"{}" + b" " * 2046)) == (200, "")
        assert await asked(connect, request(b"{}" + b" " * 2047)) == (413, "RequestEntityTooLargeException")

    with_port(story, body=2048)


def test_lists_and_objects_lie_in_each_other_up_to_a_limit() -> None:
    async def story(connect: Connect) -> None:
        def nested(depth: int) -> bytes:
            return b'{"Unknown":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

        assert await asked(connect, request(nested(5))) == (200, "")
        assert await asked(connect, request(nested(6))) == (400, "SerializationException")

    with_port(story, nesting=5)


def test_what_is_no_http_is_refused_as_json() -> None:
    async def story(connect: Connect) -> None:
        for sent in (b"HELLO\r\n\r\n", request().replace(b"Content-Length: 2", b"Content-Length: two")):
            assert await asked(connect, sent) == (400, "MalformedHttpRequestException")

    with_port(story)


def test_connections_have_a_limit_and_one_that_ends_makes_room() -> None:
    async def story(connect: Connect) -> None:
        open_ones = [await connect() for _ in range(2)]
        for reader, writer in open_ones:
            writer.write(request())
            assert (await answer_of(reader))[0] == 200
        assert await asked(connect, b"") == (503, "ServiceUnavailable")
        open_ones[0][1].close()
        await open_ones[0][1].wait_closed()
        while (await asked(connect, request()))[0] != 200:
            pass
        open_ones[1][1].close()
        await open_ones[1][1].wait_closed()

    with_port(story, connections=2)


def test_a_client_that_sends_too_slowly_is_refused() -> None:
    async def story(connect: Connect) -> None:
        for begun in (b"", b"POST / HT", request(b"{}")[:-1]):
            assert await asked(connect, begun) == (408, "RequestTimeoutException")

    with_port(story, client_seconds=1)


def test_a_client_that_sends_slowly_on_a_used_connection_is_refused_too() -> None:
    async def story(connect: Connect) -> None:
        reader, writer = await connect()
        writer.write(request())
        assert (await answer_of(reader))[0] == 200
        writer.write(b"POST /")
        assert (await answer_of(reader))[0] == 408
        writer.close()

    with_port(story, client_seconds=1)


def test_a_client_that_does_not_read_its_answers_is_cut_off() -> None:
    content = json.dumps({"schemaVersion": "0.3", "description": "x" * 60_000} | {"mainSteps": SLEEP["mainSteps"]})
    made = {"Name": "Long", "DocumentType": "Automation", "Content": content.replace("{{ Duration }}", "PT1S")}
    reads = 400

    async def story(connect: Connect) -> None:
        creation = request(json.dumps(made).encode()).replace(b"DescribeAutomationExecutions", b"CreateDocument")
        assert await asked(connect, creation) == (200, "")
        _, writer = await connect()
        writer.write(request(b'{"Name": "Long"}').replace(b"DescribeAutomationExecutions", b"GetDocument") * reads)
        assert (await asked(connect, request()))[0] == 503
        while (await asked(connect, request()))[0] != 200:
            pass
        writer.transport.abort()

    with_port(story, client_seconds=1, connections=1)


def test_documents_have_a_limit() -> None:
    ana = key("ana", EVERYTHING)

    async def story(server: Secured) -> None:
        content = {"Name": "Rest", "DocumentType": "Automation", "Content": text(SLEEP)}
        assert (await server.call(ana, "CreateDocument", content))[0] == "MaxDocumentSizeExceeded"

    secured([ana], story, Options(settings={"limits": Settings().limits | {"document": 100}}))


def test_each_principal_has_its_own_requests_a_second() -> None:
    ana, bob = key("ana", EVERYTHING), key("bob", EVERYTHING)

    async def story(server: Secured) -> None:
        codes = [(await server.call(ana, "DescribeAutomationExecutions", {"MaxResults": n}))[0] for n in range(1, 12)]
        assert codes[:3] == [None, None, None]
        assert codes[-1] == "ThrottlingException"
        assert (await server.call(bob, "DescribeAutomationExecutions"))[0] is None
        server.clock.later += 1
        assert (await server.call(ana, "DescribeAutomationExecutions", {"MaxResults": 20}))[0] is None

    secured([ana, bob], story, Options(settings={"limits": Settings().limits | {"requests": 3}}))


def test_the_time_of_a_signature_may_be_off_as_far_as_the_limit_says() -> None:
    ana = key("ana", EVERYTHING)

    async def story(server: Secured) -> None:
        server.clock.later = 8.0
        assert (await server.call(ana, "DescribeAutomationExecutions"))[0] is None
        server.clock.later = 15.0
        assert (await server.call(ana, "DescribeAutomationExecutions"))[0] == "InvalidSignatureException"

    secured([ana], story, Options(settings={"limits": Settings().limits | {"clock-skew": 10}}))
