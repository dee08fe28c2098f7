"""Running slots of every account and region, by quota; the rules are `interpreter.admission`'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from runwright.interpreter.admission import Admission


class Line(NamedTuple):
    """Where an execution queues. `quota` is a name of config.QUOTAS, or `nested` for what no quota limits."""

    account: str
    region: str
    quota: str


class Slots:
    """`tell` is called with the id of an execution that has been let in and does not know it yet."""

    def __init__(self, quotas: dict[str, int], tell: Callable[[str], None]) -> None:
        self._quotas, self._tell = quotas, tell
        self._lines: dict[Line, Admission] = {}

    def holds(self, line: Line, execution_id: str) -> bool:
        return execution_id in self._line(line).holders

    def restore(self, line: Line, execution_id: str) -> None:
        """It has had its slot since before this process began."""
        self._line(line).holders.add(execution_id)

    def queue(self, line: Line, execution_id: str, number: int, *, is_new: bool, by_caller: bool) -> None:
        """Put an execution in the line; letting in is `admit`."""
        self._line(line).ask(execution_id, number, returning=not is_new, by_caller=by_caller)

    def admit(self, line: Line, but: str | None = None) -> None:
        """Let in whom the quota allows, and tell all but one of them."""
        for execution_id in self._line(line).admit():
            if execution_id != but:
                self._tell(execution_id)

    def admit_all(self) -> None:
        for line in list(self._lines):
            self.admit(line)

    def give_back(self, line: Line, execution_id: str) -> None:
        """Leave the slot or the line to the others."""
        self._line(line).release(execution_id)
        self.admit(line)

    def rest(self, line: Line, execution_id: str, *, is_new: bool, by_caller: bool) -> None:
        """Leave the slot to the others and keep a place in the line, in which nobody is let in before `queue`."""
        self._line(line).rest(execution_id, returning=not is_new, by_caller=by_caller)
        self.admit(line)

    def refuses_start(self, line: Line) -> bool:
        """Whether the line of starts is full."""
        return self._line(line).refuses_start()

    def counts(self) -> list[tuple[Line, int, int]]:
        """For each line how many hold a slot and how many wait for one."""
        return [(line, len(known.holders), known.waiting) for line, known in sorted(self._lines.items())]

    def _line(self, line: Line) -> Admission:
        known = self._lines.get(line)
        if known is None:
            known = self._lines[line] = Admission(self._quotas.get(line.quota, 0), self._quotas["queued"])
        return known
