"""Closing ends, and leaves nobody waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from runwright.errors import ServiceError
from runwright.interpreter.requests import Stop
from runwright.messages import Reply
from runwright.runtime import driver as driver_module
from runwright.runtime.journal import TurnRows
from runwright.runtime.live import NotStored
from tests.runtime.stage import stage


def test_closing_ends_what_swallows_its_cancellation_and_tells_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "CANCEL_AGAIN_SECONDS", 0.0)

    async def play() -> None:
        async with stage() as on:
            perform = on.backend.perform

            async def swallowing(*given: Any) -> Reply:
                try:
                    return await perform(*given)
                except asyncio.CancelledError:
                    return await perform(*given)

            on.backend.perform = swallowing  # type: ignore[method-assign, assignment]
            await on.start("call")
            await on.backend.called.wait()
            on.disk.load = _never  # type: ignore[method-assign, assignment]
            await on.start("pause", "y")
            asking = asyncio.ensure_future(on.driver.ask("y", Stop("Cancel", "someone")))
            await asyncio.sleep(0)
            await on.driver.close()

            assert on.backend.calls == 2
            with pytest.raises(ServiceError):
                await asking

    asyncio.run(play())


async def _never(*given: Any) -> Any:
    await asyncio.Event().wait()


@pytest.mark.parametrize("book", ["calls", "naps"])
def test_closing_does_not_wait_for_those_that_always_have_something_to_do(book: str) -> None:
    async def play() -> None:
        async with stage() as on:
            on.backend.may_answer.set()
            for number in range(5):
                await on.start(book, f"x{number}", skipping=f"x{number}")
            commits: list[Sequence[TurnRows]] = []
            on.disk.committing = commits.append
            await on.driver.close()

            assert len(commits) < 10

    asyncio.run(play())


def test_closing_begins_no_effect() -> None:
    async def play() -> None:
        async with stage() as on:
            starting = asyncio.ensure_future(on.start("call"))
            await asyncio.sleep(0)
            await on.driver.close()
            await starting

            assert on.backend.calls == 0

    asyncio.run(play())


def test_who_comes_when_it_is_closed_is_refused() -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("call")
            await on.driver.close()
            with pytest.raises(NotStored):
                await on.start("call", "y")
            with pytest.raises(NotStored):
                await on.driver.ask("x", Stop("Cancel", "someone"))
            with pytest.raises(ServiceError, match="closed"):
                await on.driver.watch("x")

    asyncio.run(play())


def test_who_waits_for_an_end_is_told_that_it_does_not_come() -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("call")
            waiting = on.driver.watch("x")
            await on.driver.close()
            with pytest.raises(ServiceError, match="closed"):
                await waiting

    asyncio.run(play())


def test_closing_stores_what_had_arrived_and_was_refused_by_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "RELOAD_SECONDS", 60.0)

    async def play() -> None:
        async with stage() as on:
            await on.start("call")
            await on.backend.called.wait()
            refused = asyncio.Event()
            on.disk.refusals, on.disk.committing = 1, lambda turns: refused.set()
            on.backend.may_answer.set()
            await refused.wait()
            await on.driver.close()

            assert on.records()["x"]["AutomationExecutionStatus"] == "Success"

    asyncio.run(play())


@pytest.mark.parametrize("place", ["begin", "_store"])
def test_a_fault_that_ends_the_loop_leaves_nobody_waiting(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("pause", "x")
            end = on.driver.watch("x")

            def broken(*given: Any) -> Any:
                raise RuntimeError("planted")

            monkeypatch.setattr(on.driver._commits, place, broken)
            for id_ in ("y", "z"):
                with pytest.raises(NotStored):
                    await on.start("pause", id_)
            with pytest.raises(ServiceError):
                await end

    asyncio.run(play())
