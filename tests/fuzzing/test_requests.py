"""Whatever is sent, the answer is JSON, and never says that the server broke."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwright.api.app import create_app
from runwright.api.operations import OPERATIONS
from runwright.config import Settings
from runwright.engine import Engine
from tests.api.calling import Answered, Client
from tests.fuzzing.shapes import broken, valid

EXAMPLES = 40
BOOK = json.dumps({"schemaVersion": "0.3", "mainSteps": [{"name": "wait", "action": "aws:pause", "inputs": {}}]})
MODEL = get_session().get_service_model("ssm")
PATIENT = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


class Running:
    """An application in memory, in an event loop of its own."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.engine = self.runner.run(Engine.open(Settings(aws="http://127.0.0.1:9", skip_time=True)))
        self.client = Client(create_app(self.engine))
        document = {"Name": "Book", "Content": BOOK, "DocumentType": "Automation", "DocumentFormat": "JSON"}
        assert self.post("CreateDocument", json.dumps(document).encode()).status == 200

    def post(self, operation: str, body: bytes) -> Answered:
        return self.runner.run(self.client.post(operation, body))

    def close(self) -> None:
        self.runner.run(self.engine.close())
        self.runner.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    started = Running()
    yield started
    started.close()


def hold(answered: Answered) -> None:
    """What every answer must be."""
    body = json.loads(answered.body)
    assert isinstance(body, dict)
    if answered.status != 200:
        assert answered.status in (400, 403, 404, 409, 413, 429, 503), (answered.status, body)
        assert body["__type"] != "InternalServerError"
        assert body["Message"]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_request_of_the_right_shape_is_answered(running: Running, operation: str) -> None:
    @PATIENT
    @given(valid(MODEL.operation_model(operation).input_shape))
    def play(members: dict[str, Any]) -> None:
        hold(running.post(operation, json.dumps(members).encode()))

    play()


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_request_of_a_wrong_shape_is_answered(running: Running, operation: str) -> None:
    @PATIENT
    @given(broken(MODEL.operation_model(operation).input_shape))
    def play(members: Any) -> None:
        hold(running.post(operation, json.dumps(members).encode()))

    play()


@pytest.mark.parametrize("operation", ["StartAutomationExecution", "CreateDocument"])
def test_bytes_that_are_no_json_are_answered(running: Running, operation: str) -> None:
    @PATIENT
    @given(
        st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | st.integers(1, 5000).map(lambda n: b"[" * n)
    )
    def play(body: bytes) -> None:
        hold(running.post(operation, body))

    play()
