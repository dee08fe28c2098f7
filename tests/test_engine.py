from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.errors import ServiceError
from runwright.runtime.scope import Caller
from tests.runtime.servers import Answer, Request, server

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
STEPS = "[{name: wait, action: 'aws:pause', inputs: {}}]"
PAUSE = f"{{schemaVersion: '0.3', mainSteps: {STEPS}}}"


def test_a_start_whose_caller_leaves_takes_its_token() -> None:
    async def play() -> None:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            await engine.documents.create(CALLER.account, CALLER.region, "Wait", "Automation", Draft(PAUSE, "YAML"), {})
            for turns_of_the_loop in range(8):
                token = f"8a5c4d1e-6f0b-4f7e-9d35-2f1f3f0f9a1{turns_of_the_loop}"
                request = {"DocumentName": "Wait", "ClientToken": token}
                leaving = asyncio.ensure_future(engine.start(request, CALLER))
                for _ in range(turns_of_the_loop):
                    await asyncio.sleep(0)
                leaving.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await leaving
                await engine.start(request, CALLER)

            assert sum(engine.driver.statuses().values()) == 8

    asyncio.run(play())


SAYING_NOTHING = {
    "aws:createStack": (
        "{StackName: a, TemplateBody: '{}'}",
        "Step fails when it is Poll action status for completion. The backend's answer has no StackId",
    ),
    "aws:runCommand": (
        "{DocumentName: AWS-RunShellScript, InstanceIds: [i-0123456789abcdef0]}",
        "Step fails when it is verifying the command has completed. The backend's answer has no Id",
    ),
}


@pytest.mark.parametrize("action", SAYING_NOTHING)
def test_a_backend_that_says_too_little_fails_the_step_and_not_us(action: str) -> None:
    inputs, message = SAYING_NOTHING[action]
    book = f"{{schemaVersion: '0.3', mainSteps: [{{name: act, action: '{action}', inputs: {inputs}}}]}}"

    async def play(url: str) -> None:
        async with await Engine.open(Settings(data=None, aws=url)) as engine:
            await engine.documents.create(CALLER.account, CALLER.region, "Act", "Automation", Draft(book, "YAML"), {})
            execution = await engine.start({"DocumentName": "Act"}, CALLER)
            await engine.wait(execution)
            answer = json.loads(await engine.records.get(CALLER.account, CALLER.region, execution))
            (step,) = answer["AutomationExecution"]["StepExecutions"]
            assert step["FailureMessage"].startswith(message)

    with server(_nothing) as url:
        asyncio.run(play(url))


def test_a_role_for_which_there_is_no_answer_refuses_the_start() -> None:
    book = f"{{schemaVersion: '0.3', assumeRole: 'arn:aws:iam::{CALLER.account}:role/a', mainSteps: {STEPS}}}"

    async def play(url: str) -> None:
        async with await Engine.open(Settings(data=None, aws=url)) as engine:
            await engine.documents.create(CALLER.account, CALLER.region, "Act", "Automation", Draft(book, "YAML"), {})
            with pytest.raises(ServiceError, match="The backend's answer has no Credentials, which is needed for"):
                await engine.start({"DocumentName": "Act"}, CALLER)

    with server(_nothing) as url:
        asyncio.run(play(url))


def _nothing(request: Request) -> Answer:
    """A success that holds nothing, in the protocol of the request."""
    if b"Action=" not in request.body:
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, b"{}"
    name = request.body.partition(b"Action=")[2].partition(b"&")[0]
    return 200, {"Content-Type": "text/xml"}, b"<%bResponse><%bResult/></%bResponse>" % (name, name, name)


NAP = "{schemaVersion: '0.3', mainSteps: [{name: nap, action: 'aws:sleep', inputs: {Duration: PT1M}}]}"
ASK = """
{schemaVersion: '0.3', mainSteps: [{name: ask, action: 'aws:approve', timeoutSeconds: 3600, inputs: {
  Approvers: ['arn:aws:iam::123456789012:user/someone']}}]}
"""


def test_the_time_for_a_persons_answer_is_not_skipped_after_a_restart(tmp_path: Path) -> None:
    async def play() -> str:
        settings = Settings(data=tmp_path, aws="http://127.0.0.1:9", skip_time=True)
        async with await Engine.open(settings) as engine:
            for name, text in (("Ask", ASK), ("Nap", NAP)):
                draft = Draft(text, "YAML")
                await engine.documents.create(CALLER.account, CALLER.region, name, "Automation", draft, {})
            asking = await engine.start({"DocumentName": "Ask"}, CALLER)
        async with await Engine.open(settings) as engine:
            for _ in range(3):
                await engine.wait(await engine.start({"DocumentName": "Nap"}, CALLER))
            answer = json.loads(await engine.records.get(CALLER.account, CALLER.region, asking))
            return str(answer["AutomationExecution"]["AutomationExecutionStatus"])

    assert asyncio.run(play()) == "Waiting"
