"""An engine that is not open has nothing open: no lock, no thread, no process."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import runwright
from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.hosting import Host
from runwright.runtime.effects import Effects
from runwright.runtime.scope import Caller
from runwright.runtime.sqlite import FILE_NAME

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
PAUSE = "{schemaVersion: '0.3', mainSteps: [{name: wait, action: 'aws:pause', inputs: {}}]}"
NOBODY = "http://127.0.0.1:9"


def children() -> set[str]:
    """The processes that this one has started and that are still there."""
    found: set[str] = set()
    for task in os.listdir("/proc/self/task"):
        found.update(Path(f"/proc/self/task/{task}/children").read_text().split())
    return found


def writers() -> int:
    return sum(thread.name == "runwright-writer" for thread in threading.enumerate())


async def left_after(turns_of_the_loop: int, work: Awaitable[Any]) -> bool:
    """Cancel `work` after so many turns; whether it had not ended before."""
    task = asyncio.ensure_future(work)
    for _ in range(turns_of_the_loop):
        await asyncio.sleep(0)
    was_under_way = task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return was_under_way


async def waiting_execution(settings: Settings) -> None:
    async with await Engine.open(settings) as engine:
        await engine.documents.create(CALLER.account, CALLER.region, "Wait", "Automation", Draft(PAUSE, "YAML"), {})
        await engine.start({"DocumentName": "Wait"}, CALLER)


def test_a_close_that_is_cancelled_closes_all_the_same(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, aws=NOBODY, keep_seconds=1e9)

    async def play() -> None:
        await waiting_execution(settings)
        cancelled = 0
        for turns_of_the_loop in range(1, 12):
            engine = await Engine.open(settings)
            cancelled += await left_after(turns_of_the_loop, engine.close())
            assert writers() == 0
        assert cancelled > 3
        await (await Engine.open(settings)).close()

    asyncio.run(play())


def test_a_loop_that_ends_while_an_engine_closes_leaves_the_folder_free(tmp_path: Path) -> None:
    """Every task is cancelled then, also those that `close` waits for."""
    settings = Settings(data=tmp_path, aws=NOBODY)

    async def leave(turns_of_the_loop: int) -> asyncio.Task[None]:
        engine = await Engine.open(settings)
        closing = asyncio.create_task(engine.close())
        for _ in range(turns_of_the_loop):
            await asyncio.sleep(0)
        return closing

    asyncio.run(waiting_execution(settings))
    for turns_of_the_loop in range(1, 8):
        asyncio.run(leave(turns_of_the_loop))
        assert writers() == 0


def test_a_part_that_cannot_be_closed_keeps_no_other_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=tmp_path, aws=NOBODY)

    def broken(self: Effects) -> None:
        raise OSError("planted")

    async def play() -> None:
        engine = await Engine.open(settings)
        with monkeypatch.context() as patched:
            patched.setattr("runwright.runtime.webhooks.Webhooks.close", broken)
            with pytest.raises(OSError, match="planted"):
                await engine.close()
        assert writers() == 0
        await (await Engine.open(settings)).close()

    asyncio.run(play())


def test_an_open_that_fails_in_what_is_stored_leaves_the_folder_free(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, aws=NOBODY)

    def rewrite(wake_at: object) -> None:
        connection = sqlite3.connect(tmp_path / FILE_NAME)
        with connection:
            connection.execute("UPDATE executions SET wake_at = ?", (wake_at,))
        connection.close()

    async def play() -> None:
        await waiting_execution(settings)
        rewrite("soon")
        with pytest.raises(TypeError):
            await Engine.open(settings)
        assert writers() == 0
        rewrite(None)
        await (await Engine.open(settings)).close()

    asyncio.run(play())


def test_a_host_that_is_not_opened_leaves_neither_engine_nor_socket(tmp_path: Path) -> None:
    async def play() -> None:
        settings = Settings(data=tmp_path, aws=NOBODY)
        other = await Host.open(settings)
        sockets = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(Exception, match="in use"):
                await Host.open(settings)
        assert len(os.listdir("/proc/self/fd")) == sockets
        assert await left_after(1, other.close())
        await (await Host.open(settings)).close()

    asyncio.run(play())


def test_an_open_that_is_cancelled_ends_the_simulated_aws(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, aws="simulated")
    before = children()

    async def play() -> None:
        assert await left_after(2, Engine.open(settings))
        assert children() == before

    asyncio.run(play())


def test_an_open_in_process_that_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Host.open

    async def interrupting(settings: Settings) -> Host:
        signal.pthread_kill(main, signal.SIGINT)
        return await opened(settings)

    before, threads, main = children(), threading.active_count(), threading.get_ident()
    handled = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(Host, "open", interrupting)
    with pytest.raises(KeyboardInterrupt):
        runwright.client(aws="simulated", data=tmp_path)
    signal.signal(signal.SIGINT, handled)
    assert children() == before
    assert threading.active_count() == threads
    monkeypatch.undo()
    runwright.client(aws=NOBODY, data=tmp_path).close()
