from __future__ import annotations

import asyncio

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.interpreter.requests import Stop
from runwright.runtime.journal import TurnRows
from runwright.runtime.live import Asked
from runwright.runtime.scope import Caller

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
PAUSE = "{schemaVersion: '0.3', mainSteps: [{name: wait, action: 'aws:pause', inputs: {}}]}"


def test_a_caller_that_left_while_the_execution_ended_harms_nobody() -> None:
    async def play() -> None:
        async with await Engine.open(Settings(data=None, aws="http://127.0.0.1:9")) as engine:
            await engine.documents.create(CALLER.account, CALLER.region, "Wait", "Automation", Draft(PAUSE, "YAML"), {})
            execution = await engine.start({"DocumentName": "Wait"}, CALLER)

            def ask_and_leave(execution_id: str, rows: TurnRows) -> None:
                gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                gone.cancel()
                engine.driver._post(execution_id, Asked(Stop("Cancel", CALLER.arn), gone))

            engine.observe(ask_and_leave)
            await engine.stop(execution, "Cancel", CALLER)
            await engine.wait(execution)
            engine.observe(lambda execution_id, rows: None)
            async with asyncio.timeout(10):
                await engine.start({"DocumentName": "Wait"}, CALLER)

    asyncio.run(play())
