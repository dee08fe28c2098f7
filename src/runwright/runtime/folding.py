"""Folds what has arrived for an execution into a turn: the rows to store and what is wanted once they are stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from runwright.errors import ServiceError
from runwright.interpreter import execution as machine
from runwright.interpreter.requests import answer
from runwright.interpreter.state import State
from runwright.messages import Admitted, AwaitSignal, Replied, Reply, SleepUntil
from runwright.runtime.clock import Clock
from runwright.runtime.journal import Unfinished, rows_of
from runwright.runtime.live import Asked, Due, Item, Live, Turn
from runwright.runtime.slots import Slots


class Folding:
    """Changes states and slots, and nothing else: what it makes is to be committed."""

    def __init__(self, clock: Clock, slots: Slots, quotas: dict[str, int]) -> None:
        self._clock, self._slots, self._quotas = clock, slots, quotas

    def queue(self, who: Live | Unfinished, status: str) -> None:
        """Put an execution in the line for a slot; letting in is `Slots.admit`."""
        self._slots.queue(who.line, who.id, who.number, is_new=status == "Pending", by_caller=not who.is_child)

    def rest(self, who: Unfinished) -> None:
        """Let it wait for a slot without getting one, until it asks again."""
        self._slots.rest(who.line, who.id, is_new=who.status == "Pending", by_caller=not who.is_child)

    def give_slot(self, live: Live, state: State, now: float) -> None:
        """Ask for the slot that the state asks for; a free one is had at once."""
        while state.slot == "asked":
            if not self._slots.holds(live.line, live.id):
                self.queue(live, state.status)
                self._slots.admit(live.line, but=live.id)
            if not self._slots.holds(live.line, live.id):
                return
            machine.fold(state, Admitted(now))

    def turn(self, live: Live, state: State, inbox: Sequence[Item]) -> Turn:
        """Fold what has arrived and encode the rows."""
        answers: list[tuple[asyncio.Future[None], ServiceError | None]] = []
        now, seq = self._clock.now(live.family), state.seq
        self.give_slot(live, state, now)
        for item in inbox:
            match item:
                case Due(at):
                    moment = max(now, at)
                    for wish in machine.due(state, moment):
                        machine.fold(state, Replied(moment, wish, Reply()))
                        self.give_slot(live, state, now)
                case Asked(request, done):
                    event = answer(state, request, now)
                    if event is not None and not isinstance(event, ServiceError):
                        machine.fold(state, event)
                    answers.append((done, event if isinstance(event, ServiceError) else None))
                case _:
                    machine.fold(state, item)
            self.give_slot(live, state, now)
        waits_for = None
        if state.status == "Pending" and state.slot == "asked":
            quota = live.line.quota
            waits_for = f"Pending: the quota `{quota}` lets {self._quotas[quota]} executions run at a time."
        rows = None
        if live.new is not None or state.seq != seq:
            rows, live.stored = rows_of(state, live.number, live.stored, live.new, waits_for)
        if live.accepted is not None:
            answers.append((live.accepted, None))
            live.accepted = None
        live.new = None
        wants = machine.wants(state)
        timers = [effect.at for effect in wants.values() if isinstance(effect, SleepUntil)]
        person = state.status == "Waiting" or any(isinstance(effect, AwaitSignal) for effect in wants.values())
        wakes_at = min(timers, default=None)
        turn = Turn(live, inbox, rows, wants, wakes_at, person, state.status, state.slot, state.ended, answers)
        live.uncommitted.append(turn)
        return turn
