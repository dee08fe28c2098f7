"""Answers to steps of `runwright run` that wait for a person.

Who is at the terminal, or `--approve`, speaks for every approver.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from runwright.cli.run_view import View
from runwright.engine import Engine
from runwright.errors import ServiceError
from runwright.runtime.scope import Caller

Record = dict[str, Any]

_DECISIONS = {"a": "Approve", "approve": "Approve", "r": "Reject", "reject": "Reject"}
_RESUME = {"r": "Resume", "resume": "Resume"}


class Answers:
    """Answers what waits. `is_waiting` says whether a step execution still does; `cancel` ends the whole execution."""

    def __init__(
        self,
        engine: Engine,
        caller: Caller,
        view: View,
        is_waiting: Callable[[str], bool],
        cancel: Callable[[], Awaitable[None]],
    ) -> None:
        self._engine, self._caller, self._view = engine, caller, view
        self._is_waiting, self._cancel = is_waiting, cancel

    async def approve(self, execution_id: str, record: Record) -> None:
        """Approve or resume the step."""
        await self._signal(execution_id, record, "Approve" if record["Action"] == "aws:approve" else "Resume")

    async def refuse(self, record: Record) -> None:
        """Say that nobody can answer, and end the execution: it would wait for days."""
        self._view.complain(
            f"Step {record['StepName']} waits for a person, and there is nobody to ask: standard input is no terminal. "
            "The execution is cancelled. To approve and resume such steps unasked, pass --approve."
        )
        await self._cancel()

    async def ask(self, execution_id: str, record: Record) -> None:
        """Ask whoever is at the terminal until there is an answer or the step no longer waits."""
        decides = record["Action"] == "aws:approve"
        words = _DECISIONS if decides else _RESUME
        choices = "approve (a) or reject (r)" if decides else "resume (r)"
        self._view.ask(f"{record['StepName']} waits for you: {choices}, or cancel (c) the execution?")
        while self._is_waiting(record["StepExecutionId"]):
            answer = (await _line()).strip().lower()
            if answer in ("c", "cancel"):
                await self._cancel()
                return
            if answer in words:
                await self._signal(execution_id, record, words[answer])
                return
            self._view.ask(f"Please answer {choices} or cancel (c).")

    async def _signal(self, execution_id: str, record: Record, signal: str) -> None:
        payload = {"StepName": [record["StepName"]]} if signal == "Resume" else {}
        for speaker in self._speakers(record):
            if not self._is_waiting(record["StepExecutionId"]):
                return
            try:
                await self._engine.signal(execution_id, signal, payload, speaker)
            except ServiceError as error:
                self._view.complain(error.message)

    def _speakers(self, record: Record) -> list[Caller]:
        approvers: list[str] = json.loads(record["Inputs"].get("Approvers", "[]"))
        user = f"arn:aws:iam::{self._caller.account}:user/"
        arns = [name if name.startswith("arn:") else user + name for name in approvers]
        return [replace(self._caller, arn=arn) for arn in arns] or [self._caller]


async def _line() -> str:
    """The next line of standard input; the wait for it can be cancelled."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    number = sys.stdin.fileno()
    loop.add_reader(number, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(number)
    return sys.stdin.readline() or "cancel"
