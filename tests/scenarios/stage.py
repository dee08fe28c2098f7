"""The stage on which a scenario is played: the product's driver, interpreter and performer before a scripted AWS.

Time is virtual. Replies come from the scenario; each request is held against botocore's model of its operation. What
is asked of the world is kept, so that a play with a crash can be compared with the calm one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator

from runwright.errors import ServiceError
from runwright.interpreter.requests import Request, Signal, Stop
from runwright.interpreter.state import Start
from runwright.language.selectors import take
from runwright.messages import CallWebhook, Effect, Failure, Json, Reply, RunChild, RunScript, WishId
from runwright.runtime.backend import Backend as AwsBackend
from runwright.runtime.children import ChildExecutions
from runwright.runtime.clock import Clock
from runwright.runtime.effects import Effects
from runwright.runtime.failures import Refused, refused_by
from runwright.runtime.operations import Models
from runwright.runtime.scope import Scope
from runwright.runtime.sqlite import Database
from tests.simulation.ledger import ENDED
from tests.simulation.virtual import run
from tests.simulation.whims import Whims
from tests.simulation.world import World

EXECUTION = "x-scenario"
CALL_SECONDS = 1.0
MOST_SECONDS = 40 * 86_400.0
MODELS = Models(get_session())
USER = "arn:aws:iam::111111111111:user/"


@dataclass
class Asked:
    """One thing asked of the world: `what` is `service:Operation`, `script`, `webhook` or `child`."""

    what: str
    parameters: Json
    key: str | None
    """Of the wish; the same when it is asked again after a crash. None for a poll's calls."""


@dataclass
class Script:
    """What the world answers (by `what`, the last reply for ever) and what people do at which second."""

    books: dict[str, str]
    replies: dict[str, list[Json]]
    happens: list[dict[str, Json]] = field(default_factory=list)
    request: dict[str, Json] = field(default_factory=dict)


class Unforeseen(AssertionError):
    """The product does what the scenario does not foresee."""


class Stage(World):
    """A world whose backend answers from a script."""

    def __init__(self, script: Script, whims: Whims) -> None:
        super().__init__(script.books, whims)
        self.script = script
        self.asked: list[Asked] = []
        self.answers: dict[str, Json] = {}
        self.position: dict[str, int] = {}
        self.seen: dict[str, Json] = {}
        self.seen_before_crash: dict[str, Json] = {}
        self.refusals: list[str] = []
        self.done: set[int] = set()

    async def boot(self) -> None:
        await super().boot()
        self.seen_before_crash, self.seen = self.seen, {}
        self.driver.performing._performer = Performer(self)
        self.driver.performing.children = Children(self)

    def answer(self, what: str, parameters: Json, key: str | None) -> Json:
        """The next reply of the script; the same one for what was answered before a crash: the world has not moved."""
        if key is not None and key in self.answers:
            return self.answers[key]
        question = f"{what} {parameters}"
        if key is None and question in self.seen_before_crash:
            return self.seen_before_crash.pop(question)
        replies = self.script.replies.get(what)
        if replies is None:
            self.violation = Unforeseen(f"{what} is asked, for which the scenario has no reply")
            raise self.violation
        place = self.position.get(what, 0)
        self.position[what] = place + 1
        reply = replies[min(place, len(replies) - 1)]
        if key is not None:
            self.answers[key] = reply
        else:
            self.seen[question] = reply
        return reply


class ScriptedAws:
    """The one method of the backend that calls and polls need."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def call(
        self,
        scope: Scope,
        service: str,
        operation: str,
        parameters: dict[str, Json],
        *,
        seconds: float,
        token: str | None = None,
    ) -> dict[str, Json] | Refused:
        known = MODELS.service(service)
        model = known if isinstance(known, Failure) else MODELS.operation(known, operation)
        if isinstance(model, Failure):
            return Refused(model)
        sent = {name: token for name in (model.idempotent_members if token else ()) if name not in parameters}
        sent |= parameters
        if model.input_shape is not None:
            problems = ParamValidator().validate(sent, model.input_shape)
            if problems.has_errors():
                return Refused(
                    Failure(f"Parameter validation failed:\n{problems.generate_report()}", "ParamValidation")
                )
        what = f"{known}:{model.name}"
        self._stage.asked.append(Asked(what, sent, token))
        reply = self._stage.answer(what, sent, token)
        await asyncio.sleep(_delay(reply))
        return _refusal(reply, model.name) or {name: value for name, value in reply.items() if name != "$after"}


def _delay(reply: Json) -> float:
    return float(reply.get("$after", CALL_SECONDS)) if isinstance(reply, dict) else CALL_SECONDS


def _refusal(reply: Json, operation: str) -> Refused | None:
    """`$error: Code` with `$message`; `$status: 500` makes it one that may be tried again."""
    if not isinstance(reply, dict) or "$error" not in reply:
        return None
    error = {"Code": reply["$error"], "Message": reply.get("$message", "no")}
    status = {"HTTPStatusCode": reply.get("$status", 400)}
    return refused_by(ClientError(cast(Any, {"Error": error, "ResponseMetadata": status}), operation))


class Performer:
    """Calls and polls are performed by the product; scripts and webhooks answer from the script as a whole."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._effects = Effects(cast(AwsBackend, ScriptedAws(stage)))

    async def perform(
        self, effect: Effect, wish: WishId, scope: Scope, clock: Clock, report: Callable[[str], None]
    ) -> Reply:
        self._stage.begins(scope.execution_id, wish)
        key = wish.unique_in(scope.execution_id)
        match effect:
            case RunScript():
                sent = {
                    "Runtime": effect.runtime, "Handler": effect.handler, "InputPayload": effect.payload,
                    "Attachment": effect.attachment, "Seconds": effect.seconds,
                }  # fmt: skip
                return await self._whole("script", sent, key, clock.working(scope.family), effect)
            case CallWebhook():
                sent = {"IntegrationName": effect.integration, "Body": effect.body}
                return await self._whole("webhook", sent, key, clock.working(scope.family), effect)
            case _:
                return await self._effects.perform(effect, wish, scope, clock, report)

    async def _whole(
        self, what: str, sent: Json, key: str, working: AbstractContextManager[None], effect: RunScript | CallWebhook
    ) -> Reply:
        self._stage.asked.append(Asked(what, {name: value for name, value in sent.items() if value is not None}, key))
        reply = self._stage.answer(what, sent, key)
        with working:
            await asyncio.sleep(_delay(reply))
        if isinstance(reply, dict) and "$fails" in reply:
            return Reply(failure=Failure(reply["$fails"], reply.get("$code", "")))
        if isinstance(effect, RunScript):
            payload = {"Payload": reply.get("Payload")}
            return Reply(payload | take(effect.select, payload))
        return Reply({name: value for name, value in reply.items() if name != "$after"})


class Children(ChildExecutions):
    """The product's; what is asked of a child is kept."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(cast(Database, stage.disk.database), stage.driver, stage.start_child)
        self._stage = stage

    async def run(self, effect: RunChild, child_id: str, parent: Start) -> Reply | None:
        self._stage.asked.append(Asked("child", effect.request, child_id))
        if effect.request["DocumentName"] not in self._stage.books:
            return Reply(failure=Failure("There is no such document.", "AutomationDefinitionNotFoundException"))
        return await super().run(effect, child_id, parent)

    async def stop(self, child_id: str) -> Reply | None:
        self._stage.asked.append(Asked("stop child", {}, child_id))
        return await super().stop(child_id)


def play(script: Script, whims: Whims | None = None) -> Stage:
    """Play to the end; `whims` says at which commit the process is killed."""
    return run(_play(Stage(script, whims or Whims(1))))


async def _play(stage: Stage) -> Stage:
    await stage.boot()
    loop = asyncio.get_running_loop()
    try:
        await _until_stored(stage)
        while stage.ledger.status_of(EXECUTION) not in ENDED and loop.time() < MOST_SECONDS:
            await _let_happen(stage, loop.time())
            coming = [each["at"] for index, each in enumerate(stage.script.happens) if index not in stage.done]
            await _pass_time(stage, max(0.05, min(coming, default=MOST_SECONDS) - loop.time()))
        stage.check_end()
    finally:
        await stage.leave()
    return stage


async def _until_stored(stage: Stage) -> None:
    """A start that a crash took with it was not acknowledged: its caller sends it again."""
    while EXECUTION not in stage.ledger.executions:
        stage.spawn(_start(stage))
        await _pass_time(stage, 0.1)
    stage.witness.acknowledged.append(EXECUTION)


async def _start(stage: Stage) -> None:
    await stage.start_one("main", id_=EXECUTION, request=stage.script.request)


async def _let_happen(stage: Stage, now: float) -> None:
    for index, each in enumerate(stage.script.happens):
        if index not in stage.done and each["at"] <= now:
            stage.spawn(_ask(stage, index, _request(stage, each)))


async def _ask(stage: Stage, index: int, request: Request) -> None:
    """A request is sent again until it has an answer."""
    try:
        await stage.driver.ask(EXECUTION, request)
    except KeyError:
        stage.refusals.append("ended")
    except ServiceError as refused:
        stage.refusals.append(refused.code)
    stage.done.add(index)


def _request(stage: Stage, happening: dict[str, Json]) -> Request:
    by = happening.get("by", "someone")
    arn = by if by.startswith("arn:") else USER + by
    if "stop" in happening:
        return Stop(happening["stop"], arn)
    payload = {name: [value] for name, value in happening.get("payload", {}).items()}
    if payload.get("StepExecutionId") == ["current"]:
        payload["StepExecutionId"] = [stage.ledger.steps_of(EXECUTION)[-1].id]
    return Signal(happening["signal"], payload, arn)


async def _pass_time(stage: Stage, seconds: float) -> None:
    """Until the time is over, the execution has ended or the process is killed; then there is a new one."""
    crash = asyncio.ensure_future(stage.crashed.wait())
    stored = EXECUTION in stage.ledger.executions
    end: asyncio.Future[None] = stage.driver.watch(EXECUTION) if stored else asyncio.get_running_loop().create_future()
    waited: set[asyncio.Future[Any]] = {crash, end}
    await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if stage.crashed.is_set():
        await stage.kill()
        await stage.boot()
    crash.cancel()
    if stage.violation is not None:
        raise stage.violation
