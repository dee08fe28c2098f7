"""An execution in memory, and a turn of it that waits for its commit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from runwright.errors import ServiceError
from runwright.interpreter.requests import Request
from runwright.interpreter.state import State
from runwright.messages import Effect, Event, WishId
from runwright.runtime.journal import New, StoredReplies, TurnRows
from runwright.runtime.slots import Line


@dataclass(frozen=True, slots=True)
class Due:
    """An execution's alarm has rung, or it is to look whether it has a slot now."""

    at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and the caller that waits for its answer."""

    request: Request
    done: asyncio.Future[None]


class NotStored(ServiceError):
    """Nothing was stored of what was asked; asking again may help."""

    def __init__(self) -> None:
        super().__init__("InternalServerError", "The request could not be stored; try again.", 500)


@dataclass(slots=True, eq=False)
class Live:
    """An execution in memory. `held` are the effects that have been begun; `dropped`: trust it no more."""

    id: str
    number: int
    family: str
    line: Line
    is_child: bool
    state: State | None = None
    new: New | None = None
    inbox: list[Event | Due | Asked] = field(default_factory=list)
    held: dict[WishId, asyncio.Task[None]] = field(default_factory=dict)
    stored: StoredReplies = field(default_factory=StoredReplies)
    accepted: asyncio.Future[None] | None = None
    in_commit: int = 0
    loading: bool = False
    dropped: bool = False


@dataclass(slots=True, eq=False)
class Turn:
    """A folded turn that waits for its commit, with what the execution is after it."""

    live: Live
    rows: TurnRows | None
    wants: dict[WishId, Effect]
    wakes_at: float | None
    awaits_person: bool
    status: str
    slot: str | None
    ended: bool
    answers: list[tuple[asyncio.Future[None], ServiceError | None]]

    def answer(self) -> None:
        """Tell the callers, after the commit."""
        for done, refusal in self.answers:
            if not done.done():
                if refusal is not None:
                    done.set_exception(refusal)
                else:
                    done.set_result(None)

    def fail(self) -> None:
        """Tell the callers that nothing was stored."""
        fail([done for done, _ in self.answers])


def fail(waiting: list[asyncio.Future[None]]) -> None:
    """Tell those who wait that nothing was stored."""
    for done in waiting:
        if not done.done():
            done.set_exception(NotStored())
