"""An application in memory with documents, and with an execution in every state that there is.

A request names them by placeholders: `@paused@` is the id of an execution that is paused, `@paused/step@` that of its
first step execution. One that has left its state, since a request stopped it, is replaced before it is named again.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping

from runwright.api.app import create_app
from runwright.config import Settings
from runwright.engine import Engine
from runwright.interpreter.state import step_execution_id
from runwright.messages import Json
from tests.api.calling import ACCOUNT, Answered, Client

NOBODY = "http://127.0.0.1:9"
MOST_SECONDS = 60
"""Until an execution is in its state; far more than it takes."""
ME = f"arn:aws:iam::{ACCOUNT}:user/{ACCOUNT}"
PAUSE = {"action": "aws:pause", "inputs": {}}

BOOKS: dict[str, list[Json]] = {
    "Book": [{"name": "hold", **PAUSE}, {"name": "after", "action": "aws:sleep", "inputs": {"Duration": "PT0S"}}],
    "Asking": [
        {"name": "hold", "action": "aws:approve", "inputs": {"Approvers": [ME, "a"], "MinRequiredApprovals": 2}}
    ],
    "Sleeping": [{"name": "hold", "action": "aws:sleep", "inputs": {"Duration": "PT1H"}}],
    "Quick": [{"name": "hold", "action": "aws:sleep", "inputs": {"Duration": "PT0S"}}],
    "Failing": [{"name": "hold", "action": "aws:updateVariable", "inputs": {"Name": "variable:n", "Value": "x"}}],
    "Late": [{"name": "hold", "action": "aws:sleep", "timeoutSeconds": 0, "inputs": {"Duration": "PT1H"}}],
    "Calling": [{"name": "hold", "action": "aws:executeAutomation", "inputs": {"DocumentName": "Book"}}],
    "Looping": [
        {"name": "hold", "action": "aws:loop", "inputs": {"Iterators": ["a", "b"], "Steps": [{"name": "in", **PAUSE}]}}
    ],
    "Tidying": [
        {"name": "hold", "onCancel": "step:tidy", "isEnd": True, **PAUSE},
        {"name": "tidy", "action": "aws:updateVariable", "inputs": {"Name": "variable:n", "Value": 1}},
        {"name": "more", **PAUSE},
    ],
}
_FANOUT: Json = {"TargetParameterName": "P", "MaxConcurrency": "1", "MaxErrors": "100%"}
STATES: dict[str, tuple[str, Json, str]] = {
    "asking": ("Asking", {}, "Waiting"),
    "paused": ("Book", {}, "Waiting"),
    "paused-within": ("Looping", {}, "Waiting"),
    "interactive": ("Book", {"Mode": "Interactive"}, "Waiting"),
    "running": ("Sleeping", {}, "InProgress"),
    "calling": ("Calling", {}, "InProgress"),
    "parent": (
        "Book",
        _FANOUT | {"Targets": [{"Key": "ParameterValues", "Values": [*map(str, range(50))]}]},
        "InProgress",
    ),
    "queued": ("Book", _FANOUT | {"TargetMaps": [{"P": ["a"]}]}, "Pending"),
    "cancelling": ("Tidying", {}, "Cancelling"),
    "succeeded": ("Quick", {}, "Success"),
    "failed": ("Failing", {}, "Failed"),
    "timed-out": ("Late", {}, "TimedOut"),
    "cancelled": ("Book", {}, "Cancelled"),
}
"""Name: (document, more members of the start, status). `child` is one of `parent`."""
KINDS = (*STATES, "child")
IDS = tuple(f"@{kind}@" for kind in KINDS)
STEP_IDS = tuple(f"@{kind}/step@" for kind in KINDS)

_PLACEHOLDER = re.compile(rb"@([a-z-]+)(/step)?@")


class World:
    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        quotas = Settings().quotas | {"rate-controlled": 1, "running": 0, "queued": 0}
        self.engine = self.runner.run(Engine.open(Settings(aws=NOBODY, quotas=quotas)))
        self.client = Client(create_app(self.engine))
        self._ids: dict[str, str] = {}
        self.runner.run(self._make_documents())

    async def _make_documents(self) -> None:
        for name, steps in BOOKS.items():
            await self.client.call("CreateDocument", Name=name, DocumentType="Automation", Content=content(steps))
        await self._make_spare()

    async def _make_spare(self) -> None:
        """The document `Spare`, with two versions, again when a request has deleted it."""
        if await self._row("SELECT 1 FROM documents WHERE name = ?", "Spare"):
            return
        first, second = content(BOOKS["Book"]), content(BOOKS["Book"], "again")
        more = {"DocumentType": "Automation", "VersionName": "first", "Tags": [{"Key": "k", "Value": "v"}]}
        await self.client.call("CreateDocument", Name="Spare", Content=first, **more)
        await self.client.call("UpdateDocument", Name="Spare", Content=second, DocumentVersion="$LATEST")

    def post(self, operation: str, body: bytes, headers: Mapping[str, str | None] | None = None) -> Answered:
        """Send a request with the ids that its placeholders stand for."""
        return self.runner.run(self._post(operation, body, headers))

    async def _post(self, operation: str, body: bytes, headers: Mapping[str, str | None] | None) -> Answered:
        await self._make_spare()
        for kind, of_step in set(_PLACEHOLDER.findall(body)):
            if kind.decode() in KINDS:
                id_ = await self.id_of(kind.decode())
                text = await self._step_of(id_) if of_step else id_
                body = body.replace(b"@%b%b@" % (kind, of_step), text.encode())
        return await self.client.post(operation, body, headers)

    async def id_of(self, kind: str) -> str:
        """The id of an execution that is in this state now."""
        if kind == "queued":
            await self.id_of("parent")  # has the only slot
        expected = "Waiting" if kind == "child" else STATES[kind][2]
        if kind not in self._ids or await self._status(self._ids[kind]) != expected:
            self._ids[kind] = await (self._child() if kind == "child" else self._started(kind))
            await self._until("SELECT 1 FROM executions WHERE id = ? AND status = ?", self._ids[kind], expected)
        return self._ids[kind]

    async def _started(self, kind: str) -> str:
        document, more, status = STATES[kind]
        if kind == "parent":
            await self._free_its_slot()
        answered = await self.client.call("StartAutomationExecution", {"DocumentName": document} | more)
        id_: str = answered["AutomationExecutionId"]
        if status in ("Cancelling", "Cancelled"):
            await self.client.call("StopAutomationExecution", AutomationExecutionId=id_)
        return id_

    async def _free_its_slot(self) -> None:
        query = "SELECT id FROM executions WHERE quota = ? AND ended_at IS NULL"
        while row := await self._row(query, "rate-controlled"):
            body = json.dumps({"AutomationExecutionId": row[0]}).encode()
            await self.client.post("StopAutomationExecution", body)  # refused when it has ended meanwhile
            await self.engine.wait(str(row[0]))

    async def _child(self) -> str:
        query = "SELECT id FROM executions WHERE parent = ? AND ended_at IS NULL"
        return str((await self._until(query, await self.id_of("parent")))[0])

    async def _status(self, id_: str) -> str | None:
        row = await self._row("SELECT status FROM executions WHERE id = ?", id_)
        return row[0] if row else None

    async def _step_of(self, id_: str) -> str:
        query = "SELECT steps.id FROM steps JOIN executions ON execution = number WHERE executions.id = ?"
        row = await self._row(f"{query} ORDER BY position DESC", id_)
        return str(row[0]) if row else step_execution_id(id_, "hold")

    async def _row(self, query: str, *values: str) -> tuple[Json, ...] | None:
        row: tuple[Json, ...] | None = await self.engine.database.read(
            lambda connection: connection.execute(query, values).fetchone()
        )
        return row

    async def _until(self, query: str, *values: str) -> tuple[Json, ...]:
        """The row, as soon as there is one."""
        changed = asyncio.Event()
        self.engine.observe(lambda _, rows: changed.set())
        async with asyncio.timeout(MOST_SECONDS):
            while (row := await self._row(query, *values)) is None:
                await changed.wait()
                changed.clear()
        return row

    def close(self) -> None:
        self.runner.run(self.engine.close())
        self.runner.close()


def content(steps: list[Json], description: str = "") -> str:
    """A runbook of these steps."""
    return json.dumps(
        {
            "schemaVersion": "0.3",
            "description": description,
            "parameters": {"P": {"type": "String", "default": "p"}, "List": {"type": "StringList", "default": []}},
            "variables": {"n": {"type": "Integer", "default": 0}},
            "mainSteps": steps,
        }
    )
