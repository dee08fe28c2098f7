from __future__ import annotations

import asyncio
import contextlib

from runwright.config import Settings
from runwright.documents import Draft
from runwright.engine import Engine
from runwright.runtime.scope import Caller

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/someone")
PAUSE = "{schemaVersion: '0.3', mainSteps: [{name: wait, action: 'aws:pause', inputs: {}}]}"


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
