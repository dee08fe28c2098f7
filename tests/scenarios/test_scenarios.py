"""Every scenario of the YAML files here, played calmly and with a kill at each commit; see README.md beside it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from runwright.actions import DECLARATIONS
from runwright.interpreter.rulings import GUIDE
from tests.scenarios.stage import EXECUTION, Asked, Script, Stage, play
from tests.simulation.whims import Trouble, Whims

FOLDER = Path(__file__).parent
TOKEN = re.compile(r"(runwright-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SCENARIO_KEYS = {
    "inputs",
    "step",
    "steps",
    "replies",
    "happens",
    "status",
    "calls",
    "refusals",
    "runbook",
    "message",
    "request",
}


@cache
def scenarios() -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        for name, scenario in document["scenarios"].items():
            assert scenario.keys() <= SCENARIO_KEYS, f"{path.name}, {name}: {scenario.keys() - SCENARIO_KEYS}"
            found[f"{path.stem}: {name}"] = {"file": document, **scenario}
    return found


def script_of(scenario: dict[str, Any]) -> Script:
    file = scenario["file"]
    book = scenario.get("runbook") or file.get("runbook")
    if book is None:
        step = file["step"] | scenario.get("step", {})
        step["inputs"] = {**step.get("inputs", {}), **scenario.get("inputs", {})}
        step["inputs"] = {name: value for name, value in step["inputs"].items() if value is not None}
        book = {"mainSteps": [{"name": "it"} | step, *file.get("further", [])]}
    book = {"schemaVersion": "0.3"} | file.get("frame", {}) | book
    books = {"main": book} | {name: {"schemaVersion": "0.3"} | each for name, each in file.get("children", {}).items()}
    replies = file.get("replies", {}) | scenario.get("replies", {})
    return Script(
        {name: yaml.safe_dump(each) for name, each in books.items()},
        {what: each if isinstance(each, list) else [each] for what, each in replies.items()},
        scenario.get("happens", []),
        scenario.get("request", file.get("request", {})),
    )


NEVER = {
    "aws:branch": {
        "Failed",
        "TimedOut",
        "Cancelled",
    },  # it is decided at once, and a value that is missing is no failure
    "aws:pause": {"Failed"},  # nobody can refuse to resume
    "aws:updateVariable": {"TimedOut", "Cancelled"},  # it is done at once
}
"""Ends that an action cannot have."""


def ends_played(scenario: dict[str, Any]) -> set[tuple[str, str]]:
    """(action, status) of each step whose end the scenario tells."""
    actions: dict[str, str] = {}
    steps = list(yaml.safe_load(script_of(scenario).books["main"])["mainSteps"])
    while steps:
        step = steps.pop()
        actions[step["name"]] = step["action"]
        inner = (step.get("inputs") or {}).get("Steps")
        steps += inner if isinstance(inner, list) else []
    told = [(name, end) for each in scenario.get("steps", []) for name, end in each.items()]
    return {(actions[name], end) for name, end in told if name in actions}


@pytest.mark.parametrize("action", [name for name, each in DECLARATIONS.items() if not each.only_aws])
def test_an_action_is_played_to_each_end_that_it_can_have(action: str) -> None:
    played = {end for each in scenarios().values() for played, end in ends_played(each) if played == action}
    assert {"Success", "Failed", "TimedOut", "Cancelled"} - NEVER.get(action, set()) <= played


@pytest.mark.parametrize("name", scenarios())
def test_a_scenario_goes_as_it_is_written(name: str) -> None:
    scenario = scenarios()[name]

    stage = play(script_of(scenario))

    record = stage.ledger.executions[EXECUTION].record
    assert record["AutomationExecutionStatus"] == scenario["status"], record.get("FailureMessage")
    if "message" in scenario:
        assert record.get("FailureMessage", "").removesuffix(GUIDE) == scenario["message"]
    assert_steps(stage, scenario["steps"])
    if "calls" in scenario:
        assert_calls(stage.asked, scenario["calls"])
    assert stage.refusals == scenario.get("refusals", [])


@pytest.mark.parametrize("kill", [Trouble.KILLED_BEFORE, Trouble.KILLED_AFTER], ids=["before", "after"])
@pytest.mark.parametrize("name", scenarios())
def test_a_kill_at_any_commit_changes_nothing_outside(name: str, kill: Trouble) -> None:
    """The same end, the same steps; a call that is made again is the same call with the same token."""
    scenario = scenarios()[name]
    script = script_of(scenario)
    calm = play(script)
    for commit in range(1, calm.disk.commits + 1):
        stage = play(script, Whims(1, at={commit: kill}))

        assert stage.ledger.status_of(EXECUTION) == scenario["status"]
        assert_steps(stage, scenario["steps"])
        assert_asked_once(stage.asked, calm.asked)


def assert_steps(stage: Stage, expected: list[dict[str, Any]]) -> None:
    rows = stage.ledger.steps_of(EXECUTION)
    records = [json.loads(row.record) for row in rows]
    table = [{row.name: row.status} for row in rows]
    wanted = [{name: status for name, status in each.items() if name not in DETAILS} for each in expected]
    assert table == wanted, [record.get("FailureMessage") for record in records]
    for row, record, each in zip(rows, records, expected, strict=True):
        for detail in DETAILS & each.keys():
            assert_like(detail_of(record, detail), each[detail], f"{detail} of {row.name}")


DETAILS = {"outputs", "message", "stage", "type", "code"}


def detail_of(record: dict[str, Any], detail: str) -> Any:
    match detail:
        case "outputs":
            return record["Outputs"]
        case "message":
            assert record.get("FailureMessage", GUIDE).endswith(GUIDE)
            return record.get("FailureMessage", "").removesuffix(GUIDE)
        case "code":
            return record.get("ResponseCode")
        case _:
            return record.get("FailureDetails", {}).get(f"Failure{detail.capitalize()}")


def assert_calls(asked: list[Asked], expected: list[Any]) -> None:
    """What is asked, in order; a poll's calls, which repeat, stand there once."""
    once: list[Asked] = []
    for one in asked:
        if not once or (one.what, one.parameters) != (once[-1].what, once[-1].parameters):
            once.append(one)
    wanted = [each if isinstance(each, dict) else {each: None} for each in expected]
    assert [each.what for each in once] == [next(iter(each)) for each in wanted]
    for made, each in zip(once, wanted, strict=True):
        parameters = each[made.what]
        if parameters is not None:
            assert_like(made.parameters, parameters, made.what)


def assert_like(found: Any, expected: Any, where: str) -> None:
    """Equal, where `<token>`, `<time>` and `<any>` stand for what cannot be written down."""
    match expected:
        case dict() if isinstance(found, dict):
            assert found.keys() == expected.keys(), where
            for name, value in expected.items():
                assert_like(found[name], value, f"{where}.{name}")
        case list() if isinstance(found, list):
            assert len(found) == len(expected), (where, found)
            for one, other in zip(found, expected, strict=True):
                assert_like(one, other, where)
        case str() if isinstance(found, str) and "<" in expected:
            pattern = re.escape(expected)
            for mark, form in {"<token>": TOKEN.pattern, "<time>": TIME.pattern, "<any>": "(?s:.*)"}.items():
                pattern = pattern.replace(re.escape(mark), form)
            assert re.fullmatch(pattern, found), (where, found)
        case _:
            assert found == expected, where


def assert_asked_once(asked: list[Asked], calm: list[Asked]) -> None:
    """A wish is asked at most twice (it was in flight when the process was killed), and then in the same words."""
    by_key: dict[str, list[Asked]] = {}
    for each in asked:
        if each.key is not None and each.what != "stop child":
            by_key.setdefault(each.key, []).append(each)
    again = {key: each for key, each in by_key.items() if len(each) > 1}
    assert all(len(each) == 2 for each in again.values()), again
    assert all(first == second for first, second in again.values()), again
    assert by_key.keys() == {each.key for each in calm if each.key is not None and each.what != "stop child"}


ENDS = {"Success", "Failed", "TimedOut", "Cancelled"}
NEVER = {
    "aws:branch": {"Failed", "TimedOut", "Cancelled"},
    "aws:updateVariable": {"TimedOut", "Cancelled"},
    "aws:pause": {"Failed"},
}
"""Ends that an action cannot have: it is done at once, or nothing about it can fail."""


@pytest.mark.parametrize("name", [name for name, each in DECLARATIONS.items() if not each.only_aws])
def test_an_action_has_a_scenario_of_each_end_that_it_can_have(name: str) -> None:
    ends = {scenario["status"] for scenario in scenarios().values() if name in actions_in(scenario)}

    assert ENDS - NEVER.get(name, set()) <= ends


def actions_in(scenario: dict[str, Any]) -> set[str]:
    return set(re.findall(r"action: '?(aws:\w+)", script_of(scenario).books["main"]))
