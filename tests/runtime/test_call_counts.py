"""Every call of the backend is counted and, where it goes wrong, logged with the step that makes it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from runwright.messages import CallAws, WishId
from runwright.runtime.backend import Backend
from runwright.runtime.clock import Clock
from runwright.runtime.effects import Effects
from runwright.runtime.scope import Scope

from .servers import Answer, Request, server
from .test_backend import ASSUMED, DENIED, SCOPE

ROLE = replace(SCOPE, role="arn:aws:iam::222222222222:role/Operator")
XML = {"Content-Type": "text/xml"}
JSON = {"Content-Type": "application/x-amz-json-1.1"}


Scenario = Callable[[Backend], Coroutine[Any, Any, object]]


def counted_at(url: str, scenario: Scenario) -> Counter[tuple[str, str]]:
    """How often each (service, error) was counted while the scenario ran."""
    counts: Counter[tuple[str, str]] = Counter()

    async def whole() -> None:
        backend = await Backend.open(url, "us-east-1", "123456789012")
        backend.called = lambda service, error: counts.update([(service, error)])
        try:
            await scenario(backend)
        finally:
            await backend.close()

    asyncio.run(whole())
    return counts


def counted(answer: Callable[[Request], Answer], scenario: Scenario) -> Counter[tuple[str, str]]:
    """The same, on a backend that answers as told."""
    with server(answer) as url:
        return counted_at(url, scenario)


def test_what_is_no_service_is_counted_as_one_thing() -> None:
    async def misspelled(backend: Backend) -> None:
        for service in ("E-C-2", "ce2", "cloud watch", "cloudwotch"):
            await backend.call(SCOPE, service, "DescribeVpcs", {}, seconds=20)

    counts = counted(lambda request: (200, JSON, b"{}"), misspelled)
    assert {service for service, _ in counts} == {"ec2", "cloudwatch", "unknown"}


def test_the_call_that_assumes_a_role_is_counted_beside_the_one_that_needs_it() -> None:
    def answer(request: Request) -> Answer:
        return (200, XML, ASSUMED.encode()) if b"AssumeRole" in request.body else (200, JSON, b"{}")

    counts = counted(answer, lambda backend: backend.call(ROLE, "SQS", "ListQueues", {}, seconds=20))
    assert counts == {("sts", ""): 1, ("sqs", ""): 1}


def test_a_role_that_is_refused_is_an_error_of_sts_alone() -> None:
    counts = counted(
        lambda _: (403, XML, DENIED.encode()),
        lambda backend: backend.call(ROLE, "sqs", "ListQueues", {}, seconds=20),
    )
    assert counts == {("sts", "AccessDenied"): 1}


def test_who_a_caller_is_and_objects_of_s3_are_counted() -> None:
    def answer(request: Request) -> Answer:
        if request.method == "GET":
            return (200, {}, b"content") if request.path == "/bucket/there" else (404, XML, NO_KEY)
        return 403, XML, DENIED.encode()

    async def scenario(backend: Backend) -> None:
        await backend.identify("AKIAX")
        for key in ("there", "gone"):
            await backend.object_in_s3(SCOPE, "bucket", key, "us-east-1", most=100, seconds=20)

    assert counted(answer, scenario) == {("sts", "AccessDenied"): 1, ("s3", ""): 1, ("s3", "NoSuchKey"): 1}


NO_KEY = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"{}", ""),
        (400, b'{"__type": "com.amazonaws.ssm#ParameterNotFound"}', "ParameterNotFound"),
        (500, b"<html>", "500"),
    ],
)
def test_requests_that_are_passed_on_are_counted_by_what_comes_back(status: int, body: bytes, error: str) -> None:
    counts = counted(lambda _: (status, JSON, body), lambda backend: backend.forward([], b"{}"))
    assert counts == {("ssm", error): 1}


def test_a_request_that_cannot_be_passed_on_is_counted() -> None:
    counts = counted_at("http://127.0.0.1:9", lambda backend: backend.forward([], b"{}"))
    assert counts == {("ssm", "NewConnectionError"): 1}


def test_each_further_try_of_a_throttled_call_is_logged_with_its_step(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.0)  # botocore waits no time between tries
    answers = [(400, THROTTLED), (400, THROTTLED), (200, b'{"Parameters": []}')]

    def answer(_: Request) -> Answer:
        status, body = answers.pop(0)
        return status, JSON, body

    async def scenario(backend: Backend) -> None:
        effects, clock = Effects(backend), Clock()
        call = CallAws("ssm", "DescribeParameters", {})
        wish = WishId("each.1/3/copy", 2, 1, 0)
        reply = await effects.perform(call, wish, SCOPE, clock, lambda text: None)
        effects.close()
        clock.close()
        assert reply.failure is None

    with caplog.at_level(logging.INFO, "runwright"):
        counts = counted(answer, scenario)
    assert counts == {("ssm", ""): 1}
    lines: list[dict[str, Any]] = [dict(record.msg) for record in caplog.records if isinstance(record.msg, dict)]
    assert [(line["event"], line["code"], line["number"]) for line in lines] == [
        ("call tried again", "ThrottlingException", 2),
        ("call tried again", "ThrottlingException", 3),
    ]
    of_a_step = replace(SCOPE, path="each.1/3/copy", visit=2).ids()
    assert all(line | of_a_step == line for line in lines)
    assert (of_a_step["step"], of_a_step["execution"]) == ("copy", SCOPE.execution_id)
    assert len(of_a_step["step_execution"]) == 36


THROTTLED = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'


def test_what_no_step_wishes_is_logged_without_a_step() -> None:
    assert replace(SCOPE, path="!alarm").ids() == {"execution": SCOPE.execution_id}
    assert Scope("", "", "123456789012", "us-east-1", None).ids() == {}
