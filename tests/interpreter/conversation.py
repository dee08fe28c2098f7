"""A conversation with the interpreter: a runbook in, events in, effects out; no clock, no driver.

Every conversation is also replayed: after each event the state goes through its stored form and comes back.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from runwright.actions import DECLARATIONS
from runwright.interpreter import execution
from runwright.interpreter.requests import Request, answer
from runwright.interpreter.state import (
    Start,
    State,
    StepRow,
    cursor_of,
    new_state,
    start_from_json,
    start_to_json,
    state_from,
)
from runwright.interpreter.views import execution_record
from runwright.language import parse_runbook
from runwright.messages import (
    Admitted,
    CallAws,
    Effect,
    Event,
    Failure,
    Json,
    Replied,
    Reply,
    SleepUntil,
    WishId,
)
from runwright.stored_form import as_json

T0 = 1_700_000_000.0


class Conversation:
    def __init__(
        self, text: str, request: dict[str, Json] | None = None, parameters: dict[str, Json] | None = None
    ) -> None:
        self.runbook = parse_runbook("schemaVersion: '0.3'\n" + text, "YAML", DECLARATIONS)
        start = Start(
            id="11111111-2222-3333-4444-555555555555", family="f", account="111122223333", region="eu-west-1",
            partition="aws", executed_by="arn:aws:iam::111122223333:user/a", document="D", version="1",
            runbook_sha256="-", request=request or {}, parameters=parameters or {},
        )  # fmt: skip
        self.rows: dict[int, StepRow] = {}
        self.now = T0
        self.state: State = new_state(start, self.runbook, T0)
        self._event(Admitted(T0) if self.state.slot == "asked" else None)

    def _event(self, event: Event | None) -> None:
        if event is not None:
            execution.fold(self.state, event)
        self.rows |= self.state.rows
        self.state.rows = {}
        if not self.state.ended:
            self._go_through_storage()
        if self.state.slot == "asked":
            self._event(Admitted(self.now))

    def _go_through_storage(self) -> None:
        state = self.state
        attempt, answers = state.answered
        replies = [
            (WishId(*attempt, index), each.at, each.effect, as_json(each.reply))
            for index, each in enumerate(answers)
            if attempt is not None
        ]
        stored = json.loads(json.dumps([start_to_json(state.start), cursor_of(state)]))
        wanted = self.wants
        self.state = state_from(start_from_json(stored[0]), self.runbook, stored[1], replies)
        assert execution.revive(self.state)
        assert self.wants == wanted, "what is wanted after a crash is what was wanted before"

    # ------------------------------------------------------------------------------------------------- what it wants

    @property
    def wants(self) -> dict[WishId, Effect]:
        return execution.wants(self.state)

    def wish(self) -> tuple[WishId, Effect]:
        """The one effect that is no timer."""
        [wanted] = [each for each in self.wants.items() if not isinstance(each[1], SleepUntil)]
        return wanted

    # ---------------------------------------------------------------------------------------------------- what is said

    def reply(self, value: Json = None) -> None:
        self._event(Replied(self.now, self.wish()[0], Reply(value)))

    def fail(self, message: str = "An error occurred (Oops) when calling it: no", code: str = "Oops") -> None:
        self._event(Replied(self.now, self.wish()[0], Reply(failure=Failure(message, code))))

    def send(self, event: Event) -> None:
        self._event(event)

    def ask(self, request: Request) -> None:
        event = answer(self.state, request, self.now)
        if isinstance(event, Exception):
            raise event
        if event is not None:
            self._event(event)

    def pass_time(self, seconds: float) -> None:
        """Let every timer of the next `seconds` ring in its order."""
        end = self.now + seconds
        while timers := sorted(
            (effect.at, wish)
            for wish, effect in self.wants.items()
            if isinstance(effect, SleepUntil) and effect.at <= end
        ):
            self.now, wish = max(self.now, timers[0][0]), timers[0][1]
            self._event(Replied(self.now, wish, Reply()))
        self.now = end

    def answer_calls(self, answers: Callable[[CallAws], Json]) -> None:
        """Answer every call until none is wanted."""
        while calls := [(wish, effect) for wish, effect in self.wants.items() if isinstance(effect, CallAws)]:
            self._event(Replied(self.now, calls[0][0], Reply(answers(calls[0][1]))))

    # -------------------------------------------------------------------------------------------- what became of it

    @property
    def status(self) -> str:
        return self.state.status

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(row.name, row.status) for _, row in sorted(self.rows.items())]

    def step(self, name: str) -> dict[str, Json]:
        rows = sorted(self.rows.items(), reverse=True)
        record: dict[str, Json] = json.loads(next(row.record for _, row in rows if row.name == name))
        return record

    @property
    def record(self) -> dict[str, Json]:
        return execution_record(self.state)
