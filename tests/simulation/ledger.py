"""What has been committed, as a bookkeeper writes it down who checks, turn by turn, what may never happen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from runwright.interpreter.state import StepRow
from runwright.messages import Json
from runwright.runtime.journal import TurnRows
from tests.simulation.invariants import Invariant, Violation

ENDED = frozenset(("Success", "Failed", "TimedOut", "Cancelled"))


@dataclass
class Execution:
    """An execution as it is stored. `line` is account, region and quota; `steps` are by position."""

    number: int
    id: str
    parent: str | None
    line: tuple[str, str, str]
    begin: str
    status: str = ""
    ended_at: float | None = None
    slot: str | None = None
    seq: int = -1
    text: str = "{}"
    steps: dict[int, StepRow] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def record(self) -> dict[str, Json]:
        """As AWS shapes it, without its steps."""
        record: dict[str, Json] = json.loads(self.text)
        return record

    @cached_property
    def request(self) -> dict[str, Json]:
        """The members of its start, as they were sent."""
        request: dict[str, Json] = json.loads(self.begin)["request"]
        return request

    @cached_property
    def limits(self) -> dict[str, tuple[int, int]]:
        """MaxConcurrency and MaxErrors of a fan-out: of the accounts of each location, or of all targets."""
        locations = self.request.get("TargetLocations")
        if locations:
            return {
                ",".join(one["Accounts"]): (
                    int(one["TargetLocationMaxConcurrency"]), int(one["TargetLocationMaxErrors"])
                )
                for one in locations
            }  # fmt: skip
        if "Targets" in self.request:
            return {"": (int(self.request.get("MaxConcurrency", 10)), int(self.request.get("MaxErrors", 0)))}
        return {}

    def limited(self, accounts: str) -> Iterator[StepRow]:
        """The steps that are under the limits of those accounts."""
        for step in self.steps.values():
            if not accounts or step.name.partition("_")[0] in accounts.split(","):
                yield step


class Ledger:
    """Every execution by its id."""

    def __init__(self) -> None:
        self.executions: dict[str, Execution] = {}
        self._numbers: dict[int, Execution] = {}

    def status_of(self, execution_id: str) -> str | None:
        row = self.executions.get(execution_id)
        return row.status if row else None

    def steps_of(self, execution_id: str) -> list[StepRow]:
        """The steps in their order."""
        return [step for _, step in sorted(self.executions[execution_id].steps.items())]

    def unfinished(self) -> list[Execution]:
        return [row for row in self.executions.values() if not row.has_ended]

    def store(self, turns: Sequence[TurnRows], quotas: Mapping[str, int]) -> None:
        """Write down the turns of a commit. Raises Violation."""
        for turn in turns:
            self._store(turn)
        self._check_slots(quotas)

    def _store(self, turn: TurnRows) -> None:
        if turn.new is not None:
            self._begin(turn)
        row = self._numbers[turn.number]
        status, ended_at, _, _, slot, seq, text, _ = turn.execution
        assert isinstance(seq, int)
        if row.seq >= seq:
            return
        if row.has_ended and row.status != status:
            raise Violation(Invariant.FINAL, f"{row.id} was {row.status} and became {status}")
        values: dict[str, Any] = {
            "status": status, "ended_at": ended_at, "slot": slot, "seq": seq, "text": text,
        }  # fmt: skip
        vars(row).update(values)
        self._check_budget(row, turn.steps)
        for step in turn.steps:
            _check_step(row, step)
            row.steps[step.position] = step
        self._check_concurrency(row)

    def _begin(self, turn: TurnRows) -> None:
        assert turn.new is not None
        _, id_, account, region, _, parent, _, _, _, quota, _, _, _, _, begin = turn.new
        if str(id_) in self.executions:
            raise Violation(Invariant.STARTED_ONCE, str(id_))
        line = (str(account), str(region), str(quota))
        row = Execution(turn.number, str(id_), None if parent is None else str(parent), line, str(begin))
        self.executions[row.id] = self._numbers[turn.number] = row

    @staticmethod
    def _check_budget(row: Execution, steps: Sequence[StepRow]) -> None:
        for accounts, (_, most) in row.limits.items():
            errors = sum(step.status in ("Failed", "TimedOut") for step in row.limited(accounts))
            begun = [step.name for step in steps if step.position not in row.steps]
            if errors > most and any(not accounts or name.partition("_")[0] in accounts for name in begun):
                raise Violation(Invariant.BUDGET, f"{row.id} begins {begun} after {errors} errors")

    @staticmethod
    def _check_concurrency(row: Execution) -> None:
        for accounts, (most, _) in row.limits.items():
            running = sum(step.status not in ENDED for step in row.limited(accounts))
            if running > most:
                raise Violation(Invariant.CONCURRENCY, f"{row.id} runs {running} children, {most} may")

    def _check_slots(self, quotas: Mapping[str, int]) -> None:
        """A step that somebody starts in mode Interactive may queue beyond the limit: it is no start."""
        held: Counter[tuple[str, str, str]] = Counter()
        queued: Counter[tuple[str, str, str]] = Counter()
        for row in self.executions.values():
            if not row.has_ended and quotas.get(row.line[2]):
                held[row.line] += row.slot == "held"
                is_start = row.parent is None and "Mode" not in row.request
                queued[row.line] += is_start and row.status == "Pending" and row.slot == "asked"
        for line, count in held.items():
            if count > quotas[line[2]]:
                raise Violation(Invariant.QUOTA, f"{count} executions hold slots of {line}")
            if 0 < quotas["queued"] < queued[line]:
                raise Violation(Invariant.QUEUE, f"{queued[line]} starts wait for a slot of {line}")


def _check_step(row: Execution, step: StepRow) -> None:
    known = row.steps.get(step.position)
    if known is not None and known.id != step.id:
        raise Violation(Invariant.SEEN_STAYS, f"{step.name} of {row.id} is in the place of {known.name}")
    if known is not None and known.status in ENDED and known.status != step.status:
        raise Violation(Invariant.FINAL, f"step {known.name} of {row.id} was {known.status} and became {step.status}")
    if step.ended_at is not None and step.ended_at < step.started_at:
        raise Violation(Invariant.TIME, f"{step.name} of {row.id} began at {step.started_at}, ended at {step.ended_at}")
