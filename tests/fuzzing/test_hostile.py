"""What is hostile in a runbook's text or a request is refused over HTTP too, soon, and nobody else waits for it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import cache

import pytest

from runwright.messages import Json
from tests.fuzzing.bodies import RAW_VALUES, with_raw
from tests.fuzzing.test_requests import hold
from tests.fuzzing.test_texts import HOSTILE
from tests.fuzzing.world import World

TIMES = 12
"""How much more of the event loop's time a hostile request may take than to decode it, or than a large harmless one."""
LARGE = 10_000_000
REFUSALS = ("InvalidDocumentContent", "MaxDocumentSizeExceeded", "ServiceUnavailable", "ValidationException")
"""Of a document: what is not told to be a runbook is the backend's to refuse."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def seconds_of(world: World, operation: str, body: bytes) -> tuple[str, float]:
    """The error that a request gets, and the CPU time that the event loop's thread spends on it."""
    began = time.thread_time()
    answered = world.post(operation, body)
    return hold(operation, answered), time.thread_time() - began


@cache
def harmless_seconds(world: World) -> float:
    """What a request costs that is as large as they get and holds nothing but a text that nobody looks at."""
    body = json.dumps({"Unknown": "x" * LARGE}).encode()
    return min(seconds_of(world, "DescribeAutomationExecutions", body)[1] for _ in range(3))


def allowed_seconds(world: World, body: bytes) -> float:
    began = time.thread_time()
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        pass  # what cannot be decoded is soon refused
    return TIMES * max(harmless_seconds(world), time.thread_time() - began)


def requests(text: str, text_format: str) -> Iterator[tuple[str, Json]]:
    """Where a text may stand in a request."""
    document = {"Content": text, "DocumentFormat": text_format}
    yield "CreateDocument", {"Name": "New", "DocumentType": "Automation"} | document
    yield "CreateDocument", {"Name": "New"} | document
    yield "UpdateDocument", {"Name": "Spare", "DocumentVersion": "$LATEST"} | document
    for parameter in ("P", "List"):
        yield "StartAutomationExecution", {"DocumentName": "Book", "Parameters": {parameter: [text]}}
    yield "StartAutomationExecution", {"DocumentName": text}
    yield (
        "SendAutomationSignal",
        {"AutomationExecutionId": "@paused@", "SignalType": "Resume", "Payload": {text: [text]}},
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_in_about_the_time_of_a_harmless_one(world: World, name: str) -> None:
    for operation, members in requests(*HOSTILE[name]):
        body = json.dumps(members).encode()
        code, seconds = seconds_of(world, operation, body)
        if "Content" in members:
            assert code in REFUSALS, (operation, code)
        elif len(HOSTILE[name][0]) > 512:
            assert code, operation
        assert seconds < allowed_seconds(world, body), (operation, seconds)


@pytest.mark.parametrize("name", RAW_VALUES)
def test_a_hostile_value_is_refused_in_about_the_time_of_a_harmless_one(world: World, name: str) -> None:
    members = {"DocumentName": "Book", "Parameters": {"P": ["p"]}}
    for place in ((), ("DocumentName",), ("Parameters",), ("Parameters", "P"), ("Parameters", "P", 0)):
        body = with_raw(members, place, RAW_VALUES[name])
        code, seconds = seconds_of(world, "StartAutomationExecution", body)
        assert code or place == ("Parameters", "P", 0) or (name, place) == ("null", ("Parameters",)), (place, code)
        assert seconds < allowed_seconds(world, body), (place, seconds)


MANY = 300_000
CROWDS: dict[str, tuple[str, Json]] = {
    "parameters": ("StartAutomationExecution", {"Parameters": {f"p{n}": ["a"] for n in range(MANY)}}),
    "values": ("StartAutomationExecution", {"Parameters": {"P": ["a"] * MANY}}),
    "tags": ("StartAutomationExecution", {"Tags": [{"Key": "a", "Value": "b"}] * MANY}),
    "maps": ("StartAutomationExecution", {"TargetParameterName": "P", "TargetMaps": [{"P": ["a"]}] * MANY}),
    "locations": ("StartAutomationExecution", {"TargetLocations": [{"Accounts": ["1"]}] * MANY}),
    "filters": ("DescribeAutomationExecutions", {"Filters": [{"Key": "ExecutionId", "Values": ["a"]}] * MANY}),
    "names": ("ListDocuments", {"Filters": [{"Key": "Name", "Values": ["a"] * MANY}]}),
    "words": ("ListDocuments", {"Filters": [{"Key": "SearchKeyword", "Values": ["a"] * 1000}]}),
    "signals": ("SendAutomationSignal", {"AutomationExecutionId": "@asking@", "SignalType": "Approve",
                                         "Payload": {f"a{n}": ["b"] for n in range(MANY)}}),
}  # fmt: skip


@pytest.mark.parametrize("name", CROWDS)
def test_a_crowd_is_refused_in_about_the_time_that_it_takes_to_decode_it(world: World, name: str) -> None:
    operation, members = CROWDS[name]
    body = json.dumps({"DocumentName": "Book"} | members).encode()
    code, seconds = seconds_of(world, operation, body)
    assert code == "ValidationException"
    assert seconds < allowed_seconds(world, body)
