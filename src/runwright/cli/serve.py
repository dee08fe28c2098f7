"""`runwright serve`: the SSM API on a port, with the engine in the same event loop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from runwright.api.app import caller_of, create_app
from runwright.api.port import bounded_protocol
from runwright.cli import flags, logs, runbook_files
from runwright.cli.check import line_of
from runwright.cli.front import Front, Unsafe, open_front
from runwright.config import InvalidSetting, Settings, engine_settings, read
from runwright.engine import Engine
from runwright.hosting import Host
from runwright.runtime.backend import BackendUnavailable
from runwright.runtime.migrations import DataRefused
from runwright.runtime.simulated import SimulatedUnavailable

KEEP_ALIVE_SECONDS = 75
"""Longer than the clients of AWS keep an idle connection, so that the server is not the one that ends it."""
_SECONDS_OF_A_THREAD = 0.0002


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags.add(
        parser, "host", "port", "data", "aws", "skip-time", "script-sandbox", "pwsh", "runbooks", "quota", "region"
    )
    flags.add(parser, "account", "attachments", "keep", "drain")
    flags.add(parser, "principals", "allowed-host", "tls-certificate", "tls-key", "audit-log", "log-level", "limit")


def main(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C. Exit code 0 then, 2 when it cannot start."""
    given = vars(args)
    try:
        settings = engine_settings(given)
        host, port = read("host", given["host"]), read("port", given["port"])
        drain_seconds = read("drain", given["drain"])
        log_level = logging.getLevelNamesMapping()[read("log-level", given["log_level"]).upper()]
        files = runbook_files.read_directories(read("runbooks", given["runbooks"]))
    except (InvalidSetting, runbook_files.Unreadable) as error:
        return _refuse(str(error))
    refused = [file for file in files if file.has_errors]
    for file in refused:
        for problem in file.problems:
            print(line_of(str(file.path), problem), file=sys.stderr)
    if refused:
        return 2
    try:
        front = open_front(given, settings, host)
    except (InvalidSetting, Unsafe) as error:
        return _refuse(str(error))
    logs.configure(log_level, secrets=front.guard.front_door.secrets() if front.guard.front_door else ())
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(settings, front, host, port, files, drain_seconds))
    except Unstartable as error:
        return _refuse(str(error))
    except KeyboardInterrupt:  # before it was ready
        return 130


def _refuse(reason: str) -> int:
    print(f"runwright serve: {reason}", file=sys.stderr)
    return 2


class Unstartable(Exception):
    """The server cannot start; the text says why."""


class _Server(uvicorn.Server):
    """Tells when it listens, and leaves the signals to us: uvicorn would raise them before the engine is closed."""

    def __init__(self, config: uvicorn.Config, is_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._is_ready = is_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._is_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    settings: Settings,
    front: Front,
    host: str,
    port: int,
    files: list[runbook_files.RunbookFile],
    drain_seconds: float,
) -> int:
    with _bound(host, port) as listener:
        async with _engine(settings, front) as engine:
            await runbook_files.install(engine, files, await caller_of(engine, None))
            where = await engine.backend.describe()
            gc.freeze()  # all there is by now stays as long as the server
            _take_turns_sooner()

            def say_ready() -> None:
                print(f"Runbooks act on {where}.")
                for line in front.advice:
                    print(line)
                print(_url(listener, "http" if front.certificate is None else "https"))
                print("Ready.", flush=True)

            server = _Server(_configuration(create_app(engine, front.guard), front, drain_seconds), say_ready)
            drained: list[asyncio.Task[None]] = []
            _stop_on_signals(server, drained, lambda: engine.driver.drain(drain_seconds))
            await server.serve(sockets=[listener])
            with contextlib.suppress(asyncio.CancelledError):  # by a second signal
                await asyncio.gather(*drained)
    return 0


def _take_turns_sooner() -> None:
    """Let the thread that writes go on sooner when it waits for the interpreter.

    A commit asks for it a dozen times and the event loop gives it up seldom: by Python's default of 5 ms the answers to
    what is being stored would wait for longer than the disk needs.
    """
    sys.setswitchinterval(_SECONDS_OF_A_THREAD)


def _configuration(app: ASGIApp, front: Front, drain_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=bounded_protocol(front.guard.limits),
        ssl_certfile=front.certificate,
        ssl_keyfile=front.key,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(drain_seconds)),
    )


@contextlib.asynccontextmanager
async def _engine(settings: Settings, front: Front) -> AsyncIterator[Engine]:
    door, audit = front.guard.front_door, front.guard.audit
    try:
        opened = await (Host.open(settings, door.authorize, audit) if door else Host.open(settings, audit=audit))
    except (BackendUnavailable, SimulatedUnavailable, DataRefused) as error:
        raise Unstartable(str(error)) from None
    except OSError as error:
        raise Unstartable(f"cannot start: {error.strerror or error}") from None
    try:
        yield opened.engine
    finally:
        await opened.close()


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has the address but does not listen yet: nothing is accepted before the engine is open."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise Unstartable(f"cannot listen at {host}: {error.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise Unstartable(f"cannot listen at {host} port {port}: {error.strerror}") from None
    return listener


def _url(listener: socket.socket, scheme: str) -> str:
    address: tuple[Any, ...] = listener.getsockname()
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{scheme}://{host}:{address[1]}"


def _stop_on_signals(
    server: uvicorn.Server, drained: list[asyncio.Task[None]], drain: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """The first signal lets what is under way end; a second one waits for nothing."""

    def stop() -> None:
        if not server.should_exit:
            server.should_exit = True
            drained.append(asyncio.ensure_future(drain()))
            return
        server.force_exit = True
        for each in drained:
            each.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
