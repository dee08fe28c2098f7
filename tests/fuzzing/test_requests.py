"""Whatever is sent, the answer is JSON, an error is one that the operation may give, and the server never breaks.

Requests name documents and executions that there are, in whatever state these are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwright.api.operations import OPERATIONS
from tests.api.calling import Answered, declared_errors
from tests.fuzzing.bodies import damaged_bodies
from tests.fuzzing.shapes import broken, signals, valid
from tests.fuzzing.world import World

MODEL = get_session().get_service_model("ssm")
COMMON = {
    "AccessDeniedException": 403,
    "RequestEntityTooLargeException": 413,
    "SerializationException": 400,
    "ServiceUnavailable": 503,
    "UnknownOperationException": 400,
    "ValidationException": 400,
}
"""Errors that every operation may give, with their status."""
LEAKS = ("Traceback", "object at 0x", "<class '", "NoneType")
"""What a message of ours never holds."""


def patient(examples: int) -> settings:
    return settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "AWS_MAX_ATTEMPTS", "1"
        )  # botocore would take from `random` in its threads, which is Hypothesis' own
        made = World()
        yield made
        made.close()


def hold(operation: str, answered: Answered) -> str:
    """What every answer must be; the code of the error that it is, or nothing."""
    body = json.loads(answered.body)
    assert isinstance(body, dict)
    if answered.status == 200:
        return ""
    code, message = body["__type"], body["Message"]
    assert code in declared_errors(operation) | COMMON.keys(), (operation, code, message)
    assert answered.status == COMMON.get(code, 400), (operation, answered.status, code, message)
    assert code != "InternalServerError", message
    assert len(message) > 10, (operation, code, message)
    assert not any(leak in message for leak in LEAKS), message
    return str(code)


REACHED = {
    "SendAutomationSignal": {"", "AutomationStepNotFoundException", "InvalidAutomationSignalException"},
    "StopAutomationExecution": {"", "InvalidAutomationStatusUpdateException"},
    "StartAutomationExecution": {"", "InvalidAutomationExecutionParametersException", "IdempotentParameterMismatch"},
    "DescribeAutomationStepExecutions": {"", "InvalidFilterValue"},
    "GetAutomationExecution": {"", "AutomationExecutionNotFoundException"},
    "UpdateDocument": {"", "InvalidDocumentContent"},
    "AddTagsToResource": {"", "InvalidResourceId"},
}
"""What must come of some of the requests, or they do not get where they are meant to."""


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_request_of_the_right_shape_is_answered(world: World, operation: str) -> None:
    codes: Counter[str] = Counter()
    requests = valid(MODEL.operation_model(operation).input_shape)
    if operation == "SendAutomationSignal":
        requests |= signals()

    @patient(150 if operation in REACHED else 40)
    @given(requests)
    def play(members: dict[str, Any]) -> None:
        codes.update([hold(operation, world.post(operation, json.dumps(members).encode()))])

    play()
    assert REACHED.get(operation, set()) <= codes.keys(), codes


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_request_of_a_wrong_shape_is_answered(world: World, operation: str) -> None:
    @patient(40)
    @given(broken(MODEL.operation_model(operation).input_shape))
    def play(members: Any) -> None:
        hold(operation, world.post(operation, json.dumps(members).encode()))

    play()


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_body_that_is_broken_is_answered(world: World, operation: str) -> None:
    @patient(40)
    @given(valid(MODEL.operation_model(operation).input_shape).flatmap(damaged_bodies))
    def play(body: bytes) -> None:
        hold(operation, world.post(operation, body))

    play()


@pytest.mark.parametrize("operation", ["StartAutomationExecution", "CreateDocument"])
def test_bytes_that_are_no_json_are_answered(world: World, operation: str) -> None:
    @patient(40)
    @given(
        st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | st.integers(1, 5000).map(lambda n: b"[" * n)
    )
    def play(body: bytes) -> None:
        hold(operation, world.post(operation, body))

    play()
