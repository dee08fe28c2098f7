from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from sqlite3 import Connection

import pytest

from runwright.runtime.listing import ExecutionsWanted, list_executions
from runwright.runtime.sqlite import Database
from tests.runtime.rows import ACCOUNT, REGION, execution


def listed(
    fill: Callable[[Connection], None], wanted: ExecutionsWanted, after: tuple[float, int] | None = None, most: int = 50
) -> list[int]:
    """Numbers of the executions that a list gives, in its order."""

    async def story() -> list[int]:
        database = Database.open(None)
        await database.write(fill)
        found = await database.read(lambda conn: list_executions(conn, ACCOUNT, REGION, wanted, after, most))
        await database.close()
        return [each.place[1] for each in found]

    return asyncio.run(story())


def some(conn: Connection) -> None:
    execution(conn, 1)
    execution(conn, 2, status="Failed", document="Other")
    execution(conn, 3, parent="e1", document="Demo-Child")
    execution(conn, 4, status="InProgress", current_action="aws:sleep", document="De")
    execution(conn, 5, status="Waiting", current_action="aws:approve")
    execution(conn, 6, account="999999999999")
    execution(conn, 7, region="us-east-1")
    execution(conn, 8, type="CrossAccount")
    for resource, name in (("e2", "team"), ("e5", "team"), ("e5", "cost")):
        row = (ACCOUNT, REGION, "Automation", resource, name, "x")
        conn.execute("INSERT INTO tags (account, region, type, resource, name, value) VALUES (?, ?, ?, ?, ?, ?)", row)


def any_of(*values: str) -> frozenset[str]:
    return frozenset(values)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (ExecutionsWanted(), [8, 5, 4, 3, 2, 1]),
        (ExecutionsWanted(ids=any_of("e1", "e4", "e6", "nope")), [4, 1]),
        (ExecutionsWanted(parents=any_of("e1")), [3]),
        (ExecutionsWanted(statuses=any_of("Failed", "Waiting")), [5, 2]),
        (ExecutionsWanted(prefixes=(any_of("Demo"),)), [8, 5, 3, 1]),
        (ExecutionsWanted(prefixes=(any_of("Demo-", "Oth"),)), [3, 2]),
        (ExecutionsWanted(prefixes=(any_of("De"), any_of("Demo"))), [8, 5, 3, 1]),
        (ExecutionsWanted(prefixes=(any_of("De"),), statuses=any_of("InProgress")), [4]),
        (ExecutionsWanted(actions=any_of("aws:approve", "aws:sleep")), [5, 4]),
        (ExecutionsWanted(types=any_of("CrossAccount")), [8]),
        (ExecutionsWanted(types=any_of("CrossAccount", "Local"), statuses=any_of("Failed")), [2]),
        (ExecutionsWanted(tag_keys=(any_of("team"),)), [5, 2]),
        (ExecutionsWanted(tag_keys=(any_of("team"), any_of("cost"))), [5]),
        (ExecutionsWanted(started_since=4.0), [8, 5, 4]),
        (ExecutionsWanted(started_before=4.0), [3, 2, 1]),
        (ExecutionsWanted(ids=any_of("e1"), statuses=any_of("Failed")), []),
        (ExecutionsWanted(statuses=any_of()), []),
        (ExecutionsWanted(impossible=True), []),
    ],
)
def test_a_list_holds_what_all_filters_allow_the_newest_first(wanted: ExecutionsWanted, numbers: list[int]) -> None:
    assert listed(some, wanted) == numbers


def test_a_page_goes_on_behind_the_last_place_of_the_one_before() -> None:
    everything = any_of("Success", "Failed", "InProgress", "Waiting")
    for wanted in (ExecutionsWanted(), ExecutionsWanted(statuses=everything)):
        assert listed(some, wanted, most=2) == [8, 5]
        assert listed(some, wanted, after=(5.0, 5), most=2) == [4, 3]
        assert listed(some, wanted, after=(3.0, 3), most=9) == [2, 1]


def test_executions_of_the_same_moment_are_ordered_by_number() -> None:
    def fill(conn: Connection) -> None:
        for number in (1, 2, 3):
            execution(conn, number, started_at=7.0)

    assert listed(fill, ExecutionsWanted()) == [3, 2, 1]
    assert listed(fill, ExecutionsWanted(), after=(7.0, 2)) == [1]


def test_metadata_has_what_describe_shows_and_not_what_only_get_shows() -> None:
    async def story() -> None:
        database = Database.open(None)
        await database.write(lambda conn: execution(conn, 1, type="CrossAccount"))
        (found,) = await database.read(lambda conn: list_executions(conn, ACCOUNT, REGION, ExecutionsWanted(), None, 1))
        await database.close()
        assert json.loads(found.metadata) == {
            "AutomationExecutionId": "e1",
            "Outputs": {},
            "LogFile": "",
            "AutomationType": "CrossAccount",
        }

    asyncio.run(story())


@pytest.mark.parametrize(
    "wanted",
    [
        ExecutionsWanted(),
        ExecutionsWanted(statuses=any_of("InProgress")),
        ExecutionsWanted(prefixes=(any_of("Demo"),)),
        ExecutionsWanted(prefixes=(any_of("Demo"),), statuses=any_of("InProgress", "Failed")),
        ExecutionsWanted(actions=any_of("aws:sleep")),
        ExecutionsWanted(types=any_of("CrossAccount")),
        ExecutionsWanted(ids=any_of("e7")),
        ExecutionsWanted(parents=any_of("e7")),
        ExecutionsWanted(started_since=1999.0),
        ExecutionsWanted(tag_keys=(any_of("team"),)),
    ],
)
def test_a_page_costs_the_same_among_few_and_among_many(wanted: ExecutionsWanted) -> None:
    """Counted in instructions of SQLite's machine, not in time."""

    async def cost(executions: int) -> int:
        database = Database.open(None)

        def fill(conn: Connection) -> None:
            for number in range(1, executions + 1):
                execution(conn, number)

        await database.write(fill)
        counted = 0

        def count(conn: Connection) -> None:
            def tick() -> int:
                nonlocal counted
                counted += 1
                return 0

            conn.set_progress_handler(tick, 10)
            list_executions(conn, ACCOUNT, REGION, wanted, None, 10)
            conn.set_progress_handler(None, 10)

        await database.read(count)
        await database.close()
        return counted

    assert asyncio.run(cost(2000)) <= asyncio.run(cost(50)) * 1.5 + 20
