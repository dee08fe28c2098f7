"""What callers and readers were told in a play, and whether it holds in the end."""

from __future__ import annotations

import sqlite3

from runwright.interpreter.requests import Request, Signal, Stop
from runwright.interpreter.state import StepRow
from runwright.messages import WishId
from runwright.runtime.journal import TurnRows
from tests.simulation.invariants import Invariant, Violation
from tests.simulation.ledger import ENDED, Execution, Ledger


class Witness:
    """`at_fault` are executions for which a fault of ours was made, `refused` children whose start was refused."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.at_fault: set[str] = set()
        self.refused: set[str] = set()
        self._cancelled: set[str] = set()
        self._decided: set[tuple[str, str]] = set()
        self._seen: dict[tuple[str, int], StepRow] = {}
        self._ends: dict[str, str] = {}

    def saw(self, execution_id: str, rows: TurnRows) -> None:
        """A reader is told of a commit; it remembers what is said to be over."""
        for step in rows.steps:
            if step.status in ENDED:
                self._seen[execution_id, step.position] = step
        if rows.execution[0] in ENDED:
            self._ends[execution_id] = str(rows.execution[0])

    def granted(self, execution_id: str, request: Request) -> None:
        """A caller is told that its request was taken."""
        match request:
            case Stop("Cancel"):
                self._cancelled.add(execution_id)
            case Signal("Approve" | "Reject"):
                self._decided.add((execution_id, request.by))

    def check_seen(self, connection: sqlite3.Connection, ledger: Ledger) -> None:
        """Readers find what they saw, and the database what the ledger says."""
        found = dict(connection.execute("SELECT id, status FROM executions"))
        lost = {id_: status for id_, status in self._ends.items() if found.get(id_) != status}
        if lost or found != {row.id: row.status for row in ledger.executions.values()}:
            raise Violation(Invariant.SEEN_STAYS, f"of {lost or ledger.executions} there is {found}")
        query = "SELECT e.id, position, s.status, s.record FROM steps s JOIN executions e ON e.number = s.execution"
        steps = {(id_, position): (status, record) for id_, position, status, record in connection.execute(query)}
        written = {(row.id, step.position): step for row in ledger.executions.values() for step in row.steps.values()}
        for key, step in (written | self._seen).items():
            if steps.get(key) != (step.status, step.record):
                raise Violation(Invariant.SEEN_STAYS, f"{step.name} of {key[0]} was {step.status}")

    def check_end(self, ledger: Ledger) -> None:
        """Everything has ended and agrees with what was told, and with itself."""
        for id_ in self.acknowledged:
            if id_ not in ledger.executions:
                raise Violation(Invariant.ENDS, f"{id_} is not there")
        for row in ledger.executions.values():
            if not row.has_ended:
                raise Violation(Invariant.ENDS, f"{row.id} is {row.status}")
            message = str(row.record.get("FailureMessage"))
            if message.startswith("Internal Server Error") and row.id not in self.at_fault:
                raise Violation(Invariant.NO_FAULT, row.id)
            for step in row.steps.values():
                if step.status not in ENDED:
                    raise Violation(Invariant.STEPS_END, f"{step.name} of {row.id} is {step.status}")
            self._check_counts(row, ledger)
        self._check_granted(ledger)

    def _check_counts(self, row: Execution, ledger: Ledger) -> None:
        if not row.limits:
            return
        counters, steps = row.record["ProgressCounters"], ledger.steps_of(row.id)
        children = [child.status for child in ledger.executions.values() if child.parent == row.id]
        told = [step.status for step in steps]
        refused = sum(_child_of(row, index) in self.refused for index in range(len(steps)))
        for status in ENDED:
            if counters[f"{status}Steps"] != told.count(status):
                raise Violation(Invariant.COUNTS, f"{row.id} counts {counters}, its steps are {told}")
            never_were = {"Failed": refused, "Cancelled": told.count("Cancelled")}.get(status, 0)
            if not 0 <= told.count(status) - children.count(status) <= never_were:
                raise Violation(Invariant.COUNTS, f"{row.id} has children {children} and steps {told}")

    def _check_granted(self, ledger: Ledger) -> None:
        for id_ in sorted(self._cancelled - self.at_fault):
            if ledger.status_of(id_) != "Cancelled":
                raise Violation(Invariant.GRANTED, f"{id_} was to be cancelled and is {ledger.status_of(id_)}")
        for id_, by in sorted(self._decided):
            outputs = [step.record for step in ledger.steps_of(id_) if step.action == "aws:approve"]
            if id_ not in self.at_fault and by not in str(outputs):
                raise Violation(Invariant.GRANTED, f"{by} has decided on {id_}, its steps are {outputs}")


def _child_of(row: Execution, index: int) -> str:
    return WishId(f"child/{index}", 1, 1, 0).unique_in(row.id)
