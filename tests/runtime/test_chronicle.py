from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.runtime.scope import Caller

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
BOOK = """
schemaVersion: '0.3'
mainSteps:
  - {name: nap, action: 'aws:sleep', inputs: {Duration: PT0S}}
  - {name: call, action: 'aws:executeAwsApi', inputs: {Service: sns, Api: Publish, TopicArn: x}}
"""


def lines_of_a_run(caplog: pytest.LogCaptureFixture, level: int) -> tuple[str, list[dict[str, Any]]]:
    """The execution's id, and what is logged of it."""

    async def play() -> str:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9", skip_time=True)) as engine:
            await engine.documents.create(CALLER.account, CALLER.region, "Book", "Automation", Draft(BOOK, "YAML"), {})
            execution = await engine.start({"DocumentName": "Book"}, CALLER)
            await engine.wait(execution)
            return execution

    with caplog.at_level(level, "runwright"):
        execution = asyncio.run(play())
    lines: list[dict[str, Any]] = [dict(record.msg) for record in caplog.records if isinstance(record.msg, dict)]
    return execution, [line for line in lines if line.get("execution") == execution]


def test_executions_and_failed_steps_are_told_with_their_ids(caplog: pytest.LogCaptureFixture) -> None:
    _, lines = lines_of_a_run(caplog, logging.INFO)
    assert [line["event"] for line in lines] == ["execution started", "step", "execution ended"]
    started, step, ended = lines
    assert (started["document"], started["parent"]) == ("Book", None)
    assert (step["step"], step["action"], step["status"]) == ("call", "aws:executeAwsApi", "Failed")
    assert len(step["step_execution"]) == 36
    assert ended["status"] == "Failed"


def test_every_step_is_told_at_level_debug(caplog: pytest.LogCaptureFixture) -> None:
    _, lines = lines_of_a_run(caplog, logging.DEBUG)
    steps = [(line["step"], line["status"]) for line in lines if line["event"] == "step"]
    assert steps == [("nap", "Success"), ("call", "InProgress"), ("call", "Failed")]


def test_nothing_is_told_when_all_goes_well_and_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    assert lines_of_a_run(caplog, logging.WARNING)[1] == []
