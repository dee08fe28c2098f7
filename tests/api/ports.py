"""A server on a port of loopback, in a thread of its own, and boto3 clients for it."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from runwright.api.app import create_app
from runwright.config import Settings
from runwright.engine import Engine
from runwright.messages import Json

ACCOUNTS = itertools.count(1)


class Served:
    """An engine at `url`. `client` gives boto3 clients in an account of their own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with await Engine.open(self._settings) as self._engine:
            config = uvicorn.Config(create_app(self._engine), port=0, log_config=None, lifespan="off")
            self._server = uvicorn.Server(config)
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
                await asyncio.sleep(0.01)
            self.url = f"http://localhost:{self._server.servers[0].sockets[0].getsockname()[1]}"
            self._ready.set()
            await serving

    def client(self, account: str | None = None, region: str = "eu-central-1") -> Any:
        return boto3.client(
            "ssm",
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=account or f"5{next(ACCOUNTS):011}",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=60),
        )

    def end_of(self, ssm: Any, execution_id: str, seconds: float = 60) -> Json:
        """The execution when it has ended."""
        waiting = asyncio.run_coroutine_threadsafe(self._engine.wait(execution_id), self._loop)
        waiting.result(seconds)
        return ssm.get_automation_execution(AutomationExecutionId=execution_id)["AutomationExecution"]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@contextmanager
def serving(**settings: Any) -> Iterator[Served]:
    """Serve an engine that keeps nothing and skips time, unless the settings say otherwise."""
    served = Served(Settings(**{"data": None, "skip_time": True, **settings}))
    try:
        yield served
    finally:
        served.close()


def steps_of(ssm: Any, execution_id: str) -> list[Json]:
    """Every step execution, all pages."""
    pages = ssm.get_paginator("describe_automation_step_executions").paginate(AutomationExecutionId=execution_id)
    return [step for page in pages for step in page["StepExecutions"]]


def children_of(ssm: Any, execution_id: str) -> list[Json]:
    """The metadata of every child, all pages."""
    filters = [{"Key": "ParentExecutionId", "Values": [execution_id]}]
    pages = ssm.get_paginator("describe_automation_executions").paginate(Filters=filters)
    return [each for page in pages for each in page["AutomationExecutionMetadataList"]]


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Return when `holds` does; it is asked again and again."""
    for _ in range(int(seconds * 100)):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"not within {seconds} seconds")
