from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from sqlite3 import Connection
from typing import TypeVar

import pytest

from runwright.errors import ServiceError
from runwright.language.model import Runbook, Step
from runwright.messages import Json
from runwright.runtime.records import STEPS_IN_GET, Records, StepPlace, StepsWanted
from runwright.runtime.runbooks import Runbooks
from runwright.runtime.sqlite import Database
from tests.runtime.rows import ACCOUNT, REGION, execution, step

T = TypeVar("T")


def runbook(*names: str) -> Runbook:
    steps = tuple(Step(name, "aws:sleep", {}) for name in names)
    return Runbook(steps, {each.name: each for each in steps})


def asked(fill: Callable[[Connection], None], names: str, ask: Callable[[Records], Awaitable[T]]) -> T:
    """What records say of rows, with a runbook that has these steps."""

    async def story() -> T:
        database = Database.open(None)

        def write(conn: Connection) -> None:
            conn.execute("INSERT INTO runbooks (sha256, format, text) VALUES ('sha', 'JSON', ?)", (names,))
            fill(conn)

        await database.write(write)
        found = await ask(Records(database, Runbooks(database, lambda text, text_format: runbook(*text.split()))))
        await database.close()
        return found

    return asyncio.run(story())


def got(fill: Callable[[Connection], None], names: str) -> Json:
    return json.loads(asked(fill, names, lambda records: records.get(ACCOUNT, REGION, "e1")))["AutomationExecution"]


def begun_two(conn: Connection) -> None:
    execution(conn, 1, status="InProgress")
    step(conn, 1, 1, "first")
    step(conn, 1, 2, "second", status="InProgress")


def test_get_shows_the_steps_begun_and_behind_them_those_to_come() -> None:
    record = got(begun_two, "first second third")

    assert record["AutomationExecutionId"] == "e1"
    assert record["StepExecutionsTruncated"] is False
    assert [each["StepName"] for each in record["StepExecutions"]] == ["first", "second", "third"]
    assert record["StepExecutions"][2]["StepStatus"] == "Pending"


def test_get_shows_a_hundred_steps_and_says_that_there_are_more() -> None:
    def fill(conn: Connection) -> None:
        execution(conn, 1)
        for position in range(STEPS_IN_GET + 5):
            step(conn, 1, position, f"step{position}")

    record = got(fill, "step0")

    assert len(record["StepExecutions"]) == STEPS_IN_GET
    assert record["StepExecutionsTruncated"] is True


@pytest.mark.parametrize("home", [(ACCOUNT, "us-east-1"), ("999999999999", REGION)])
def test_an_execution_is_not_there_for_another_account_or_region(home: tuple[str, str]) -> None:
    with pytest.raises(ServiceError) as caught:
        asked(begun_two, "first", lambda records: records.get(*home, "e1"))

    assert caught.value.code == "AutomationExecutionNotFoundException"


def names_of(
    wanted: StepsWanted, *, newest_first: bool = False, after: StepPlace | None = None, most: int = 50
) -> list[str]:
    def fill(conn: Connection) -> None:
        execution(conn, 1, status="InProgress")
        step(conn, 1, 1, "first", action="aws:loop")
        step(conn, 1, 2, "inner", parent_id="s1", iteration=1, iterator_value="a")
        step(conn, 1, 3, "inner", parent_id="s1", iteration=2, iterator_value="b", status="InProgress")

    found = asked(
        fill,
        "first second third",
        lambda records: records.steps(ACCOUNT, REGION, "e1", wanted, newest_first=newest_first, after=after, most=most),
    )
    return [json.loads(text)["StepName"] for _, text in found]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (StepsWanted(), ["first", "inner", "inner", "second", "third"]),
        (StepsWanted(statuses=frozenset({"Pending", "InProgress"})), ["inner", "second", "third"]),
        (StepsWanted(names=frozenset({"third", "inner"})), ["inner", "inner", "third"]),
        (StepsWanted(ids=frozenset({"s1"})), ["first"]),
        (StepsWanted(actions=frozenset({"aws:loop"})), ["first"]),
        (StepsWanted(parent_ids=frozenset({"s1"})), ["inner", "inner"]),
        (StepsWanted(iterations=frozenset({2})), ["inner"]),
        (StepsWanted(iterator_values=frozenset({"a"})), ["inner"]),
        (StepsWanted(started_before=3.0), ["first", "inner"]),
        (StepsWanted(started_since=3.0), ["inner"]),
        (StepsWanted(names=frozenset()), []),
    ],
)
def test_steps_are_listed_as_all_filters_allow(wanted: StepsWanted, names: list[str]) -> None:
    assert names_of(wanted) == names


def test_steps_can_be_listed_backwards() -> None:
    assert names_of(StepsWanted(), newest_first=True) == ["third", "second", "inner", "inner", "first"]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_pages_of_steps_put_together_are_the_whole_list(newest_first: bool, most: int) -> None:
    def fill(conn: Connection) -> None:
        begun_two(conn)

    async def pages(records: Records) -> list[StepPlace]:
        places: list[StepPlace] = []
        while True:
            page = await records.steps(
                ACCOUNT,
                REGION,
                "e1",
                StepsWanted(),
                newest_first=newest_first,
                after=places[-1] if places else None,
                most=most,
            )
            places += [place for place, _ in page]
            if len(page) < most:
                return places

    places = asked(fill, "first second third fourth", pages)

    assert places == sorted(places, reverse=newest_first)
    assert len(set(places)) == len(places) == 4
