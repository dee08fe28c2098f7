"""What `runwright run` shows: lines about steps as they start, wait and end, and the result.

It is told records as the API shows them. In a terminal the lines have colours and a note of what is going on; elsewhere
they are plain text, and with `--json` there are none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

Record = dict[str, Any]

MOST_CHARACTERS = 300
"""Of one value; all of it is in the JSON form."""

_STYLES = {
    "Success": "green",
    "Failed": "bold red",
    "TimedOut": "bold red",
    "Cancelled": "yellow",
    "Cancelling": "yellow",
    "Waiting": "bold magenta",
    "InProgress": "cyan",
}


class View:
    """`is_shown` False shows nothing but complaints."""

    def __init__(self, *, is_shown: bool = True) -> None:
        self._console = Console(highlight=False, soft_wrap=True, quiet=not is_shown)
        self._errors = Console(highlight=False, soft_wrap=True, stderr=True)
        self._spinner = self._console.status("starting") if is_shown and self._console.is_terminal else None
        self._statuses: dict[str, str] = {}
        self._since: float | None = None
        self._unfinished: dict[tuple[str, str], str] = {}

    def __enter__(self) -> View:
        if self._spinner:
            self._spinner.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._spinner:
            self._spinner.stop()

    def note(self, *lines: str) -> None:
        """Say something to whoever watches."""
        for line in lines:
            self._console.print(Text(_printable(line)))

    def complain(self, line: str) -> None:
        """Say something on standard error, whatever is shown."""
        self._errors.print(Text(_printable(line)))

    def ask(self, question: str) -> None:
        """Show a question; its answer is typed on the next line."""
        if self._spinner:
            self._spinner.stop()
        self._console.print(Text(f"          {_printable(question)}", "bold"))

    def step(self, record: Record, document: str | None) -> None:
        """Show what has become of a step; `document` names the runbook of a child execution."""
        status, identity = record["StepStatus"], record["StepExecutionId"]
        if self._statuses.get(identity) == status:
            return
        if "ExecutionEndTime" in record:
            self._output_lines(list(self._unfinished.values()))
            self._unfinished.clear()
        is_new = identity not in self._statuses
        self._statuses[identity] = status
        name = _name(record, document)
        at = record.get("ExecutionEndTime", record["ExecutionStartTime"] if is_new else None)
        line = Text(f"{self._elapsed(record, at)}  {_printable(name)}  ")
        if is_new:
            line.append(f"{record['Action']}  ", "dim")
        line.append(status, _STYLES.get(status, ""))
        if "ExecutionEndTime" in record:
            line.append(f" in {_seconds(record['ExecutionEndTime'] - record['ExecutionStartTime'])}", "dim")
        self._console.print(line)
        if "ExecutionEndTime" in record:
            self._details(record)
        if self._spinner:
            self._spinner.update(f"{_printable(name)}  {record['Action']}")
            if status != "Waiting":
                self._spinner.start()

    def output(self, source: tuple[str, str], text: str) -> None:
        """Show what a script or a poll says, line by line; `source` is who says it."""
        *lines, rest = (self._unfinished.pop(source, "") + text).split("\n")
        self._output_lines(lines)
        if rest:
            self._unfinished[source] = rest

    def result(self, execution: Record) -> None:
        """Show how the execution has ended."""
        if self._spinner:
            self._spinner.stop()
        status = execution["AutomationExecutionStatus"]
        took = _seconds(execution.get("ExecutionEndTime", 0.0) - execution["ExecutionStartTime"])
        self._console.print(Text.assemble("\n", (status, _STYLES.get(status, "")), (f" in {took}", "dim")))
        if "FailureMessage" in execution:
            self._console.print(Text(f"  {_printable(execution['FailureMessage'])}"))
        self._values(execution.get("Outputs", {}), "  ")

    # ----------------------------------------------------------------------------------------------- inside

    def _output_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.print(Text(f"          | {_printable(line)}", "dim"))

    def _elapsed(self, record: Record, at: float | None) -> str:
        if self._since is None:
            self._since = record["ExecutionStartTime"]
        return " " * 8 if at is None else f"{_seconds(at - self._since):>8}"

    def _details(self, record: Record) -> None:
        if "FailureMessage" in record:
            self._console.print(Text(f"          {_printable(record['FailureMessage'])}", "red"))
        outputs = record.get("Outputs", {})
        self._values({name: outputs[name] for name in outputs if name != "OutputPayload"}, " " * 10)

    def _values(self, outputs: dict[str, list[str]], indent: str) -> None:
        for name, values in outputs.items():
            self._console.print(Text.assemble((f"{indent}{_printable(name)}: ", "dim"), _shortened(values)))


def _name(record: Record, document: str | None) -> str:
    parent = record.get("ParentStepDetails")
    name: str = record["StepName"]
    if parent:
        name = f"{parent['StepName']}[{parent['Iteration']}].{name}"
    return f"{document}/{name}" if document else name


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _shortened(values: Iterable[str]) -> str:
    text = _printable(", ".join(values))
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + f"... ({len(text)} characters)"


def _printable(text: str) -> str:
    """Text as it is, but for characters that would do something to a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def is_answerable() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
