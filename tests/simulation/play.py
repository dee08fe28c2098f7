"""One seeded play: executions are started, stopped and answered while the process is killed and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from runwright.errors import ServiceError
from runwright.interpreter.requests import Request, Signal, Stop
from runwright.messages import Json
from tests.simulation.books import BOOKS, INTERACTIVE, KINDS, OVER_LOCATIONS, OVER_TARGETS, WATCHED
from tests.simulation.ledger import ENDED, Execution
from tests.simulation.virtual import run
from tests.simulation.whims import Whims
from tests.simulation.world import World

DAY = 86_400.0
MOST_DAYS = 60
MOST_STEPS_OF_ONE = 2000
MOST_STOPS = 2
"""Of a play: a stop ends what is stuck as well, and would hide it."""
SETTLING_SECONDS = 60.0
USER = "arn:aws:iam::1:user/"


def play(whims: Whims) -> World:
    """Play one run and check every invariant."""
    return _played(_play(World(BOOKS, whims)), whims)


def play_one(kind: str, whims: Whims) -> World:
    """Run one execution alone; nobody meddles but for two approvers who agree and one who starts and resumes steps."""
    return _played(_play_one(World(BOOKS, whims), *KINDS[kind]), whims)


def _played(work: Coroutine[Any, Any, World], whims: Whims) -> World:
    try:
        return run(work)
    except BaseException as failed:
        failed.add_note(f"It was played with {whims}")
        raise


async def _play_one(world: World, book: str, request: dict[str, Json]) -> World:
    await world.boot()
    try:
        world.spawn(_start(world, "x", book, request))
        for _ in range(MOST_STEPS_OF_ONE):
            await _pass_time(world, 7.0)
            if _is_over(world):
                break
            for row in world.ledger.unfinished():
                for each in _help(world, row):
                    world.spawn(world.request(row.id, each))
        await _settle(world)
        world.check_end()
    finally:
        await world.leave()
    return world


async def _play(world: World) -> World:
    chance = world.random.random
    stops, at_once = MOST_STOPS, chance()
    await world.boot()
    try:
        for number in range(world.whims.starts):
            world.spawn(_start(world, f"x{number}", *_drawn(world)))
            if chance() < at_once:
                continue
            await _pass_time(world, chance() * 20)
            if chance() < 0.4:
                stops -= _meddle(world, stops)
        for _ in range(MOST_DAYS * 12):
            if _is_over(world):
                break
            for row in world.ledger.unfinished():
                if "Mode" in row.request:
                    for each in _help(world, row):
                        world.spawn(world.request(row.id, each))
            for _ in range(3):
                stops -= _meddle(world, stops)
                await _pass_time(world, world.random.choice([1.0, 60.0]))
            await _pass_time(world, DAY / 12)
        await _settle(world)
        world.check_end()
    finally:
        await world.leave()
    return world


def _is_over(world: World) -> bool:
    is_quiet = not world.callers and not world.disk.is_unsure and not world.crashed.is_set()
    return is_quiet and not world.ledger.unfinished()


async def _settle(world: World) -> None:
    """Let the last process come to rest."""
    await _pass_time(world, SETTLING_SECONDS, restart=0.0)


async def _pass_time(world: World, seconds: float, restart: float | None = None) -> None:
    crash = asyncio.ensure_future(world.crashed.wait())
    done, _ = await asyncio.wait({crash}, timeout=seconds)
    crash.cancel()
    if done:
        await world.kill()
        await world.boot()
    elif world.random.random() < (world.whims.restart if restart is None else restart):
        await world.stop()
        await world.boot()
    if world.violation is not None:
        raise world.violation


def _drawn(world: World) -> tuple[str, dict[str, Json]]:
    """A runbook and the request that starts it."""
    book, drawn = world.random.choice(list(BOOKS)), world.random.random()
    request: dict[str, Json] = {}
    if drawn < 0.25:
        request = world.random.choice(OVER_TARGETS)
    elif drawn < 0.35:
        request = world.random.choice(OVER_LOCATIONS)
    elif drawn < 0.45:
        request = INTERACTIVE
    if book != "people" and world.random.random() < 0.12:
        request = request | WATCHED
    return book, request


async def _start(world: World, name: str, book: str, request: dict[str, Json]) -> None:
    id_ = f"{name}-{book}"
    try:
        await world.start_one(book, id_=id_, request=request)
    except ServiceError:
        return  # refused, or a commit that failed: the caller was told so
    world.witness.acknowledged.append(id_)
    await world.wait(id_)


def _help(world: World, row: Execution) -> list[Request]:
    """What helps an execution on that waits for people."""
    if row.status != "Waiting":
        return []
    if any(step.status not in ENDED for step in row.steps.values()) or "Mode" not in row.request:
        approvals: list[Request] = [Signal("Approve", {}, USER + person) for person in "ab"]
        return [*approvals, Signal("Resume", {"StepName": ["rest"]}, "a")]
    begun = {step.name for step in row.steps.values()}
    rest = [step.name for step in world.books[row.id.partition("-")[2]].steps if step.name not in begun]
    return [Signal("StartStep", {"StepName": rest[:1]}, "a") if rest else Stop("Complete", "a")]


def _meddle(world: World, stops: int) -> int:
    """Somebody asks something of an execution; how many stops that was."""
    unfinished = world.ledger.unfinished()
    if not unfinished:
        return 0
    row, person = world.random.choice(unfinished), world.random.choice("ab")
    requests: list[Request] = [
        Signal("Approve", {}, USER + person),
        Signal("Resume", {"StepName": ["rest"]}, person),
        Signal("Reject", {}, USER + person),
        Signal("StartStep", {"StepName": [world.random.choice(["one", "each", "ask", "first"])]}, person),
    ]
    ends: list[Request] = [Stop("Cancel", person), Stop("Complete", person)]
    ends += [Signal("StopStep", {"StepExecutionId": [step.id]}, person) for step in row.steps.values()][-1:]
    chosen = world.random.choices(requests, [12, 6, 1, 2])[0]
    if stops and world.random.random() < 0.15:
        chosen = world.random.choice(ends)
    world.spawn(world.request(row.id, chosen))
    return int(chosen in ends)
