"""An execution in memory, and a turn of it that waits for its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from runwright.errors import ServiceError
from runwright.interpreter.requests import Request
from runwright.interpreter.state import Start, State
from runwright.messages import Broke, Effect, Event, Replied, WishId
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
    """Nothing was stored of what was asked; asking again may help, unless `message` says otherwise."""

    def __init__(self, message: str = "The request could not be stored; try again.") -> None:
        super().__init__("InternalServerError", message, 500)


Item = Event | Due | Asked
"""What arrives for an execution."""


@dataclass(slots=True, eq=False)
class Live:
    """An execution in memory; without a `state` it is to be loaded, not before the commit `after` is over.

    `held` are the effects that have been begun, `uncommitted` the turns that are folded and not stored yet; `dropped`:
    trust it no more, another one stands in its place.
    """

    id: str
    number: int
    family: str
    line: Line
    is_child: bool
    state: State | None = None
    new: New | None = None
    inbox: list[Item] = field(default_factory=list)
    held: dict[WishId, asyncio.Task[None]] = field(default_factory=dict)
    stored: StoredReplies = field(default_factory=StoredReplies)
    accepted: asyncio.Future[None] | None = None
    uncommitted: list[Turn] = field(default_factory=list)
    loading: asyncio.Task[None] | None = None
    dropped: bool = False
    after: asyncio.Task[None] | None = None
    was_at_work: tuple[Start, tuple[str, int, int]] | None = None

    def at_work(self) -> tuple[Start, tuple[str, int, int]] | None:
        """The start of the execution and the attempt (path, visit, attempt) that it is at; None when there is none."""
        if self.state is None:
            return self.was_at_work
        activity = self.state.activity
        return None if activity is None else (self.state.start, activity.wish_id[:3])

    def callers(self) -> list[asyncio.Future[None]]:
        """Who waits for an answer to what has not been folded."""
        waiting = [item.done for item in self.inbox if isinstance(item, Asked)]
        return waiting if self.accepted is None else [*waiting, self.accepted]

    def unstored_facts(self) -> list[Item]:
        """What happened outside, has arrived and is not stored: it will not come again, as alarms and requests do."""
        arrived = [item for turn in self.uncommitted for item in turn.inbox] + self.inbox
        return [item for item in arrived if isinstance(item, Replied | Broke)]

    def heir(self) -> Live:
        """Who takes its place when its state is not to be trusted: what has been begun goes on.

        What is over is begun again where it is still wanted, since its reply may be lost with the state.
        """
        heir = Live(self.id, self.number, self.family, self.line, self.is_child)
        heir.held = {wish: task for wish, task in self.held.items() if not task.done()}
        heir.was_at_work = self.at_work()
        return heir


@dataclass(slots=True, eq=False)
class Turn:
    """A folded turn that waits for its commit, with what the execution is after it."""

    live: Live
    inbox: Sequence[Item]
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

    def fail(self, why: ServiceError | None = None) -> None:
        """Tell the callers that nothing was stored."""
        fail([done for done, _ in self.answers], why)


def fail(waiting: list[asyncio.Future[None]], why: ServiceError | None = None) -> None:
    """Tell those who wait that nothing was stored."""
    for done in waiting:
        if not done.done():
            done.set_exception(why or NotStored())
