from __future__ import annotations

import pytest

from runwright.language.conditions import OPERATORS, holds, is_written_as
from runwright.language.model import And, Comparison, Not, Or
from runwright.messages import Json

VALUES: dict[str, Json] = {"state": "running", "n": 5, "yes": True, "ids": ["i-1", "i-2"]}


def compare(left: Json, operator: str, right: Json) -> bool:
    return holds(Comparison(left, operator, right), VALUES.__getitem__)


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [
        ("{{state}}", "StringEquals", "running"),
        ("{{n}}", "StringEquals", "5"),
        ("{{yes}}", "StringEquals", "true"),
        ("{{yes}}", "StringEquals", "True"),
        ("{{state}}", "StringEquals", "{{state}}"),
        ("{{state}}", "EqualsIgnoreCase", "RUNNING"),
        ("{{state}}", "StartsWith", "run"),
        ("{{state}}", "EndsWith", "ing"),
        ("{{state}}", "Contains", "unni"),
        ("{{ids}}", "Contains", "i-2"),
        ("{{n}}", "NumericEquals", 5),
        ("{{n}}", "NumericEquals", "5.0"),
        ("7", "NumericGreater", "{{n}}"),
        ("{{n}}", "NumericLesser", 5.5),
        ("{{n}}", "NumericGreaterOrEquals", 5),
        ("{{n}}", "NumericLesserOrEquals", "5"),
        ("{{yes}}", "BooleanEquals", True),
        ("True", "BooleanEquals", "true"),
        (" +1000 ", "NumericEquals", 1000),
        ("-.5", "NumericGreater", "-1."),
        ("1.5e3", "NumericEquals", 1500),
    ],
)
def test_operators_that_hold(left: Json, operator: str, right: Json) -> None:
    assert compare(left, operator, right)


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [
        ("{{state}}", "StringEquals", "Running"),
        ("{{state}}", "NumericEquals", 0),
        ("{{yes}}", "NumericEquals", 1),
        ("1", "BooleanEquals", True),
        ("yes", "BooleanEquals", True),
        ("{{ids}}", "Contains", "i-"),
        ("{{n}}", "NumericGreater", 5),
        ("10", "NumericLesser", "9"),
        ("1_000", "NumericEquals", 1000),
        ("infinity", "NumericGreater", "{{n}}"),
        ("-inf", "NumericLesser", "{{n}}"),
        ("\u0665", "NumericEquals", "{{n}}"),
        ("\uff15.0", "NumericEquals", "{{n}}"),
    ],
)
def test_operators_that_do_not_hold(left: Json, operator: str, right: Json) -> None:
    assert not compare(left, operator, right)


def test_there_are_eleven_operators() -> None:
    assert len(OPERATORS) == 11


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_missing_value_compares_false(operator: str) -> None:
    assert not compare("{{describe.Platform}}", operator, "windows")
    assert not compare("{{describe.Platform}}", operator, "{{describe.Platform}}")


def test_a_variable_without_a_value_can_be_told_by_its_name() -> None:
    assert compare("{{ find.PublicIp }}", "Contains", "PublicIp")
    assert compare("{{ find.PublicIp }}", "StartsWith", "{{find.")
    assert not compare("{{state}}", "Contains", "state")


def test_conditions_are_joined() -> None:
    yes, no = Comparison("a", "StringEquals", "a"), Comparison("{{absent}}", "StringEquals", "a")
    lookup = VALUES.__getitem__
    assert holds(And((yes, Not(no))), lookup)
    assert not holds(And((yes, no)), lookup)
    assert holds(Or((no, yes)), lookup)
    assert not holds(Or((no, no)), lookup)
    assert holds(Not(And((yes, Or((no, no))))), lookup)


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [
        (True, "True", True),
        (False, "false", True),
        (False, "True", False),
        (3, "3", True),
        ("running ", "running", False),
    ],
)
def test_desired_values_are_texts_and_booleans_are_written_either_way(value: Json, text: str, same: bool) -> None:
    assert is_written_as(value, text) is same


def test_a_list_is_what_all_its_items_are() -> None:
    assert is_written_as(["available", "available"], "available")
    assert not is_written_as(["available", "creating"], "available")
    assert not is_written_as([], "available")
