"""What the journal does with what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from runwright.engine import parse
from runwright.interpreter import execution as machine
from runwright.interpreter.state import Start, State, new_state, state_from
from runwright.messages import Admitted, Replied, Reply
from runwright.runtime.journal import Journal, New, SqliteJournal, StoredReplies, TurnRows, rows_of
from runwright.runtime.sqlite import Database

BOOK = parse(
    """
schemaVersion: "0.3"
mainSteps:
  - {name: one, action: aws:sleep, inputs: {Duration: PT30S}}
  - {name: two, action: aws:executeAwsApi, inputs: {Service: ec2, Api: DescribeVpcs}}
""",
    "YAML",
)
START = Start(
    id="x", family="x", account="1", region="r", partition="aws", executed_by="a", document="d", version="1",
    runbook_sha256="sha", request={}, parameters={},
)  # fmt: skip

Story = Callable[[Journal], Awaitable[None]]


def on(story: Story) -> None:
    async def play() -> None:
        database = Database.open(None)
        try:
            await story(SqliteJournal(database))
        finally:
            await database.close()

    asyncio.run(play())


def first() -> tuple[State, TurnRows]:
    state = new_state(START, BOOK, 100.0)
    machine.fold(state, Admitted(100.0))
    return state, rows_of(state, 7, StoredReplies(), New(START), None)[0]


def next_of(state: State) -> TurnRows:
    wish = next(iter(machine.wants(state)))
    machine.fold(state, Replied(state.now + 30, wish, Reply({})))
    return rows_of(state, 7, StoredReplies(), None, None)[0]


def test_what_is_stored_is_loaded_as_it_was() -> None:
    async def story(journal: Journal) -> None:
        state, rows = first()
        await journal.commit([rows])

        stored = await journal.load("x")

        assert stored is not None
        assert stored.cursor is not None
        assert (stored.number, stored.start, stored.replies) == (7, START, [])
        again = state_from(stored.start, BOOK, stored.cursor, stored.replies)
        assert machine.revive(again)
        assert machine.wants(again) == machine.wants(state)

    on(story)


def test_there_is_nothing_of_an_unknown_execution() -> None:
    async def story(journal: Journal) -> None:
        assert await journal.load("y") is None
        assert await journal.unfinished() == []
        assert await journal.last_number() == 0

    on(story)


def test_an_execution_is_unfinished_until_its_end_is_stored() -> None:
    async def story(journal: Journal) -> None:
        state, rows = first()
        await journal.commit([rows])
        (known,) = await journal.unfinished()
        assert (known.id, known.number, known.status, known.slot, known.wake_at) == (
            "x",
            7,
            "InProgress",
            "held",
            130.0,
        )
        assert await journal.last_number() == 7

        await journal.commit([next_of(state), next_of(state)])

        assert state.ended
        assert await journal.unfinished() == []
        stored = await journal.load("x")
        assert stored is not None
        assert stored.cursor is None

    on(story)


def test_an_older_turn_never_overwrites_a_newer_one() -> None:
    async def story(journal: Journal) -> None:
        state, rows = first()
        second = next_of(state)
        await journal.commit([rows, second])
        before = await journal.load("x")

        await journal.commit(
            [TurnRows(7, None, None, (), rows.execution, rows.steps, rows.replies, forgets_replies=False)]
        )

        assert await journal.load("x") == before

    on(story)


def test_a_turn_that_is_stored_twice_is_stored_once() -> None:
    async def story(journal: Journal) -> None:
        state, rows = first()
        second = next_of(state)
        await journal.commit([rows, second])
        before = (await journal.load("x"), await journal.unfinished())

        await journal.commit([second])

        assert (await journal.load("x"), await journal.unfinished()) == before

    on(story)
