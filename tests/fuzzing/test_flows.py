"""Any flow of steps ends as a deliberately simple interpreter says it does: in the engine, and event by event."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, reject, settings

from runwright.api.dispatch import Call, answer
from runwright.config import Settings
from runwright.engine import Engine
from runwright.interpreter.requests import Signal, Stop
from runwright.messages import AwaitSignal, CallAws, SleepUntil
from runwright.runtime.records import StepsWanted
from runwright.runtime.scope import Caller
from tests.fuzzing.flows import plays, refuses
from tests.fuzzing.reference import Ended, Reference, Told, Unclear
from tests.interpreter.conversation import Conversation
from tests.runtime.servers import Answer, Request, server

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/fuzz")
JSON = {"Content-Type": "application/x-amz-json-1.0"}

Play = Callable[[dict[str, Any], list[str]], Ended]


def agree(play: Play, examples: int) -> None:
    """Play generated runbooks, and see that all there is to see was seen."""
    kinds: Counter[str] = Counter()

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(plays())
    def each(drawn: tuple[dict[str, Any], list[str]]) -> None:
        try:
            expected = Reference(*drawn).ended()
        except Unclear:
            reject()
        assert play(*drawn) == expected
        kinds.update([expected.status, *(told.status for told in expected.steps)])

    each()
    assert {"Success", "Failed", "TimedOut", "Cancelled"} <= kinds.keys(), kinds


def told(records: list[dict[str, Any]]) -> list[Told]:
    return [
        Told(each["StepName"], each["StepStatus"], each.get("ParentStepDetails", {}).get("Iteration"))
        for each in records
    ]


# ------------------------------------------------------------------------------------------------ event by event


def test_generated_runbooks_end_as_the_reference_says_though_every_event_goes_through_storage() -> None:
    agree(converse, 600)


def converse(book: dict[str, Any], responses: list[str]) -> Ended:
    talk = Conversation("".join(f"{key}: {json.dumps(book[key])}\n" for key in ("variables", "mainSteps")))
    left, asked, calls = list(responses), Counter[str](), list[str]()
    while not talk.state.ended:
        wants = talk.wants.values()
        effect = next((each for each in wants if not isinstance(each, SleepUntil)), None)
        if isinstance(effect, CallAws):
            prefix = effect.parameters["QueueNamePrefix"]
            calls.append(prefix)
            asked[prefix] += 1
            if refuses(prefix, asked[prefix] - 1):
                talk.fail()
            else:
                talk.reply({})
        elif isinstance(effect, AwaitSignal):
            _respond(talk, left.pop(0) if left and talk.status != "Cancelling" else "Resume")
        else:
            talk.pass_time(min(each.at for each in wants if isinstance(each, SleepUntil)) - talk.now)
    records = [json.loads(row.record) for _, row in sorted(talk.rows.items())]
    return Ended(talk.status, told(records), talk.state.variables, calls)


def _respond(talk: Conversation, response: str) -> None:
    activity = talk.state.activity
    assert activity is not None
    if response in ("Cancel", "Complete"):
        talk.ask(Stop(response, "a"))
    if response == "StopStep":
        talk.ask(
            Signal("StopStep", {"StepExecutionId": [talk.state.step_execution_id(activity.path, activity.visit)]}, "a")
        )
    if response in ("Resume", "Complete"):
        talk.ask(Signal("Resume", {"StepName": [activity.name]}, "a"))


# ---------------------------------------------------------------------------------------------------- the engine


def test_generated_runbooks_end_in_the_engine_as_the_reference_says() -> None:
    calls: list[str] = []
    asked: Counter[str] = Counter()

    def backend(request: Request) -> Answer:
        prefix = json.loads(request.body)["QueueNamePrefix"]
        calls.append(prefix)
        asked[prefix] += 1
        refused = refuses(prefix, asked[prefix] - 1)
        return (400, JSON, b'{"__type": "UnsupportedOperation", "message": "no"}') if refused else (200, JSON, b"{}")

    def play(book: dict[str, Any], responses: list[str]) -> Ended:
        calls.clear()
        asked.clear()
        return replace(running.play(book, responses), calls=list(calls))

    with server(backend) as url:
        running = Running(url)
        try:
            agree(play, 300)
        finally:
            running.close()


class Running:
    """An engine in memory."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.engine = self.runner.run(Engine.open(Settings(aws=url, skip_time=True)))
        self.number = 0

    def play(self, book: dict[str, Any], responses: list[str]) -> Ended:
        return self.runner.run(self._play(book, list(responses)))

    async def _ask(self, operation: str, **members: Any) -> dict[str, Any]:
        reply = await answer(self.engine, Call(operation, json.dumps(members).encode()), CALLER)
        assert reply.status == 200, reply.body
        answered: dict[str, Any] = json.loads(reply.body)
        return answered

    async def _play(self, book: dict[str, Any], responses: list[str]) -> Ended:
        self.number += 1
        name, content = f"Book{self.number}", json.dumps(book)
        await self._ask("CreateDocument", Name=name, Content=content, DocumentType="Automation", DocumentFormat="JSON")
        id_ = (await self._ask("StartAutomationExecution", DocumentName=name))["AutomationExecutionId"]
        changed = asyncio.Event()
        self.engine.observe(lambda _, rows: changed.set())
        while True:
            steps = await self._steps(id_)
            execution = (await self._ask("GetAutomationExecution", AutomationExecutionId=id_))["AutomationExecution"]
            if "ExecutionEndTime" in execution:
                break
            if waiting := [step for step in steps if step["StepStatus"] == "Waiting"]:
                cancelling = execution["AutomationExecutionStatus"] == "Cancelling"
                await self._respond(id_, waiting[0], responses.pop(0) if responses and not cancelling else "Resume")
            else:
                await changed.wait()
            changed.clear()
        texts = execution["Variables"]
        variables = {"n": int(texts["n"][0]), "list": texts["list"]}
        return Ended(execution["AutomationExecutionStatus"], told(steps), variables, [])

    async def _steps(self, id_: str) -> list[dict[str, Any]]:
        found = await self.engine.records.steps(
            CALLER.account, CALLER.region, id_, StepsWanted(), newest_first=False, after=None, most=10_000
        )
        return [json.loads(text) for place, text in found if not place.is_pending]

    async def _respond(self, id_: str, step: dict[str, Any], response: str) -> None:
        if response in ("Cancel", "Complete"):
            await self._ask("StopAutomationExecution", AutomationExecutionId=id_, Type=response)
        payloads = {
            "StopStep": {"StepExecutionId": [step["StepExecutionId"]]},
            "Resume": {"StepName": [step["StepName"]]},
        }
        signal = "Resume" if response == "Complete" else response
        if signal in payloads:
            await self._ask(
                "SendAutomationSignal", AutomationExecutionId=id_, SignalType=signal, Payload=payloads[signal]
            )

    def close(self) -> None:
        self.runner.run(self.engine.close())
        self.runner.close()
