"""Children of executions: made sure of, stopped, and asked how they ended. They are executions like any other.

What the disk refuses or cannot read is asked again: a parent does not take a full disk for the end of its child.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from runwright.errors import ServiceError
from runwright.interpreter.requests import Stop
from runwright.interpreter.state import Start
from runwright.messages import Failure, Json, Reply, RunChild
from runwright.runtime.driver import Driver
from runwright.runtime.live import NotStored
from runwright.runtime.scope import Birth, Caller, Definition, Parent
from runwright.runtime.sqlite import Database

AGAIN_SECONDS = 1.0
DISK_TROUBLE = (NotStored, sqlite3.Error)
"""What may pass: it is asked again."""

StartChild = Callable[[dict[str, Json], Caller, Birth], Awaitable[None]]


class ChildExecutions:
    """What the driver asks about children; `start` starts one under a given id."""

    def __init__(self, database: Database, driver: Driver, start: StartChild) -> None:
        self._database, self._driver, self._start = database, driver, start

    async def run(self, effect: RunChild, child_id: str, parent: Start) -> Reply | None:
        """Make sure that the child exists; its end when it has come, a failure when it cannot be started."""
        if self._driver.is_unfinished(child_id):
            return None
        ended = await self.outcome(child_id)
        if ended is not None or self._driver.is_unfinished(child_id):
            return ended
        kin = Parent(
            parent.id,
            parent.family,
            parent.role,
            parent.via,
            parent.skip_time,
            parent.executed_by,
            parent.in_location,
            parent.initiator,
        )
        definition = None
        if effect.target is not None or effect.place is not None:
            definition = Definition(parent.document, parent.version, parent.runbook_sha256, parent.target_type)
        birth = Birth(child_id, kin, definition, effect.target, effect.place)
        place = effect.place
        account, region = (place.account, place.region) if place else (parent.account, parent.region)
        while True:
            try:
                await self._start(effect.request, Caller(account, region, parent.executed_by), birth)
            except DISK_TROUBLE:
                await asyncio.sleep(AGAIN_SECONDS)
            except ServiceError as refused:
                return Reply(failure=Failure(refused.message, refused.code))
            else:
                return None

    async def stop(self, child_id: str) -> Reply | None:
        """Cancel the child; its end when it has come, a reply without a value when it never was."""
        while self._driver.is_unfinished(child_id):
            try:
                await self._driver.ask(child_id, Stop("Cancel", ""))
            except DISK_TROUBLE:
                await asyncio.sleep(AGAIN_SECONDS)
            except (KeyError, ServiceError):
                return await self.outcome(child_id)
            else:
                return None
        return await self.outcome(child_id) or Reply()

    async def outcome(self, child_id: str) -> Reply | None:
        """How the child ended; None when it has not, or never was."""
        query = "SELECT record FROM executions WHERE id = ? AND ended_at IS NOT NULL"
        while True:
            try:
                row: Any = await self._database.read(
                    lambda connection: connection.execute(query, (child_id,)).fetchone()
                )
                break
            except DISK_TROUBLE:
                await asyncio.sleep(AGAIN_SECONDS)
        if row is None:
            return None
        record = json.loads(row[0])
        return Reply(
            {
                "ExecutionId": child_id,
                "Status": record["AutomationExecutionStatus"],
                "Outputs": record["Outputs"],
                "FailureMessage": record.get("FailureMessage"),
            }
        )
