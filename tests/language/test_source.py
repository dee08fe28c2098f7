from __future__ import annotations

import json

import pytest

from runwright.errors import InvalidRunbook
from runwright.language.problems import Place, Problem
from runwright.language.source import load


def refusal(text: str, format: str) -> Problem:  # noqa: A002
    with pytest.raises(InvalidRunbook) as caught:
        load(text, format)
    return caught.value.problems[0]


def test_json_that_is_not_well_formed_is_refused_in_aws_words_with_the_place() -> None:
    problem = refusal('{\n  "a": 1,\n  "b" 2\n}', "JSON")
    assert problem.message.startswith("JSON not well-formed. at Line: 3, Column: 7")
    assert problem.place == Place(3, 7)


def test_yaml_that_is_not_well_formed_is_refused_with_the_place() -> None:
    problem = refusal("a: 1\nb: [1, 2\nc: 3\n", "YAML")
    assert problem.message.startswith("YAML not well-formed. at Line: 3, Column: 2")
    assert problem.place == Place(3, 2)


@pytest.mark.parametrize("format", ["JSON", "YAML"])
@pytest.mark.parametrize("text", ["[" * 30_000, "[" * 900 + "]" * 900, '{"a":' * 10_000])
def test_nesting_that_would_exhaust_a_stack_is_refused(text: str, format: str) -> None:  # noqa: A002
    assert refusal(text, format).code == "too-deep"


@pytest.mark.parametrize("format", ["JSON", "YAML"])
def test_sixty_levels_are_read_and_sixty_one_refused(format: str) -> None:  # noqa: A002
    load("[" * 60 + "]" * 60, format)
    assert refusal("[" * 61 + "]" * 61, format).code == "too-deep"


def test_aliases_that_multiply_are_counted_in_full() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert refusal("\n".join(lines), "YAML").code == "too-many-nodes"


def test_aliases_that_deepen_are_counted_in_full() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 70)]
    assert refusal("\n".join(lines), "YAML").code == "too-deep"


def test_an_alias_within_what_it_stands_for_is_refused() -> None:
    assert refusal("a: &a [1, *a]", "YAML").code == "endless-alias"


def test_aliases_and_merged_maps_are_what_they_stand_for() -> None:
    text = "one: &one {a: 1, b: 2}\ntwo: *one\nthree: {<<: *one, b: 3}\n"
    assert load(text, "YAML").value == {"one": {"a": 1, "b": 2}, "two": {"a": 1, "b": 2}, "three": {"a": 1, "b": 3}}


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ('{"a": NaN}', "JSON"),
        ('{"a": -Infinity}', "JSON"),
        ('{"a": 1e999}', "JSON"),
        ("a: .nan", "YAML"),
        ("a: -.inf", "YAML"),
        (f"a: 0x{'F' * 5000}", "YAML"),
        (f"a: {'9' * 5000}", "YAML"),
    ],
)
def test_numbers_that_json_cannot_hold_are_refused(text: str, format: str) -> None:  # noqa: A002
    assert refusal(text, format).code == "bad-number"


def test_half_a_surrogate_pair_is_refused_as_an_escape_and_as_a_character() -> None:
    escaped = refusal('{"a": "x",\n "b": ["\\ud83d"]}', "JSON")
    assert (escaped.code, escaped.place) == ("bad-character", Place(2, 8))
    assert refusal('{"\\udc00": 1}', "JSON").code == "bad-character"
    assert refusal('{"a": "\ud83d"}', "JSON").code == "bad-character"
    assert refusal("a: \ud83d", "YAML").code == "bad-character"
    assert refusal('a: "\\ud83d"', "YAML").code == "yaml-syntax"


def test_both_halves_of_a_surrogate_pair_are_one_character() -> None:
    assert load('{"a": "\\ud83d\\ude00"}', "JSON").value == {"a": "\U0001f600"}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert load("\ufeff{}", "JSON").value == {}
    assert load("\ufeffa: 1", "YAML").value == {"a": 1}


def test_a_tab_before_yaml_is_explained() -> None:
    problem = refusal("a:\n\tb: 1\n", "YAML")
    assert "indented with spaces" in problem.message
    assert problem.place.line == 2


def test_more_than_64_kilobytes_are_refused() -> None:
    load(json.dumps("x" * 65_534), "JSON")
    assert refusal(json.dumps("x" * 65_535), "JSON").code == "too-large"
    assert refusal(json.dumps("é" * 40_000, ensure_ascii=False), "JSON").code == "too-large"


@pytest.mark.parametrize("text", ["", "  \n", "# nothing\n"])
def test_an_empty_text_is_refused(text: str) -> None:
    assert refusal(text, "YAML").code == "empty"


def test_a_second_yaml_document_is_refused() -> None:
    assert refusal("a: 1\n---\nb: 2\n", "YAML").code == "yaml-syntax"


def test_dates_times_and_account_ids_stay_text_in_yaml() -> None:
    text = "a: 2024-01-01\nb: 12:30:45\nc: 012345670123\nd: 2024-01-01T00:00:00Z\n"
    assert load(text, "YAML").value == {
        "a": "2024-01-01",
        "b": "12:30:45",
        "c": "012345670123",
        "d": "2024-01-01T00:00:00Z",
    }


def test_keys_are_text_in_yaml() -> None:
    assert load("on: 1\n2: x\n2024-01-01: y\n", "YAML").value == {"on": 1, "2": "x", "2024-01-01": "y"}


def test_a_reference_without_quotes_is_explained() -> None:
    problem = refusal("InstanceIds: {{ InstanceId }}\n", "YAML")
    assert problem.code == "bad-key"
    assert "quotes" in problem.message


def test_tags_of_other_languages_are_refused() -> None:
    assert refusal("a: !Ref b", "YAML").code == "unknown-tag"


@pytest.mark.parametrize(("text", "format"), [('{"a": 1,\n "b": 1, "a": 2}', "JSON"), ("a: 1\nb: 1\na: 2", "YAML")])
def test_a_key_written_twice_is_a_problem_at_its_second_place(text: str, format: str) -> None:  # noqa: A002
    source = load(text, format)
    assert [(problem.code, problem.place.line) for problem in source.problems] == [
        ("duplicate-key", text.count("\n") + 1)
    ]


def test_places_of_keys_and_values_in_json() -> None:
    source = load('{"a": {"b": [1,\n  {"c: {": "x, y"}]},\n "d": 2}', "JSON")
    assert source.place_of(("a", "b", 0)) == Place(1, 14)
    assert source.place_of(("a", "b", 1, "c: {")) == Place(2, 12)
    assert source.place_of(("a", "b", 1, "c: {"), of_key=True) == Place(2, 4)
    assert source.place_of(("d",), of_key=True) == Place(3, 2)


def test_places_of_keys_and_values_in_yaml() -> None:
    source = load("a:\n  - b: x\n    c: [1, 2]\n", "YAML")
    assert source.place_of(("a", 0, "c", 1)) == Place(3, 12)
    assert source.place_of(("a", 0, "c"), of_key=True) == Place(3, 5)


@pytest.mark.parametrize(("text", "format"), [('{"a":\n {"b": 1}}', "JSON"), ("a:\n {b: 1}", "YAML")])
def test_what_is_missing_is_placed_where_it_would_stand(text: str, format: str) -> None:  # noqa: A002
    assert load(text, format).place_of(("a", "missing", 3)) == Place(2, 2)
