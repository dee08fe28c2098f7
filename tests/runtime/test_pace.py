"""Readers come between the pieces of work, only readers slow it down, and not even many of them bring it to a halt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count, pairwise
from typing import Any

import pytest

from runwright.runtime.clock import Clock
from runwright.runtime.driver import LOADS_OF_A_ROUND
from runwright.runtime.pace import READERS_STAY_SECONDS, UNREAD_PIECE_SECONDS, Pace, Pieces
from tests.runtime.stage import stage

STARTS = 20
SECONDS = 0.0002


def rounds_of(work: Callable[[list[int], Callable[[], None]], Awaitable[None]]) -> list[int]:
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


def paced(each: float, *, read: float | None, reads_of_a_round: int = 0, things: int = 10) -> list[int]:
    """The rounds of so many things of `each` seconds, when somebody has read `read` seconds ago and others go on to."""
    now = 1000.0

    async def work(noted: list[int], note: Callable[[], None]) -> None:
        nonlocal now
        pace = Pace(lambda: now)
        if read is not None:
            pace.reader_came()
            now += read

        async def reading() -> None:
            while True:
                for _ in range(reads_of_a_round):
                    pace.reader_came()
                await asyncio.sleep(0)

        readers = asyncio.ensure_future(reading())
        pieces = Pieces(pace, least=SECONDS, a_read=SECONDS / 4, rounds=2)
        for _ in range(things):
            now += each
            note()
            await pieces.stand_back()
        readers.cancel()

    return rounds_of(work)


def test_a_reader_who_has_come_is_seen_and_answered_before_the_next_piece() -> None:
    rounds = paced(SECONDS, read=0.0)
    assert [later - earlier for earlier, later in pairwise(rounds)] == [2] * 9


@pytest.mark.parametrize("read", [None, READERS_STAY_SECONDS])
def test_while_nobody_reads_there_is_no_pause_in_short_work(read: float | None) -> None:
    assert len(set(paced(UNREAD_PIECE_SECONDS / 11, read=read))) == 1


def test_nobody_waits_for_long_work_to_end() -> None:
    assert len(set(paced(UNREAD_PIECE_SECONDS, read=None))) == 10


def test_short_pieces_are_taken_together() -> None:
    assert len(set(paced(SECONDS / 4.5, read=0.0))) == 2


def test_the_more_is_read_the_longer_a_piece_lasts() -> None:
    """100 things that each last a piece, among 40 reads of a round: 20 of them are done at a time."""
    assert len(set(paced(SECONDS, read=0.0, reads_of_a_round=40, things=100))) <= 6


@pytest.mark.parametrize("somebody_reads", [True, False])
def test_executions_are_folded_and_told_of_one_by_one_while_somebody_reads(
    monkeypatch: pytest.MonkeyPatch, *, somebody_reads: bool
) -> None:
    folded: list[int] = []

    async def work(told: list[int], note: Callable[[], None]) -> None:
        steps = count()
        pace = Pace(lambda: next(steps) * 2 * SECONDS if somebody_reads else 0.0)
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


def test_of_executions_that_are_due_together_a_few_are_loaded_at_a_time() -> None:
    async def work(loaded: list[int], note: Callable[[], None]) -> None:
        async with stage() as on:
            for number in range(5 * LOADS_OF_A_ROUND):
                await on.start("pause", f"x{number}")
            load, all_loaded = on.disk.load, asyncio.Event()

            async def loading(execution_id: str) -> Any:
                note()
                if len(loaded) == 5 * LOADS_OF_A_ROUND:
                    all_loaded.set()
                return await load(execution_id)

            on.disk.load = loading  # type: ignore[method-assign]
            for number in range(5 * LOADS_OF_A_ROUND):
                on.driver._rang(f"x{number}", 0.0)
            await all_loaded.wait()

    rounds = rounds_of(work)
    assert max(rounds.count(each) for each in set(rounds)) == LOADS_OF_A_ROUND


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
