"""The composition root and the library's way in: `Engine.open(...)`, then start, signal, stop and wait."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

import runwright.language.every  # noqa: F401 - no request waits for a module
from runwright import library
from runwright.actions.every import DECLARATIONS
from runwright.attachments import Attachments
from runwright.config import Settings
from runwright.definitions import Definitions
from runwright.documents import Documents
from runwright.errors import ServiceError
from runwright.interpreter import rulings
from runwright.interpreter.requests import Request, Signal, Stop, refusal_of_ended
from runwright.language import parse_runbook
from runwright.language.model import Runbook
from runwright.messages import Json
from runwright.runtime.backend import Backend, OwnSsm
from runwright.runtime.children import ChildExecutions
from runwright.runtime.clock import Clock
from runwright.runtime.driver import Driver
from runwright.runtime.effects import Effects
from runwright.runtime.finishing import finish
from runwright.runtime.journal import SqliteJournal, TurnRows
from runwright.runtime.migrations import DataRefused
from runwright.runtime.pace import Pace
from runwright.runtime.preflight import Preflight
from runwright.runtime.progress import Progress
from runwright.runtime.records import Records
from runwright.runtime.retention import Retention
from runwright.runtime.runbooks import Runbooks
from runwright.runtime.scope import Birth, Caller
from runwright.runtime.sqlite import Database
from runwright.starting import Authorize, allow_everything, prepare, same_request


def parse(text: str, text_format: str) -> Runbook:
    """Read a runbook with the actions of this program. Raises InvalidRunbook."""
    return parse_runbook(text, text_format, DECLARATIONS)


class Engine:
    """Runs executions. Everything belongs to the event loop in which it was opened."""

    settings: Settings
    authorize: Authorize
    database: Database
    documents: Documents
    definitions: Definitions
    attachments: Attachments
    records: Records
    runbooks: Runbooks
    backend: Backend
    progress: Progress
    clock: Clock
    pace: Pace
    effects: Effects
    driver: Driver

    @classmethod
    async def open(
        cls, settings: Settings, own_ssm: OwnSsm | None = None, authorize: Authorize = allow_everything
    ) -> Engine:
        """Open the data folder and the backend, and take up what is unfinished; when that fails, nothing is left open.

        `own_ssm` is the way by which runbooks reach this engine as SSM; without one these calls go to the backend.
        `authorize` says what the principals may whose policies apply to executions.
        Raises DataRefused, OSError, and what the backend raises when it cannot be had.
        """
        engine = cls()
        engine.settings = settings
        engine.authorize = authorize
        engine._starting = {}
        engine._open_parts = AsyncExitStack()
        engine.progress = Progress()
        engine.backend = await Backend.open(settings.aws, settings.region, settings.account)
        engine.backend.own_ssm = own_ssm
        try:
            await engine._open_data()
        except BaseException:
            await engine.close()
            raise
        return engine

    _starting: dict[tuple[str, str, str], asyncio.Future[str]]
    _open_parts: AsyncExitStack
    """What works on the data; it is closed in the opposite order, also where a part of it fails to."""

    async def _open_data(self) -> None:
        self.database = Database.open(self.settings.data)
        self._open_parts.push_async_callback(self.database.close)
        self.documents = Documents(self.database, shipped=library.texts())
        self.attachments = Attachments(self.database, self.settings.attachments)
        self.runbooks = Runbooks(self.database, parse)
        self.definitions = Definitions(self.documents, self.runbooks)
        self.records = Records(self.database, self.runbooks)
        self.clock, self.pace = Clock(), Pace()
        self.effects = Effects(self.backend, script_sandbox=self.settings.script_sandbox, pwsh=self.settings.pwsh)
        self._open_parts.callback(self.effects.close)
        self.effects.attached = self.attachments.content
        self.driver = Driver(
            SqliteJournal(self.database),
            self.clock,
            self.effects,
            self.runbooks.get,
            self.settings.quotas,
            self.progress.report,
            self.pace,
        )
        self.driver.performing.children = ChildExecutions(self.database, self.driver, self.start_child)
        self.backend.called = self.driver.metrics.called
        self._open_parts.callback(self.clock.close)
        self._open_parts.push_async_callback(self.driver.close)
        try:
            await self.driver.open()
        except sqlite3.DatabaseError as broken:
            said = broken.__cause__ or broken
            raise DataRefused(f"{self.settings.data} is corrupted ({said}): restore a backup of it") from broken
        keep = self.settings.keep_seconds
        if keep is not None:
            retaining = asyncio.create_task(Retention(self.database, keep).run(), name="runwright-retention")
            self._open_parts.push_async_callback(_ended, retaining)

    async def close(self) -> None:
        """Stop what runs here; a later open of the same data takes it up.

        All is closed also when this is cancelled meanwhile, or a part of it raises: that comes out at the end.
        """
        await finish(self._close())

    async def _close(self) -> None:
        try:
            await self._open_parts.aclose()
        finally:
            await self.backend.close()

    async def __aenter__(self) -> Engine:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def reset(self) -> None:
        """Empty an engine that keeps nothing on disk; ServiceError for any other."""
        if self.settings.data is not None:
            raise ServiceError("ConflictException", "Only a server with --data :memory: can be reset.", 409)
        await finish(self._open_data_anew())

    async def _open_data_anew(self) -> None:
        await self._open_parts.aclose()
        self._starting = {}
        await self._open_data()

    # -------------------------------------------------------------------------------------------- executions

    async def start(self, request: dict[str, Json], caller: Caller) -> str:
        """Start an execution; `request` holds the members of StartAutomationExecution. Gives its id once it is stored.

        Raises ServiceError with the operation's declared errors. The same ClientToken and request give the same id.
        """
        token = request.get("ClientToken")
        if token is None:
            return await self._start(request, caller)
        key = (caller.account, caller.region, token.lower())
        while (other := self._starting.get(key)) is not None:
            await asyncio.wait([other])
        earlier = await self._started_with(key)
        if earlier is not None:
            execution_id, its_request = earlier
            if its_request == same_request(request):
                return execution_id
            raise ServiceError(
                "IdempotentParameterMismatch",
                f"ClientToken {token} was used for execution {execution_id} with another request: "
                "send the same members again, or use a new token.",
            )
        starting = self._starting[key] = asyncio.ensure_future(self._start(request, caller))
        starting.add_done_callback(lambda _: self._starting.pop(key, None))
        return await asyncio.shield(starting)  # if its caller leaves, the token is still taken until it is stored

    async def _start(self, request: dict[str, Json], caller: Caller, birth: Birth | None = None) -> str:
        new, runbook = await prepare(
            request,
            caller,
            definitions=self.definitions,
            runbooks=self.runbooks,
            outside=Preflight(self.backend),
            skip_time=self.settings.skip_time,
            now=time.time(),
            birth=birth,
            authorize=self.authorize,
        )
        if birth is None and self.driver.refuses_start(new.start):
            raise ServiceError(
                "AutomationExecutionLimitExceededException",
                f"{self.settings.quotas['queued']} automation executions are queued in account {caller.account}, "
                f"region {caller.region}: the quota `queued` allows no more. Try again when some have ended.",
            )
        await self.driver.start(new, runbook)
        return new.start.id

    async def start_child(self, request: dict[str, Json], caller: Caller, birth: Birth) -> None:
        """Start an execution of another one, under an id that the parent's wish gives it."""
        if birth.definition is None:
            await self._refuse_too_deep(birth.parent.id)
        await self._start(request, caller, birth)

    async def _refuse_too_deep(self, parent: str) -> None:
        """Raise where a step of `parent` starts nothing further: a runbook that runs itself would never end.

        What runs on targets or locations starts its children by no step, and is not counted.
        """
        query = (
            "WITH RECURSIVE above(parent, quota) AS (SELECT parent, quota FROM executions WHERE id = ? UNION ALL "
            "SELECT executions.parent, executions.quota FROM executions JOIN above ON executions.id = above.parent) "
            "SELECT count(*) FROM above WHERE quota = 'running'"
        )
        row: Any = await self.database.read(lambda connection: connection.execute(query, (parent,)).fetchone())
        if row[0] > rulings.MOST_NESTED:
            raise ServiceError(
                "AutomationExecutionLimitExceededException",
                f"Steps have started executions within each other {rulings.MOST_NESTED} deep already, which is the "
                "most that is allowed.",
            )

    async def _started_with(self, key: tuple[str, str, str]) -> tuple[str, str] | None:
        query = "SELECT id, token_request FROM executions WHERE account = ? AND region = ? AND token = ?"
        row: Any = await self.database.read(lambda connection: connection.execute(query, key).fetchone())
        return (row[0], row[1]) if row else None

    async def signal(self, execution_id: str, signal_type: str, payload: dict[str, list[str]], caller: Caller) -> None:
        """Send a signal. Raises the declared errors of SendAutomationSignal."""
        await self._ask(execution_id, Signal(signal_type, payload, caller.arn), caller)

    async def stop(self, execution_id: str, stop_type: str, caller: Caller) -> None:
        """Stop an execution, `stop_type` Cancel or Complete. Raises the declared errors of StopAutomationExecution."""
        await self._ask(execution_id, Stop(stop_type, caller.arn), caller)

    async def _ask(self, execution_id: str, request: Request, caller: Caller) -> None:
        query = "SELECT status, ended_at FROM executions WHERE id = ? AND account = ? AND region = ?"
        key = (execution_id, caller.account, caller.region)
        row: Any = await self.database.read(lambda connection: connection.execute(query, key).fetchone())
        if row is None:
            raise ServiceError(
                "AutomationExecutionNotFoundException",
                f"There is no automation execution {execution_id} in account {caller.account}, region {caller.region}.",
            )
        if row[1] is not None:
            raise refusal_of_ended(execution_id, row[0], request)
        try:
            await self.driver.ask(execution_id, request)
        except KeyError:
            raise refusal_of_ended(execution_id, "an end reached meanwhile", request) from None

    def observe(self, seen: Callable[[str, TurnRows], None]) -> None:
        """Call `seen` with an execution's id and its new rows after each commit; one observer at a time."""
        self.driver.observe = seen

    async def wait(self, execution_id: str) -> None:
        """Return when the execution has ended. ServiceError when the engine is closed before."""
        await self.driver.watch(execution_id)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
