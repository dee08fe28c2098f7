"""Alarms in moto, watched in real time and where time is skipped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from runwright.messages import Json, Reply, WatchAlarm
from runwright.runtime import alarms
from runwright.runtime.alarms import EVERY_SECONDS, watch_alarm
from runwright.runtime.clock import Clock
from tests.runtime.test_backend import SCOPE, with_backend
from tests.runtime.test_effects import StillClock


@pytest.fixture
def cloudwatch(moto_url: str) -> Any:
    return boto3.client(
        "cloudwatch",
        endpoint_url=moto_url,
        region_name=SCOPE.region,
        aws_access_key_id=SCOPE.account,
        aws_secret_access_key="any",
    )


def set_alarm(cloudwatch: Any, name: str, state: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def watched(url: str, effect: WatchAlarm, clock: StillClock | None = None, told: list[str] | None = None) -> Reply:
    replies: list[Reply] = []

    async def scenario(backend: Any) -> None:
        report = (told if told is not None else []).append
        replies.append(await watch_alarm(backend, effect, SCOPE, clock or StillClock(), report))

    with_backend(url, scenario)
    return replies[0]


def test_an_alarm_that_has_gone_off_is_told_at_once(moto_url: str, cloudwatch: Any) -> None:
    set_alarm(cloudwatch, "off", "ALARM")
    assert watched(moto_url, WatchAlarm("off", ignore_failure=False)).value == {"Name": "off", "State": "ALARM"}


def test_it_is_asked_every_ten_seconds_while_it_is_not_in_alarm(moto_url: str, cloudwatch: Any) -> None:
    class ThenItGoesOff(StillClock):
        async def sleep_until(self, family: str, at: float) -> None:
            assert at - self.time == EVERY_SECONDS
            await super().sleep_until(family, at)
            changes = {1010.0: "INSUFFICIENT_DATA", 1020.0: "OK", 1030.0: "OK", 1040.0: "ALARM"}
            set_alarm(cloudwatch, "late", changes[at])

    set_alarm(cloudwatch, "late", "OK")
    clock, told = ThenItGoesOff(), list[str]()
    reply = watched(moto_url, WatchAlarm("late", ignore_failure=False), clock, told)
    assert reply.value["State"] == "ALARM"
    assert clock.time == 1040.0
    assert told == ["The alarm late: OK\n", "The alarm late: INSUFFICIENT_DATA\n", "The alarm late: OK\n"]


def test_an_alarm_that_is_not_there_is_unknown(moto_url: str) -> None:
    reply = watched(moto_url, WatchAlarm("nobody-made-it", ignore_failure=False))
    assert reply.value == {"Name": "nobody-made-it", "State": "UNKNOWN"}


def test_an_alarm_that_cannot_be_read_may_be_ignored(moto_url: str) -> None:
    class Enough(StillClock):
        async def sleep_until(self, family: str, at: float) -> None:
            await super().sleep_until(family, at)
            if at >= 1030.0:
                raise TimeoutError

    told: list[str] = []
    with pytest.raises(TimeoutError):
        watched(moto_url, WatchAlarm("nobody-made-it", ignore_failure=True), Enough(), told)
    assert told == [
        "The alarm nobody-made-it: There is none in account 123456789012, region eu-west-1.\n",
    ]


# ---------------------------------------------------------------------------------------- where time is skipped


class Cloudwatch:
    """A backend whose alarm goes off when the family's clock shows `at`; `asked` tells when it was asked."""

    def __init__(self, now: Callable[[], float], at: float) -> None:
        self.now, self.at = now, at
        self.asked: list[float] = []

    async def call(self, *_: Any, seconds: float) -> dict[str, Json]:
        await asyncio.sleep(0)
        self.asked.append(self.now())
        state = "ALARM" if self.now() >= self.at else "OK"
        return {"MetricAlarms": [{"AlarmName": "a", "StateValue": state}]}


def skipping(story: Callable[[Clock], Any]) -> None:
    async def whole() -> None:
        clock = Clock(wall=lambda: 0.0)
        clock.join(SCOPE.family, 0.0)
        try:
            await asyncio.wait_for(story(clock), 20)
        finally:
            clock.close()

    asyncio.run(whole())


def test_before_each_jump_the_alarm_is_asked_and_it_makes_none() -> None:
    async def story(clock: Clock) -> None:
        family = SCOPE.family
        backend: Any = Cloudwatch(lambda: clock.now(family), at=200.0)

        async def watch() -> Reply:
            effect = WatchAlarm("a", ignore_failure=False)
            reply = await watch_alarm(backend, effect, SCOPE, clock, lambda _: None)
            clock.hold(family, "the turn that takes the reply")
            return reply

        watching = asyncio.create_task(watch())
        for at in (100.0, 200.0):
            await clock.sleep_until(family, at)
            clock.hold(family, "a turn")  # what the execution does when it wakes
            clock.let_go(family, "a turn")
        sleeping = asyncio.create_task(clock.sleep_until(family, 300.0))
        assert (await watching).value["State"] == "ALARM"
        assert backend.asked[-1] == 200.0
        assert clock.now(family) == 200.0, "it was seen before the jump"
        sleeping.cancel()

    skipping(story)


def test_while_the_alarm_is_asked_the_family_does_not_jump() -> None:
    async def story(clock: Clock) -> None:
        family = SCOPE.family
        with clock.asked_before_jumps(family) as about_to_jump:
            sleeping = asyncio.create_task(clock.sleep_until(family, 50.0))
            for _ in range(5):
                await asyncio.sleep(0)
            assert clock.now(family) == 0.0
            waiting = asyncio.ensure_future(about_to_jump())
            await sleeping
            assert clock.now(family) == 50.0
            assert not waiting.done(), "it had looked already when it came to wait"
            clock.let_go(family, "whoever slept")
            later = asyncio.create_task(clock.sleep_until(family, 60.0))
            await waiting
            assert clock.now(family) == 50.0
        await later
        assert clock.now(family) == 60.0

    skipping(story)


def test_two_who_look_are_both_let_look() -> None:
    async def story(clock: Clock) -> None:
        family, looked = SCOPE.family, list[tuple[str, float]]()

        async def look(name: str) -> None:
            with clock.asked_before_jumps(family) as about_to_jump:
                while True:
                    await asyncio.sleep(0)
                    looked.append((name, clock.now(family)))
                    await about_to_jump()

        lookers = [asyncio.create_task(look(name)) for name in "ab"]
        for at in (10.0, 20.0, 30.0):
            await clock.sleep_until(family, at)
        for looker in lookers:
            looker.cancel()
        assert sorted(set(looked)) == [(name, at) for name in "ab" for at in (0.0, 10.0, 20.0)]

    skipping(story)


def test_without_a_jump_it_is_asked_by_the_real_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(clock: Clock) -> None:
        backend: Any = Cloudwatch(lambda: float(len(backend.asked)), at=3.0)
        monkeypatch.setattr(alarms, "EVERY_SECONDS", 0.01)
        effect = WatchAlarm("a", ignore_failure=False)
        reply = await watch_alarm(backend, effect, SCOPE, clock, lambda _: None)
        assert reply.value["State"] == "ALARM"
        assert len(backend.asked) == 3
        assert clock.now(SCOPE.family) == 0.0

    skipping(story)
