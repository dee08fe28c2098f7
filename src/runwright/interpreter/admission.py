"""Running slots of one account and region: who asks for one, who holds one, who comes next.

A pure machine beside the flow: `ask` and `release` go in, `admit` says who is let in. An execution that has waited
(for a person or its children) goes before new starts; children of executions are never refused.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

RETURNING, STARTING = 0, 1


@dataclass(slots=True)
class Admission:
    """`running` and `queued` are the quotas, 0 for none."""

    running: int
    queued: int
    holders: set[str] = field(default_factory=set)
    _waiting: dict[str, bool] = field(default_factory=dict)
    _resting: set[str] = field(default_factory=set)
    _line: list[tuple[int, int, str]] = field(default_factory=list)
    _starts: int = 0

    @property
    def waiting(self) -> int:
        """How many ask for a slot and have none."""
        return len(self._waiting)

    def refuses_start(self) -> bool:
        """Whether one more start by a caller would find the queue full."""
        return self._is_full() and self.queued > 0 and self._starts >= self.queued

    def ask(self, execution_id: str, number: int, *, returning: bool, by_caller: bool) -> None:
        """Queue for a slot; `number` is the order of starting. Asking twice changes nothing."""
        if execution_id in self.holders or (execution_id in self._waiting and execution_id not in self._resting):
            return
        self._resting.discard(execution_id)
        self._count(execution_id, counts=by_caller and not returning)
        heapq.heappush(self._line, (RETURNING if returning else STARTING, number, execution_id))

    def rest(self, execution_id: str, *, returning: bool, by_caller: bool) -> None:
        """Give back the slot and wait on without being let in, until `ask`."""
        self.holders.discard(execution_id)
        self._count(execution_id, counts=by_caller and not returning)
        self._resting.add(execution_id)

    def _count(self, execution_id: str, *, counts: bool) -> None:
        if execution_id not in self._waiting:
            self._waiting[execution_id] = counts
            self._starts += counts

    def release(self, execution_id: str) -> None:
        """Give back the slot, or leave the queue."""
        self._resting.discard(execution_id)
        self.holders.discard(execution_id)
        self._starts -= self._waiting.pop(execution_id, False)

    def admit(self) -> list[str]:
        """Who gets a slot now, in order."""
        admitted = []
        while self._line and not self._is_full():
            execution_id = heapq.heappop(self._line)[2]
            if execution_id in self._waiting and execution_id not in self._resting:
                self._starts -= self._waiting.pop(execution_id)
                self.holders.add(execution_id)
                admitted.append(execution_id)
        return admitted

    def _is_full(self) -> bool:
        return 0 < self.running <= len(self.holders)
