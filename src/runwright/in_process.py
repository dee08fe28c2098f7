"""`runwright.client(...)`: a real boto3 SSM client whose requests are answered by an engine in this process.

botocore asks before each call whether somebody else answers it (its `before-call` event); the engine does, and the
answer goes through botocore's own parser. No port is opened and no credentials are needed.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import boto3
import botocore.parsers
from botocore.awsrequest import AWSResponse

from runwright.api.dispatch import Call, Reply, answer
from runwright.config import SETTINGS, InvalidSetting, Settings
from runwright.hosting import Host
from runwright.runtime.migrations import DataRefused
from runwright.runtime.scope import Caller

T = TypeVar("T")


def client(
    *,
    aws: str,
    region_name: str = "us-east-1",
    data: str | Path | None = None,
    skip_time: bool = False,
) -> Any:
    """Make a boto3 SSM client over an engine of its own.

    `aws` is where runbooks act: `default`, `simulated` or a URL; it has to be given, so that no test acts on a real
    account by accident. `data` is a folder, None or `:memory:` keeps nothing. End it with `close()`, or use it as a
    context manager. A process that forks makes its clients in the child: the engine stays in the process that made it.

    Raises DataRefused, BackendUnavailable and SimulatedUnavailable, whose texts say what to do.
    """
    host = _Thread(Settings(data=_folder(data), aws=aws, region=region_name, skip_time=skip_time))
    made = boto3.client(
        "ssm",
        region_name=region_name,
        aws_access_key_id="runwright",
        aws_secret_access_key="runwright",  # noqa: S106 - signs nothing: requests do not leave the process
        endpoint_url="http://runwright.invalid",
    )
    made.meta.events.register_last("before-call.ssm", host.answer)
    _end_with(made, host)
    return made


def _folder(data: str | Path | None) -> Path | None:
    try:
        folder: Path | None = None if data is None else SETTINGS["data"].read(str(data))
    except InvalidSetting as error:
        raise DataRefused(f"data: {error}.") from None
    return folder


class _Thread:
    """An engine with an event loop in a thread of its own, which a fork does not take along."""

    def __init__(self, settings: Settings) -> None:
        self._process = os.getpid()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._run, name="runwright-engine", daemon=True)
        self._thread.start()
        self._parser = botocore.parsers.create_parser("json")
        try:
            self._host = self._wait(Host.open(settings))
        except BaseException:
            self._stop()
            raise

    def answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        """Answer one request, as botocore's `before-call` event wants it."""
        if self._is_elsewhere():
            raise RuntimeError(
                f"This client of runwright was made in process {self._process}, before it forked, and its engine runs "
                "there alone: make a client in this process."
            )
        if self._loop.is_closed():
            raise RuntimeError("This client of runwright has been closed.")
        headers = [(str(k).lower().encode(), _bytes(v)) for k, v in params["headers"].items()]
        reply = self._wait(self._answered(Call(model.name, _bytes(params["body"]), headers)))
        answered = {str(name, "latin-1"): str(value, "latin-1") for name, value in reply.headers}
        response = {"body": reply.body, "headers": answered, "status_code": reply.status, "context": {}}
        parsed = self._parser.parse(response, model.output_shape)
        return AWSResponse(params["url"], reply.status, answered, None), parsed

    async def _answered(self, call: Call) -> Reply:
        engine = self._host.engine
        account, arn = await engine.backend.identify(None)
        return await answer(engine, call, Caller(account, engine.settings.region, arn))

    def close(self) -> None:
        """End the engine; a second time, or in a process where it is not, does nothing."""
        if not self._is_elsewhere() and not self._loop.is_closed():
            try:
                self._wait(self._host.close())
            finally:
                self._stop()

    def _is_elsewhere(self) -> bool:
        return os.getpid() != self._process

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self) -> None:
        """The life of the thread. What has not ended when it is told to stop is cancelled and ends then."""
        with self._runner:
            self._loop.run_forever()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _end_with(made: Any, host: _Thread) -> None:
    """Closing the client ends its engine too, also at the end of a `with` block."""
    close_connections = made.close

    def close() -> None:
        close_connections()
        host.close()

    def enter(self: Any) -> Any:
        return self

    def leave(self: Any, *_: object) -> None:
        self.close()

    made.close = close
    made.__class__ = type(made.__class__.__name__, (made.__class__,), {"__enter__": enter, "__exit__": leave})
