from __future__ import annotations

import pytest

from runwright.language.selectors import Found, WrongType, find, problem_of, take
from runwright.messages import Json, Selection

REPLY: Json = {
    "Reservations": [
        {"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}}, {"InstanceId": "i-2"}]},
        {"Instances": [{"InstanceId": "i-3"}]},
    ],
    "Outputs": {"step.Out": ["v"], "it's": 1},
    "Parts": [{"Key": "a", "N": 1}, {"Key": "b", "N": 2}],
    "Rate": 100.0,
    "Half": 0.5,
    "Nothing": None,
    "Empty": [],
    "On": False,
}


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        ("$.Reservations[0].Instances[0].InstanceId", "i-1"),
        ("Reservations[0].Instances[-1].InstanceId", "i-2"),
        ("$.Reservations.[0].Instances[0]['State'][\"Name\"]", "running"),
        ("$.Outputs.'step.Out'[0]", "v"),
        ("$['Outputs']['it\\'s']", 1),
        ("$", REPLY),
        ("$.On", False),
    ],
)
def test_a_definite_path_gives_one_value(selector: str, value: Json) -> None:
    assert find(selector, REPLY) == Found([value], definite=True)


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("$.Reservations..Instances..InstanceId", ["i-1", "i-2", "i-3"]),
        ("$..Name", ["running"]),
        ("$.Reservations[*].Instances[0].InstanceId", ["i-1", "i-3"]),
        ("$.Parts.*.Key", ["a", "b"]),
        ("$.Parts[0:1].Key", ["a"]),
        ("$.Parts[0,1].N", [1, 2]),
        ("$.Parts[?(@.Key == 'b')].N", [2]),
        ("$.Parts[?(@.N > 1 && @.Key)].N", [2]),
        ("$.Parts[?(@.Key == '] ) [')].N", []),
        ("$..Absent", []),
        ("$.Empty[*].x", []),
    ],
)
def test_any_other_path_gives_a_list(selector: str, matches: list[Json]) -> None:
    assert find(selector, REPLY) == Found(matches, definite=False)


@pytest.mark.parametrize("selector", ["$.Absent", "$.Empty[0]", "$.Rate.x", "$.Absent..x", "$.Absent[*].x", "$.On[0]"])
def test_a_path_that_leads_nowhere_finds_nothing(selector: str) -> None:
    assert find(selector, REPLY) is None


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("$.Parts.length()", "functions are not supported"),
        ("$.Parts[?(length(@.Key) > 1)]", "functions are not supported"),
        ("$.Parts[?(@.Key =~ /a.*/)]", "more than compare"),
        ("$.Parts[?(@.Key in ['a'])]", "more than compare"),
        ("$.Parts[(@.length-1)]", "neither an index"),
        ("$.Parts[0", "without its ]"),
        ("$.Parts.", "a name is missing"),
        ("$.Parts[?(@.Key ==)]", "no JSONPath"),
        ("$.a b", 'unexpected " "'),
        ("$.a | $.b", "unexpected"),
        (" ", "empty"),
    ],
)
def test_what_is_no_supported_path_is_explained(selector: str, told: str) -> None:
    problem = problem_of(selector)
    assert problem is not None
    assert told in problem


def test_a_document_too_deep_for_a_deep_scan_is_an_error_of_its_own() -> None:
    document: Json = {}
    for _ in range(500):
        document = {"a": document}
    with pytest.raises(ValueError, match="nested too deeply"):
        find("$..a", document)


def test_values_are_taken_by_name_and_what_is_not_there_is_absent() -> None:
    taken = take(
        (
            Selection("Id", "$.Reservations[0].Instances[0].InstanceId", "String"),
            Selection("Platform", "$.Reservations[0].Instances[0].Platform", "String"),
            Selection("Null", "$.Nothing", "String"),
            Selection("Ids", "$..InstanceId", "StringList"),
            Selection("None", "$..Absent", "StringList"),
            Selection("On", "$.On", "Boolean"),
            Selection("AsIs", "$.Parts[0].N"),
        ),
        REPLY,
    )
    assert taken == {"Id": "i-1", "Ids": ["i-1", "i-2", "i-3"], "None": [], "On": False, "AsIs": 1}


def test_the_one_match_of_a_filter_can_be_a_scalar() -> None:
    assert take((Selection("N", "$.Parts[?(@.Key == 'b')].N", "Integer"),), REPLY) == {"N": 2}
    assert take((Selection("N", "$.Parts[?(@.Key == 'z')].N", "Integer"),), REPLY) == {}


def test_a_whole_decimal_is_an_integer_and_a_fraction_is_not() -> None:
    assert take((Selection("R", "$.Rate", "Integer"),), REPLY) == {"R": 100}
    with pytest.raises(WrongType, match="decimal"):
        take((Selection("H", "$.Half", "Integer"),), REPLY)


@pytest.mark.parametrize(
    ("selector", "kind"),
    [
        ("$.Parts[0].N", "String"),
        ("$..InstanceId", "String"),
        ("$.Parts", "StringList"),
        ("$.Outputs", "String"),
        ("$.On", "Integer"),
        ("$.Parts[*].N", "StringList"),
    ],
)
def test_a_value_of_another_type_is_refused(selector: str, kind: str) -> None:
    with pytest.raises(WrongType, match=f"Output X is declared as {kind}"):
        take((Selection("X", selector, kind),), REPLY)
