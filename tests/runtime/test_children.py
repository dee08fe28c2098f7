from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.runtime import children
from runwright.runtime.live import NotStored
from runwright.runtime.scope import Caller

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
CHILD = "{schemaVersion: '0.3', mainSteps: [{name: nap, action: 'aws:sleep', inputs: {Duration: PT0S}}]}"
PARENT = (
    "{schemaVersion: '0.3', mainSteps: [{name: run, action: 'aws:executeAutomation', inputs: {DocumentName: Child}}]}"
)


def test_a_child_that_the_disk_refuses_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "AGAIN_SECONDS", 0.0)
    refusals = 0

    async def play() -> str:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            for name, text in (("Child", CHILD), ("Parent", PARENT)):
                await engine.documents.create(
                    CALLER.account, CALLER.region, name, "Automation", Draft(text, "YAML"), {}
                )
            start = engine.driver.start

            async def refusing(new: Any, runbook: Any) -> None:
                nonlocal refusals
                if new.start.parent is not None and refusals < 3:
                    refusals += 1
                    raise NotStored
                await start(new, runbook)

            monkeypatch.setattr(engine.driver, "start", refusing)
            execution = await engine.start({"DocumentName": "Parent"}, CALLER)
            await engine.wait(execution)
            answer = json.loads(await engine.records.get(CALLER.account, CALLER.region, execution))
            return str(answer["AutomationExecution"]["AutomationExecutionStatus"])

    assert asyncio.run(play()) == "Success"
    assert refusals == 3
