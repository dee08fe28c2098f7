from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.errors import ServiceError
from runwright.interpreter import execution as machine
from runwright.messages import Replied, Stopped, WishId
from runwright.runtime import children
from runwright.runtime import driver as driver_module
from runwright.runtime import performing as performing_module
from runwright.runtime.live import NotStored
from runwright.runtime.scope import Caller

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
CHILD = "{schemaVersion: '0.3', mainSteps: [{name: nap, action: 'aws:sleep', inputs: {Duration: PT0S}}]}"
PARENT = (
    "{schemaVersion: '0.3', mainSteps: [{name: run, action: 'aws:executeAutomation', inputs: {DocumentName: Child}}]}"
)


async def _create_both(engine: Engine) -> None:
    for name, text in (("Child", CHILD), ("Parent", PARENT)):
        await engine.documents.create(CALLER.account, CALLER.region, name, "Automation", Draft(text, "YAML"), {})


async def _status(engine: Engine, execution: str) -> str:
    answer = json.loads(await engine.records.get(CALLER.account, CALLER.region, execution))
    return str(answer["AutomationExecution"]["AutomationExecutionStatus"])


def test_a_child_that_the_disk_refuses_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "AGAIN_SECONDS", 0.0)
    refusals = 0

    async def play() -> str:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            await _create_both(engine)
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
            return await _status(engine, execution)

    assert asyncio.run(play()) == "Success"
    assert refusals == 3


def test_a_child_whose_end_cannot_be_read_at_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "AGAIN_SECONDS", 0.0)
    failures = 0

    async def play() -> str:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            await _create_both(engine)
            execution = await engine.start({"DocumentName": "Parent"}, CALLER)
            read = engine.database.read

            async def failing(work: Any) -> Any:
                nonlocal failures
                if failures < 4:
                    failures += 1
                    raise sqlite3.OperationalError("disk I/O error")
                return await read(work)

            monkeypatch.setattr(engine.database, "read", failing)
            await engine.wait(execution)
            monkeypatch.setattr(engine.database, "read", read)
            assert engine.driver.performing._parents == {}
            return await _status(engine, execution)

    assert asyncio.run(play()) == "Success"
    assert failures == 4


def test_a_child_that_breaks_as_it_begins_fails_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    fold = machine.fold

    def breaking(state: Any, event: Any) -> None:
        if state.start.document == "Child":
            raise RuntimeError("planted")
        fold(state, event)

    monkeypatch.setattr(machine, "fold", breaking)

    async def play() -> None:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            ended = await _ended(engine, PARENT)

            assert ended["AutomationExecutionStatus"] == "Failed"
            assert "log id" in ended["FailureMessage"]

    asyncio.run(play())


async def _started(engine: Engine, execution: str) -> None:
    stored = asyncio.Event()
    engine.observe(lambda id_, rows: stored.set() if id_ == execution else None)
    if not engine.driver.is_unfinished(execution):
        await stored.wait()


WAIT = """
schemaVersion: '0.3'
parameters: {Who: {type: String}}
mainSteps: [{name: wait, action: 'aws:pause', inputs: {}}]
"""


@pytest.mark.parametrize("faults", [1, 3])
def test_a_fan_out_that_breaks_again_while_it_is_being_ended_asks_its_children_again(
    faults: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "RELOAD_SECONDS", 0.0)
    fold, broken = machine.fold, list[Any]()

    def breaking(state: Any, event: Any) -> None:
        is_about_a_child = isinstance(event, Replied) and event.wish.path.startswith("stop/")
        if (isinstance(event, Stopped) and state.fanout) or (is_about_a_child and len(broken) <= faults):
            broken.append(event)
            raise RuntimeError("planted")
        fold(state, event)

    monkeypatch.setattr(machine, "fold", breaking)

    async def play() -> tuple[str, str]:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            parent, child = await _fan_out(engine)
            with pytest.raises(ServiceError, match="log id"):
                await engine.stop(parent, "Cancel", CALLER)
            async with asyncio.timeout(10):
                await engine.wait(parent)
            return await _status(engine, parent), await _status(engine, child)

    assert asyncio.run(play()) == ("Failed", "Cancelled")
    assert len(broken) == 1 + faults


async def _fan_out(engine: Engine) -> tuple[str, str]:
    """Start an execution on one target; its id, and that of its child, which has been started."""
    await engine.documents.create(CALLER.account, CALLER.region, "Wait", "Automation", Draft(WAIT, "YAML"), {})
    targets = [{"Key": "ParameterValues", "Values": ["a"]}]
    request = {"DocumentName": "Wait", "TargetParameterName": "Who", "Targets": targets}
    parent = await engine.start(request, CALLER)
    child = WishId("child/0", 1, 1, 0).unique_in(parent)
    await _started(engine, child)
    return parent, child


def _failing_to_stop(engine: Engine, monkeypatch: pytest.MonkeyPatch, faults: int) -> list[str]:
    """Let so many tries to stop a child break; the children that were to be stopped, by try."""
    kin, tries = engine.driver.performing.children, list[str]()
    assert kin is not None
    stop = kin.stop

    async def breaking(child_id: str) -> Any:
        tries.append(child_id)
        if len(tries) <= faults:
            raise RuntimeError("planted")
        return await stop(child_id)

    monkeypatch.setattr(kin, "stop", breaking)
    return tries


@pytest.mark.parametrize("faults", [1, 3])
def test_a_child_whose_stop_breaks_is_stopped_again(faults: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performing_module, "AGAIN_SECONDS", 0.0)

    async def play() -> tuple[str, str]:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            parent, child = await _fan_out(engine)
            tries = _failing_to_stop(engine, monkeypatch, faults)
            await engine.stop(parent, "Cancel", CALLER)
            async with asyncio.timeout(10):
                await engine.wait(parent)
            assert tries == [child] * (faults + 1)
            return await _status(engine, parent), await _status(engine, child)

    assert asyncio.run(play()) == ("Failed", "Cancelled")


def test_a_child_whose_stop_breaks_is_not_stopped_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performing_module, "AGAIN_SECONDS", 3600.0)

    async def play() -> None:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            parent, child = await _fan_out(engine)
            tries = _failing_to_stop(engine, monkeypatch, 1)
            await engine.stop(parent, "Cancel", CALLER)
            await _create_both(engine)
            for _ in range(5):  # commits, after each of which it could be tried
                await engine.wait(await engine.start({"DocumentName": "Parent"}, CALLER))
            assert tries == [child]
            assert await _status(engine, parent) == "Cancelling"

    asyncio.run(play())


async def _ended(engine: Engine, parent: str) -> dict[str, Any]:
    """How an execution of `parent` has ended."""
    for name, text in (("Child", CHILD), ("Parent", parent)):
        await engine.documents.create(CALLER.account, CALLER.region, name, "Automation", Draft(text, "YAML"), {})
    execution = await engine.start({"DocumentName": "Parent"}, CALLER)
    async with asyncio.timeout(20):
        await engine.wait(execution)
    answer = json.loads(await engine.records.get(CALLER.account, CALLER.region, execution))
    return dict(answer["AutomationExecution"])
