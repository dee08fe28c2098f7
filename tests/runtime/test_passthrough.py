from __future__ import annotations

import asyncio
from collections.abc import Iterable

from runwright.runtime.lanes import Lanes
from runwright.runtime.passthrough import Answered, Passthrough, Unanswered

from .servers import Answer, Request, server, silent_server


def forward(url: str, headers: Iterable[tuple[str, str]] = (), seconds: float = 20) -> Answered | Unanswered:
    async def whole() -> Answered | Unanswered:
        lanes = Lanes()
        passthrough = Passthrough(url, lanes)
        try:
            return await passthrough.forward("POST", "/?a=1", headers, b'{"a": 1}', seconds=seconds)
        finally:
            passthrough.close()
            lanes.close()

    return asyncio.run(whole())


def test_a_request_arrives_as_it_came_and_its_answer_as_it_was_given() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Answer:
        seen.append(request)
        return 418, {"X-Amzn-RequestId": "r", "Content-Type": "application/x-amz-json-1.1"}, b'{"__type": "Teapot"}'

    sent = {"Host": "ssm.example:4583", "Authorization": "AWS4-HMAC-SHA256 x", "X-Amz-Target": "AmazonSSM.PutParameter"}
    with server(answer) as url:
        got = forward(url, sent.items())
    assert isinstance(got, Answered)
    assert (got.status, got.body, got.error) == (418, b'{"__type": "Teapot"}', "Teapot")
    assert ("X-Amzn-RequestId", "r") in got.headers
    assert (seen[0].path, seen[0].body) == ("/?a=1", b'{"a": 1}')
    assert {name: seen[0].headers[name.lower()] for name in sent} == sent


def test_no_connection_and_no_answer_in_time_are_told() -> None:
    with server(lambda _: (200, {}, b"")) as url:
        gone = url
    for got in (forward(gone), silently()):
        assert isinstance(got, Unanswered)
        assert got.reason.startswith("The backend at http://127.0.0.1:")
        assert got.code in ("NewConnectionError", "OutcomeUnknown")


def silently() -> Answered | Unanswered:
    with silent_server() as url:
        return forward(url, seconds=0.2)
