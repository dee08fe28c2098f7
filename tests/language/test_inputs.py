from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from runwright.language.declarations import Declaration, Input
from runwright.language.inputs import fit
from runwright.messages import Json


def _not_both(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if "Ids" in inputs and "Maps" in inputs:
        yield "Maps", "not with Ids"


ACTION = Declaration(
    "aws:try",
    "",
    (
        Input("Name", "String", required=True, max_chars=8, pattern="[a-z0-9]+"),
        Input("Kind", "String", allowed=("big", "small")),
        Input("Ids", "StringList", maximum=3),
        Input("Flag", "Boolean"),
        Input("Count", "Integer", minimum=1, maximum=9),
        Input("Loose", "Integer", takes_text=True),
        Input("Map", "StringMap"),
        Input("Maps", "MapList"),
        Input("Any", "Any"),
    ),
    rule=_not_both,
)


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("Name", 600, "600"),
        ("Ids", "i-1", ["i-1"]),
        ("Ids", ["a", 1, True], ["a", "1", "true"]),
        ("Flag", "True", True),
        ("Count", 3, 3),
        ("Loose", "3", 3),
        ("Map", '{"a": 1}', {"a": 1}),
        ("Maps", {"a": 1}, [{"a": 1}]),
        ("Maps", '[{"a": 1}]', [{"a": 1}]),
        ("Any", "", ""),
    ],
)
def test_inputs_become_what_the_action_takes(name: str, written: Json, value: Json) -> None:
    assert fit(ACTION, {"Name": "x", name: written})[name] == value


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("Count", "1", 'Count is "1"; it has to be of type Integer'),
        ("Count", True, "of type Integer"),
        ("Loose", "many", "of type Integer"),
        ("Count", 10, "at most 9"),
        ("Count", 0, "at least 1"),
        ("Ids", ["a", "b", "c", "d"], "4 items; it can be at most 3"),
        ("Ids", [{}], "of type StringList"),
        ("Flag", "yes", "of type Boolean"),
        ("Map", "{", "of type StringMap"),
        ("Map", "[]", "of type StringMap"),
        ("Maps", ["a"], "of type MapList"),
        ("Name", "abcdefghi", "9 characters"),
        ("Name", "A!", "has to match"),
        ("Name", ["x"], "of type String"),
        ("Kind", "tiny", "it can be big or small"),
    ],
)
def test_what_does_not_fit_is_explained(name: str, written: Json, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fit(ACTION, {"Name": "x", name: written})


def test_unknown_names_are_told_in_aws_words() -> None:
    with pytest.raises(
        ValueError, match=r"Unknown input names provided. Known=\[ \[Name, Kind, .*Provided=\[ \[Nmae\]"
    ):
        fit(ACTION, {"Nmae": "x"})


def test_required_inputs_are_asked_for_by_name() -> None:
    with pytest.raises(ValueError, match="Name is missing"):
        fit(ACTION, {"Flag": True})
    with pytest.raises(ValueError, match="Name is missing"):
        fit(ACTION, {"Name": None})


def test_the_rule_of_the_action_is_asked() -> None:
    with pytest.raises(ValueError, match="Maps is wrong: not with Ids"):
        fit(ACTION, {"Name": "x", "Ids": [], "Maps": []})


def test_an_optional_text_that_renders_to_nothing_counts_as_left_out() -> None:
    assert fit(ACTION, {"Name": "x", "Kind": "", "Flag": None}) == {"Name": "x"}


def test_an_open_action_takes_any_further_arguments_as_they_are() -> None:
    call = Declaration("aws:call", "", (Input("Api", "String", required=True),), is_open=True)
    assert fit(call, {"Api": "X", "Filter": "", "N": 1}) == {"Api": "X", "Filter": "", "N": 1}
