"""One seeded play: executions are started, stopped and answered while the process is killed and started again."""

from __future__ import annotations

import asyncio

from runwright.interpreter.requests import Request, Signal, Stop
from runwright.messages import Json
from tests.simulation.books import BOOKS
from tests.simulation.virtual import run
from tests.simulation.world import ENDED, Violation, Whims, World

DAY = 86_400.0
MOST_DAYS = 60
FANOUTS: list[dict[str, Json]] = [
    {"TargetParameterName": "X", "MaxConcurrency": concurrency, "MaxErrors": errors, "Targets": [target]}
    for concurrency in ("1", "3")
    for errors in ("0", "2", "7")
    for target in ({"Key": "ParameterValues", "Values": ["a", "b", "c", "d", "e"]}, {"Key": "tag:T", "Values": ["x"]})
]
MOST_STEPS_OF_ONE = 2000


def play(whims: Whims, *, starts: int = 4, running: int = 0, skip_time: bool = False) -> World:
    """Play one run and check every invariant. The seed in `whims` replays it."""
    try:
        return run(_play(whims, starts, running, skip_time))
    except Violation as violation:
        raise Violation(f"{violation} (replay with {whims})") from violation


def play_one(book: str, whims: Whims) -> World:
    """Run one execution alone; nobody meddles but for two approvers who agree and one who resumes."""
    return run(_play_one(book, whims))


async def _play_one(book: str, whims: Whims) -> World:
    world = World(BOOKS, whims)
    await world.boot()
    try:
        world.spawn(_acknowledge(world, f"x-{book}", book))
        for _ in range(MOST_STEPS_OF_ONE):
            await _pass_time(world, 7.0)
            if all(row["ended_at"] is not None for row in world.disk.executions.values()):
                break
            for row in list(world.disk.executions.values()):
                if row["status"] == "Waiting":
                    for person in "ab":
                        world.spawn(world.request(row["id"], Signal("Approve", {}, f"arn:aws:iam::1:user/{person}")))
                    world.spawn(world.request(row["id"], Signal("Resume", {"StepName": ["rest"]}, "a")))
        world.check_end()
    finally:
        await world.kill()
    return world


async def _play(whims: Whims, starts: int, running: int, skip_time: bool) -> World:
    world = World(BOOKS, whims, running=running, skip_time=skip_time)
    await world.boot()
    try:
        for number in range(starts):
            world.spawn(_start(world, number))
            await _pass_time(world, world.random.random() * 20)
            if world.random.random() < 0.4 and world.acknowledged:
                world.spawn(_meddle(world))
        for _ in range(MOST_DAYS * 12):
            if all(world.disk.status_of(id_) in ENDED for id_ in world.acknowledged) and not world.crashed.is_set():
                break
            for _ in range(3):
                world.spawn(_meddle(world))
                await _pass_time(world, world.random.choice([1.0, 60.0]))
            await _pass_time(world, DAY / 12)
        world.check_end()
    finally:
        await world.kill()
    return world


async def _pass_time(world: World, seconds: float) -> None:
    crash = asyncio.ensure_future(world.crashed.wait())
    done, _ = await asyncio.wait({crash}, timeout=seconds)
    crash.cancel()
    if done:
        await world.kill()
        await world.boot()
    if world.violation is not None:
        raise world.violation


async def _start(world: World, number: int) -> None:
    book = world.random.choice(list(BOOKS))
    request: dict[str, Json] = {}
    if world.random.random() < 0.3:
        request = world.random.choice(FANOUTS)
    await _acknowledge(world, f"x{number}-{book}", book, request)


async def _acknowledge(world: World, id_: str, book: str, request: dict[str, Json] | None = None) -> None:
    try:
        await world.start_one(book, id_=id_, request=request)
    except Exception:
        return  # a commit that failed: the caller was told so
    world.acknowledged.append(id_)


async def _meddle(world: World) -> None:
    unfinished = [row["id"] for row in world.disk.executions.values() if row["ended_at"] is None]
    if not unfinished:
        return
    execution = world.random.choice(unfinished)
    person = world.random.choice("ab")
    requests: list[Request] = [
        Signal("Approve", {}, f"arn:aws:iam::1:user/{person}"),
        Signal("Approve", {}, f"arn:aws:iam::1:user/{person}"),
        Signal("Resume", {"StepName": ["rest"]}, person),
        Signal("Reject", {}, f"arn:aws:iam::1:user/{person}"),
        Stop("Cancel", person),
        Stop("Complete", person),
    ]
    weights = [6, 6, 6, 1, 1, 1]
    await world.request(execution, world.random.choices(requests, weights)[0])
