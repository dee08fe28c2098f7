"""Closing ends, and leaves nobody waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runwright.errors import ServiceError
from runwright.interpreter.requests import Stop
from runwright.messages import Reply
from runwright.runtime import driver as driver_module
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
