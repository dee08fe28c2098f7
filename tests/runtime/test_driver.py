from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from runwright.errors import ServiceError
from runwright.interpreter import execution as machine
from runwright.interpreter.requests import Stop
from runwright.messages import Reply, WishId
from runwright.runtime import driver as driver_module
from runwright.runtime.journal import TurnRows
from runwright.runtime.live import Asked, Due, NotStored
from tests.runtime.stage import Stage, stage


@pytest.fixture(autouse=True)
def reload_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "RELOAD_SECONDS", 0.0)


def test_a_reply_that_the_disk_refuses_is_kept_and_the_call_not_made_again() -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("call")
            await on.backend.called.wait()
            on.disk.refusals, on.disk.unreadable = 5, 2
            on.backend.may_answer.set()
            await on.driver.watch("x")

            assert on.records()["x"]["AutomationExecutionStatus"] == "Success"
            assert on.disk.refusals == on.disk.unreadable == 0
            assert on.backend.calls == 1

    asyncio.run(play())


def test_a_call_in_flight_goes_on_when_the_disk_refuses_a_request() -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("call")
            await on.backend.called.wait()
            on.disk.refusals = 1
            with pytest.raises(NotStored):
                await on.driver.ask("x", Stop("Complete", "someone"))
            assert on.driver.at_work("x") is not None
            on.backend.may_answer.set()
            await on.driver.watch("x")

            assert on.records()["x"]["AutomationExecutionStatus"] == "Success"
            assert on.backend.calls == 1

    asyncio.run(play())


def test_a_turn_folded_behind_a_commit_that_fails_keeps_its_reply() -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("call")
            await on.backend.called.wait()
            on.disk.refusals = 1
            on.disk.committing = lambda turns: on.backend.may_answer.set()
            with pytest.raises(NotStored):
                await on.driver.ask("x", Stop("Complete", "someone"))
            await on.driver.watch("x")

            assert on.backend.calls == 1

    asyncio.run(play())


def test_a_turn_that_breaks_behind_a_commit_ends_the_execution_from_what_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fold = machine.fold

    def breaking(state: Any, event: Any) -> None:
        if type(event).__name__ == "Stopped":
            raise RuntimeError("planted")
        fold(state, event)

    monkeypatch.setattr(machine, "fold", breaking)

    async def play() -> None:
        async with stage(running=1) as on:
            gone = asyncio.get_running_loop().create_future()

            def stop_meanwhile(turns: Sequence[TurnRows]) -> None:
                on.disk.committing = lambda turns: None
                on.driver._post("x", Asked(Stop("Complete", "someone"), gone))

            on.disk.committing = stop_meanwhile
            await on.start("pause")
            with pytest.raises(ServiceError, match="log id"):
                await gone
            await on.driver.watch("x")

            assert on.records()["x"]["AutomationExecutionStatus"] == "Failed"
            on.backend.may_answer.set()
            await on.start("call", "y")  # the slot is free again
            await on.driver.watch("y")
            assert on.driver.counts()["111111111111/us-east-1 running"] == {"held": 0, "queued": 0}

    asyncio.run(play())


def test_starts_that_arrive_together_do_not_overshoot_the_queue() -> None:
    async def play() -> None:
        async with stage(running=1, queued=2) as on:
            accepted: list[str] = []

            async def start_if_it_may(id_: str) -> None:
                if not on.driver.refuses_start(on.start_of("call", id_)):
                    accepted.append(id_)
                    await on.start("call", id_)

            await asyncio.gather(*[start_if_it_may(f"x{number}") for number in range(6)])

            assert accepted == ["x0", "x1", "x2"]
            assert on.driver.counts()["111111111111/us-east-1 running"] == {"held": 1, "queued": 2}

    asyncio.run(play())


def test_a_start_that_is_refused_by_the_disk_leaves_the_line() -> None:
    async def play() -> None:
        async with stage(running=1) as on:
            on.disk.refusals = 1
            starting = asyncio.ensure_future(on.start("pause"))
            await asyncio.sleep(0)
            waiting = on.driver.watch("x")
            for failing in (starting, waiting):
                with pytest.raises(NotStored):
                    await failing

            assert on.driver.counts()["111111111111/us-east-1 running"] == {"held": 0, "queued": 0}
            assert not on.driver.is_unfinished("x")

    asyncio.run(play())


def test_a_caller_that_left_while_the_execution_ended_harms_nobody() -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("pause")

            def ask_and_leave(execution_id: str, rows: TurnRows) -> None:
                gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                gone.cancel()
                on.driver._post(execution_id, Asked(Stop("Cancel", "someone"), gone))

            on.driver.observe = ask_and_leave
            await on.driver.ask("x", Stop("Cancel", "someone"))
            await on.driver.watch("x")
            on.driver.observe = None
            await on.start("nap", "y")
            await on.driver.watch("y")

    asyncio.run(play())


def test_what_arrives_while_the_end_is_stored_does_not_end_the_execution_again() -> None:
    async def play() -> None:
        async with stage() as on:
            for id_ in ("x", "y"):
                await on.start("pause", id_, skipping="family")
            too_late: list[asyncio.Future[None]] = []

            def arrive_meanwhile(turns: Sequence[TurnRows]) -> None:
                on.disk.committing = lambda turns: None
                on.driver._replied("x", WishId("wait", 1, 1, 0), Reply())
                too_late.append(asyncio.ensure_future(on.driver.ask("x", Stop("Complete", "someone"))))

            on.disk.committing = arrive_meanwhile
            await on.driver.ask("x", Stop("Cancel", "someone"))
            with pytest.raises(ServiceError, match="has ended"):
                await too_late[0]
            await on.start("nap", "z")  # a commit later
            await on.driver.watch("z")

            assert on.driver.metrics.ends == {"Cancelled": 1, "Success": 1}
            assert on.clock.skips("family")

    asyncio.run(play())


def _failing_once(on: Stage) -> None:
    """Let what follows from the next commit fail."""

    def observe(execution_id: str, rows: TurnRows) -> None:
        on.driver.observe = None
        raise RuntimeError("planted")

    on.driver.observe = observe


def test_an_end_that_is_stored_is_an_end_though_what_follows_from_it_fails() -> None:
    async def play() -> None:
        async with stage(running=1) as on:
            await on.start("call")
            await on.backend.called.wait()
            _failing_once(on)
            on.backend.may_answer.set()
            await on.driver.watch("x")

            assert not on.driver.is_unfinished("x")
            await on.start("call", "y")  # the slot is free again
            await on.driver.watch("y")

    asyncio.run(play())


def test_a_slot_that_may_be_stored_is_kept_until_the_execution_has_been_loaded() -> None:
    async def play() -> None:
        async with stage(running=1) as on:
            on.disk.unreadable = 2
            _failing_once(on)
            await on.start("call")
            await on.start("call", "y")
            await on.backend.called.wait()

            assert on.driver.counts()["111111111111/us-east-1 running"] == {"held": 1, "queued": 1}
            assert on.driver.at_work("y") is None
            on.backend.may_answer.set()
            for id_ in ("x", "y"):
                await on.driver.watch(id_)

    asyncio.run(play())


def test_an_execution_that_is_not_understood_is_left_as_it_is_stored() -> None:
    async def play() -> None:
        async with stage() as on:
            await on.start("pause")
            on.driver._live.clear()
            on.database._writer.execute("UPDATE executions SET cursor = json_set(cursor, '$.later', 1)")
            before = on.database._reader.execute("SELECT * FROM executions").fetchall()
            with pytest.raises(ServiceError, match=r"state\.later"):
                await on.driver.ask("x", Stop("Cancel", "someone"))

            assert on.driver.is_unfinished("x")
            assert on.database._reader.execute("SELECT * FROM executions").fetchall() == before

    asyncio.run(play())


def test_one_that_is_not_understood_takes_no_slot_from_the_queue() -> None:
    async def play() -> None:
        async with stage(running=1) as on:
            for id_ in ("x", "y", "z"):
                await on.start("call", id_)
            query = "UPDATE executions SET cursor = json_set(cursor, '$.later', 1) WHERE id = 'y'"
            await on.database.write(lambda connection: connection.execute(query))
            on.backend.may_answer.set()
            await on.driver.watch("z")

            assert on.driver.is_unfinished("y")
            assert on.driver.counts()["111111111111/us-east-1 running"] == {"held": 0, "queued": 0}

    asyncio.run(play())


def test_one_that_cannot_even_be_ended_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "RELOAD_SECONDS", 60.0)
    fold, tries = machine.fold, 0

    def breaking(state: Any, event: Any) -> None:
        nonlocal tries
        if state.id == "x" and state.status == "Waiting":
            tries += 1
            raise RuntimeError("planted")
        fold(state, event)

    monkeypatch.setattr(machine, "fold", breaking)

    async def play() -> None:
        async with stage() as on:
            await on.start("pause")
            with pytest.raises(ServiceError, match="log id"):
                await on.driver.ask("x", Stop("Cancel", "someone"))
            for number in range(10):
                await on.start("nap", f"y{number}")
                await on.driver.watch(f"y{number}")

            assert tries == 2

    asyncio.run(play())


def test_a_clock_that_is_set_back_does_not_delay_what_the_disk_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "RELOAD_SECONDS", 0.05)

    async def play() -> None:
        async with stage() as on:
            await on.start("call")
            await on.backend.called.wait()
            on.disk.refusals = 1

            def set_back_soon(turns: Sequence[TurnRows]) -> None:
                on.disk.committing = lambda turns: None
                asyncio.get_running_loop().call_later(0.02, set_back)

            def set_back() -> None:
                on.clock._wall = lambda: time.time() - 86_400

            on.disk.committing = set_back_soon
            on.backend.may_answer.set()
            await on.driver.watch("x")

            assert on.disk.failed == 1
            assert on.backend.calls == 1

    asyncio.run(play())


def test_what_cannot_be_stored_keeps_nobody_else_from_it() -> None:
    async def play() -> None:
        async with stage() as on:
            on.disk.poisonous = "x1"
            starting = [on.start("nap", f"x{number}") for number in range(4)]
            refused = await asyncio.gather(*starting, return_exceptions=True)

            assert [type(each) for each in refused] == [type(None), NotStored, type(None), type(None)]
            assert set(on.records()) == {"x0", "x2", "x3"}

    asyncio.run(play())


def test_who_waits_for_a_slot_keeps_the_place_while_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_module, "RELOAD_SECONDS", 3600.0)

    async def play() -> None:
        async with stage(running=1, queued=1) as on:
            await on.start("call", "x")
            await on.start("call", "y")
            on.disk.unreadable = 1
            on.driver._post("y", Due(0.0))
            await on.disk.refused_to_read.wait()

            assert on.driver.refuses_start(on.start_of("call", "z"))
            assert on.driver.counts()["111111111111/us-east-1 running"] == {"held": 1, "queued": 1}

            on.driver._post("y", Due(0.0))
            on.backend.may_answer.set()
            await on.driver.watch("y")

    asyncio.run(play())


def _spoil(on: Stage) -> None:
    """Let the file say that it is corrupted from now on: a table's pages are no longer where it says."""
    on.database._writer.executescript(
        "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage = 999999 WHERE name = 'steps';"
        "PRAGMA writable_schema=RESET;"
    )


def test_what_a_corrupted_file_does_not_take_is_not_tried_again_and_who_waits_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def play() -> None:
        async with stage() as on:
            commits = list[Any]()
            await on.start("call")
            await on.start("pause", "y")
            await on.backend.called.wait()
            on.disk.committing = commits.append
            _spoil(on)
            on.backend.may_answer.set()
            with pytest.raises(NotStored, match="database file is corrupted"):
                await on.driver.watch("x")
            for _ in range(5):
                with pytest.raises(NotStored, match="database file is corrupted"):
                    await on.driver.ask("y", Stop("Cancel", "someone"))

            assert len(commits) == 1
            assert on.backend.calls == 1

    asyncio.run(play())
    told: list[Any] = [record.msg for record in caplog.records if record.levelname == "ERROR"]
    assert [line["event"].partition(" and ")[0] for line in told] == ["the database is corrupted"]
