from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from runwright.runtime.lanes import Abandoned, LaneBlocked, Lanes, OutOfTime, refuse_when_abandoned


def run(scenario: Callable[[Lanes], Coroutine[Any, Any, None]], **options: int) -> None:
    async def whole() -> None:
        lanes = Lanes(**options)
        await scenario(lanes)
        lanes.close()

    asyncio.run(whole())


def test_a_call_gives_what_its_work_returns_or_raises() -> None:
    async def scenario(lanes: Lanes) -> None:
        assert await lanes.call("a", 5, lambda: 42) == 42
        with pytest.raises(ZeroDivisionError):
            await lanes.call("a", 5, lambda: 1 // 0)

    run(scenario)


def test_a_lane_makes_so_many_calls_at_a_time_and_others_wait_their_turn() -> None:
    async def scenario(lanes: Lanes) -> None:
        at_work, most = 0, 0
        lock, both_there = threading.Lock(), threading.Barrier(2)

        def work() -> None:
            nonlocal at_work, most
            with lock:
                at_work += 1
                most = max(most, at_work)
            both_there.wait(10)
            with lock:
                at_work -= 1

        await asyncio.gather(*(lanes.call("a", 20, work) for _ in range(6)))
        assert most == 2

    run(scenario, calls_per_lane=2)


def test_a_hung_endpoint_holds_up_only_its_own_lane() -> None:
    async def scenario(lanes: Lanes) -> None:
        end = threading.Event()
        hung = asyncio.create_task(lanes.call("hung", 20, end.wait))
        behind = asyncio.create_task(lanes.call("hung", 20, lambda: "late"))
        assert await lanes.call("other", 20, lambda: "at once") == "at once"
        assert not behind.done()
        end.set()
        await hung
        assert await behind == "late"

    run(scenario, calls_per_lane=1)


def test_a_call_beyond_its_bound_is_answered_and_its_place_taken() -> None:
    async def scenario(lanes: Lanes) -> None:
        end = threading.Event()
        hung = lanes.call("a", 0.05, end.wait)
        behind = asyncio.create_task(lanes.call("a", 20, lambda: "after it"))
        with pytest.raises(OutOfTime, match=r"no answer within 0\.05 seconds"):
            await hung
        assert await behind == "after it"
        end.set()

    run(scenario, calls_per_lane=1)


def test_waiting_in_the_lane_does_not_count() -> None:
    async def scenario(lanes: Lanes) -> None:
        hung = asyncio.create_task(lanes.call("a", 0.3, threading.Event().wait))
        assert await lanes.call("a", 0.2, lambda: "its bound had not begun") == "its bound had not begun"
        await asyncio.wait({hung})
        assert isinstance(hung.exception(), OutOfTime)

    run(scenario, calls_per_lane=1)


def test_with_too_many_abandoned_threads_a_lane_fails_at_once_until_one_returns() -> None:
    async def scenario(lanes: Lanes) -> None:
        end = threading.Event()
        for _ in range(2):
            with pytest.raises(OutOfTime):
                await lanes.call("a", 0.01, end.wait)
        with pytest.raises(LaneBlocked, match="2 calls to a have not come back"):
            await lanes.call("a", 5, lambda: None)
        assert await lanes.call("b", 5, lambda: "not blocked") == "not blocked"
        end.set()
        while "a" in lanes._lanes:  # noqa: ASYNC110 - the threads report back
            await asyncio.sleep(0)
        assert await lanes.call("a", 5, lambda: "again") == "again"

    run(scenario, most_abandoned=2)


def test_an_abandoned_call_begins_nothing_new() -> None:
    async def scenario(lanes: Lanes) -> None:
        end, refused = threading.Event(), threading.Event()

        def work() -> None:
            end.wait()
            try:
                refuse_when_abandoned()
            except Abandoned:
                refused.set()

        with pytest.raises(OutOfTime):
            await lanes.call("a", 0.01, work)
        end.set()
        assert await asyncio.to_thread(refused.wait, 10)

    run(scenario)


def test_a_caller_that_is_cancelled_keeps_its_place_until_the_call_ends() -> None:
    async def scenario(lanes: Lanes) -> None:
        began, end = threading.Event(), threading.Event()

        def work() -> None:
            began.set()
            end.wait()

        first = asyncio.create_task(lanes.call("a", 20, work))
        await asyncio.to_thread(began.wait, 10)
        first.cancel()
        behind = asyncio.create_task(lanes.call("a", 20, lambda: "after it"))
        await asyncio.wait({first})
        assert not behind.done()
        end.set()
        assert await behind == "after it"

    run(scenario, calls_per_lane=1)


def test_closed_lanes_refuse_calls_and_those_that_wait() -> None:
    async def scenario(lanes: Lanes) -> None:
        end = threading.Event()
        under_way = asyncio.create_task(lanes.call("a", 20, end.wait))
        waiting = asyncio.create_task(lanes.call("a", 20, lambda: None))
        await asyncio.sleep(0)
        lanes.close()
        end.set()
        assert await under_way
        for late in (waiting, lanes.call("a", 20, lambda: None)):
            with pytest.raises(LaneBlocked, match="closing"):
                await late

    run(scenario, calls_per_lane=1)
