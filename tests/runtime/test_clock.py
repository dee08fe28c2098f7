from __future__ import annotations

import asyncio

import pytest

from runwright.runtime.clock import Clock


@pytest.mark.parametrize("later", [0.0, -0.1])
def test_alarms_that_are_set_anew_again_and_again_take_no_more_room(later: float) -> None:
    async def play() -> None:
        clock = Clock(wall=lambda: 0.0)
        for turn in range(10_000):
            for key in ("x", "y"):
                clock.set_alarm(key, key, 3600.0 + turn * later)

        assert len(clock._heap) < 1000
        clock.close()

    asyncio.run(play())


def test_alarms_that_were_set_anew_ring_once_and_in_their_order() -> None:
    async def play() -> list[tuple[str, float]]:
        now, rung = 0.0, list[tuple[str, float]]()
        clock = Clock(wall=lambda: now)
        clock.ring = lambda key, at: rung.append((key, at))
        for turn in range(1000):
            for key in ("x", "y", "z"):
                clock.set_alarm(key, key, 100.0 + turn)
        clock.set_alarm("x", "x", 50.0)
        clock.set_alarm("y", "y", None)
        now = 5000.0
        clock._timer_rang()
        clock.close()
        return rung

    assert asyncio.run(play()) == [("x", 50.0), ("z", 1099.0)]
