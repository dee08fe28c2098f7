"""`runwright run`: one execution of one runbook file on an engine that keeps nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import signal
from functools import cache
from pathlib import Path
from typing import Any

import uvloop

from runwright.api.app import caller_of
from runwright.cli import flags, logs, runbook_files
from runwright.cli.answers import Answers
from runwright.cli.check import as_json, line_of
from runwright.cli.parameters import InvalidParameter, parameters_of
from runwright.cli.run_view import View, is_answerable
from runwright.config import InvalidSetting, Settings, engine_settings, read
from runwright.constraints import check
from runwright.errors import ServiceError
from runwright.hosting import Host
from runwright.runtime.backend import BackendUnavailable
from runwright.runtime.journal import TurnRows
from runwright.runtime.powershell import find_pwsh
from runwright.runtime.records import StepsWanted
from runwright.runtime.scope import Caller
from runwright.runtime.simulated import SimulatedUnavailable

SUCCEEDED, ENDED_OTHERWISE, INVALID, LEFT = 0, 1, 2, 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runbook", metavar="RUNBOOK", type=Path, help="a file in JSON or YAML")
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter; VALUE is JSON for lists and maps, and a repeated NAME makes a list",
    )
    parser.add_argument(
        "--approve", action="store_true", help="approve and resume steps that wait for a person, unasked"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document at the end and nothing else")
    flags.add(parser, "aws", "skip-time", "script-sandbox", "pwsh", "runbooks", "attachments", "region", "account")


def main(args: argparse.Namespace) -> int:
    """Exit code 0 on Success, 1 when the execution ended otherwise, 2 when the runbook or a parameter is invalid."""
    logs.configure(logging.WARNING)
    view = View(is_shown=not args.json)
    given = {**vars(args), "data": ":memory:"}
    try:
        settings = engine_settings(given)
        has_powershell = cache(lambda: find_pwsh(settings.pwsh) is not None)
        file = runbook_files.read_file(args.runbook, has_powershell=has_powershell)
        others = runbook_files.read_directories(read("runbooks", given["runbooks"]), has_powershell=has_powershell)
        if _shows_problems(view, [file, *others], as_document=args.json):
            return INVALID
        assert file.runbook is not None
        parameters = parameters_of(args.param, file.runbook.parameters)
    except (InvalidSetting, InvalidParameter, runbook_files.Unreadable) as error:
        return _refuse(view, "InvalidArgument", str(error), as_document=args.json)
    run = _Run(view, file, others, parameters, approves=args.approve, as_document=args.json)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(run.in_engine(settings))
    except (BackendUnavailable, SimulatedUnavailable) as error:
        return _refuse(view, "BackendUnavailable", str(error), as_document=args.json)
    except (KeyboardInterrupt, asyncio.CancelledError):
        view.complain("Left before the execution had ended.")
        return LEFT


def _shows_problems(view: View, files: list[runbook_files.RunbookFile], *, as_document: bool) -> bool:
    """Show what is wrong with the files; whether that keeps them from being run."""
    found = [(str(file.path), problem) for file in files for problem in file.problems]
    is_refused = any(file.has_errors for file in files)
    if not as_document:
        for name, problem in found:
            view.complain(line_of(name, problem))
    elif is_refused:
        print(json.dumps({"Problems": [as_json(name, problem) for name, problem in found]}, indent=2))
    return is_refused


def _refuse(view: View, code: str, message: str, *, as_document: bool) -> int:
    if as_document:
        print(json.dumps({"Error": {"Code": code, "Message": message}}, indent=2))
    else:
        view.complain(f"runwright run: {message}")
    return INVALID


class _Run:
    """One execution and its children, as they are watched, answered and cancelled."""

    def __init__(
        self,
        view: View,
        file: runbook_files.RunbookFile,
        others: list[runbook_files.RunbookFile],
        parameters: dict[str, list[str]],
        *,
        approves: bool,
        as_document: bool,
    ) -> None:
        self._view, self._file, self._others, self._parameters = view, file, others, parameters
        self._approves, self._as_document = approves, as_document
        self._documents: dict[str, str | None] = {}
        self._statuses: dict[str, str] = {}
        self._answering: dict[str, asyncio.Task[None]] = {}
        self._cancelled = False

    async def in_engine(self, settings: Settings) -> int:
        host = await Host.open(settings)
        try:
            self._engine = host.engine
            return await self._executed()
        finally:
            await host.close()

    async def _executed(self) -> int:
        engine = self._engine
        caller = self._caller = await caller_of(engine, None)
        await runbook_files.install(engine, self._others, caller)
        name = _document_name(self._file.path)
        await engine.documents.install(caller.account, caller.region, name, self._file.text, self._file.format)
        engine.observe(self._seen)
        engine.progress.hear = lambda id_, path, text: self._view.output((id_, path), text)
        request: dict[str, Any] = {"DocumentName": name}
        if self._parameters:
            request["Parameters"] = self._parameters
        self._view.note(f"Runbook {self._file.path} acts on {await engine.backend.describe()}.", "")
        self._answers = Answers(engine, caller, self._view, self._is_waiting, self._cancel)
        self._catch_signals()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await engine.start(check("StartAutomationExecution", request), caller)
                with self._view:
                    await engine.wait(self._id)
                for task in self._answering.values():
                    task.cancel()
        except* ServiceError as refused:
            (error,) = (each for each in refused.exceptions if isinstance(each, ServiceError))
        else:
            return await self._ended(caller)
        code = _refuse(self._view, error.code, error.message, as_document=self._as_document)
        return code if error.status < 500 else ENDED_OTHERWISE

    async def _ended(self, caller: Caller) -> int:
        records = self._engine.records
        answer = json.loads(await records.get(caller.account, caller.region, self._id))
        execution = answer["AutomationExecution"]
        if self._as_document:
            steps = await records.steps(
                caller.account, caller.region, self._id, StepsWanted(), newest_first=False, after=None, most=2**31
            )
            execution |= {"StepExecutions": [json.loads(text) for _, text in steps], "StepExecutionsTruncated": False}
            print(json.dumps(answer, indent=2))
        else:
            self._view.result(execution)
        return SUCCEEDED if execution["AutomationExecutionStatus"] == "Success" else ENDED_OTHERWISE

    # ------------------------------------------------------------------------------------------- while it runs

    def _seen(self, execution_id: str, rows: TurnRows) -> None:
        """Called after each commit; the first that is seen is the execution itself."""
        if execution_id not in self._documents:
            is_child = bool(self._documents)
            if not is_child:
                self._id = execution_id  # a step may wait before the start has returned
            self._documents[execution_id] = rows.execution_record()["DocumentName"] if is_child else None
        for record in rows.step_records():
            identity, status = record["StepExecutionId"], record["StepStatus"]
            self._statuses[identity] = status
            self._view.step(record, self._documents[execution_id])
            if status == "Waiting" and identity not in self._answering:
                self._answering[identity] = self._tasks.create_task(self._answer(execution_id, record))

    async def _answer(self, execution_id: str, record: dict[str, Any]) -> None:
        if self._approves:
            await self._answers.approve(execution_id, record)
        elif is_answerable() and not self._as_document:
            await self._answers.ask(execution_id, record)
        else:
            await self._answers.refuse(record)

    def _is_waiting(self, step_execution_id: str) -> bool:
        return self._statuses[step_execution_id] == "Waiting"

    async def _cancel(self) -> None:
        try:
            await self._engine.stop(self._id, "Cancel", self._caller)
        except ServiceError:
            return  # it has ended meanwhile

    def _catch_signals(self) -> None:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        assert me is not None

        def interrupted() -> None:
            if self._cancelled or not self._documents:
                me.cancel()
                return
            self._cancelled = True
            self._view.complain("Cancelling the execution; interrupt again to leave without waiting for its end.")
            self._tasks.create_task(self._cancel())

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupted)


def _document_name(path: Path) -> str:
    """A document's name for the file: its stem, with what no name may hold replaced."""
    return re.sub(r"[^A-Za-z0-9_.:-]", "-", path.stem)[:128].ljust(3, "-")
