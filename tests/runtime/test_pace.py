"""Readers come between the pieces of work, and only readers slow it down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import pytest

from runwright.runtime.clock import Clock
from runwright.runtime.pace import LONG_PIECE_SECONDS, PIECE_SECONDS, READERS_STAY_SECONDS, Pace
from tests.runtime.stage import stage

STARTS = 20


def rounds_of(work: Callable[[list[int], Callable[[], None]], Any]) -> list[int]:
    """In which rounds of the event loop `work` noted its pieces; it is given the list and what notes one."""

    async def play() -> list[int]:
        loop, number, noted = asyncio.get_running_loop(), count(1), list[int]()
        here = 0

        def tick() -> None:
            nonlocal here
            here = next(number)
            loop.call_soon(tick)

        tick()
        await work(noted, lambda: noted.append(here))
        return noted

    return asyncio.run(play())


def paced(seconds_of_a_piece: float, *, read: float | None) -> list[int]:
    """The rounds of ten pieces that last so long each, when somebody has read so many seconds ago."""
    now = 1000.0

    async def work(noted: list[int], note: Callable[[], None]) -> None:
        nonlocal now
        pace = Pace(lambda: now)
        if read is not None:
            pace.reader_came()
            now += read
        for _ in range(10):
            now += seconds_of_a_piece
            note()
            await pace.give_way()

    return rounds_of(work)


def test_a_reader_who_has_come_is_seen_and_answered_before_the_next_piece() -> None:
    rounds = paced(PIECE_SECONDS, read=0.0)
    assert [later - earlier for earlier, later in pairwise(rounds)] == [2] * 9


@pytest.mark.parametrize("read", [None, READERS_STAY_SECONDS])
def test_while_nobody_reads_there_is_no_pause_in_short_work(read: float | None) -> None:
    assert len(set(paced(LONG_PIECE_SECONDS / 11, read=read)[1:])) == 1


def test_nobody_waits_for_long_work_to_end() -> None:
    assert len(set(paced(LONG_PIECE_SECONDS, read=None))) == 10


def test_short_pieces_are_taken_together() -> None:
    assert len(set(paced(PIECE_SECONDS / 4.5, read=0.0))) == 2


@pytest.mark.parametrize("somebody_reads", [True, False])
def test_executions_are_folded_and_told_of_one_by_one_while_somebody_reads(
    monkeypatch: pytest.MonkeyPatch, *, somebody_reads: bool
) -> None:
    folded: list[int] = []

    async def work(told: list[int], note: Callable[[], None]) -> None:
        steps = count()
        pace = Pace(lambda: next(steps) * 2 * PIECE_SECONDS if somebody_reads else 0.0)
        if somebody_reads:
            pace.reader_came()
        async with stage(pace) as on:
            turn = on.driver._folding.turn

            def folding(*args: Any) -> Any:
                note()
                folded.append(told.pop())
                return turn(*args)

            monkeypatch.setattr(on.driver._folding, "turn", folding)
            on.driver.observe = lambda execution_id, rows: note()
            await asyncio.gather(*(on.start("nap", f"x{number}") for number in range(STARTS)))

    told = rounds_of(work)
    assert len(folded) == len(told) == STARTS
    if somebody_reads:
        assert len(set(folded)) == STARTS
        assert len(set(told)) == STARTS
    else:
        assert len(set(folded)) == 1
        assert len(set(told)) <= 2


def test_executions_that_are_due_together_are_loaded_one_by_one() -> None:
    async def work(loaded: list[int], note: Callable[[], None]) -> None:
        async with stage() as on:
            for number in range(STARTS):
                await on.start("pause", f"x{number}")
            load, all_loaded = on.disk.load, asyncio.Event()

            async def loading(execution_id: str) -> Any:
                note()
                if len(loaded) == STARTS:
                    all_loaded.set()
                return await load(execution_id)

            on.disk.load = loading  # type: ignore[method-assign]
            for number in range(STARTS):
                on.driver._rang(f"x{number}", 0.0)
            await all_loaded.wait()

    assert len(set(rounds_of(work))) == STARTS


def test_alarms_that_are_due_together_do_not_ring_all_at_once() -> None:
    async def work(rung: list[int], note: Callable[[], None]) -> None:
        clock, all_rung = Clock(), asyncio.Event()

        def ring(key: str, at: float) -> None:
            note()
            if len(rung) == 1000:
                all_rung.set()

        clock.ring = ring
        for number in range(1000):
            clock.set_alarm(str(number), str(number), 1.0)
        await all_rung.wait()

    rounds = rounds_of(work)
    assert max(rounds.count(each) for each in set(rounds)) <= 100
