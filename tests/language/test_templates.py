from __future__ import annotations

import pytest

from runwright.language.templates import Unresolved, references, render, single_reference
from runwright.messages import Json

VALUES: dict[str, Json] = {
    "name": "web",
    "ids": ["i-1", "i-2"],
    "empty": [],
    "count": 3,
    "flag": True,
    "map": {"a": [1, "é"]},
    "step.Out": "from a step",
    "global:REGION": "eu-west-1",
    "sly": "{{ name }}",
}


def rendered(value: Json) -> Json:
    return render(value, VALUES.__getitem__)


@pytest.mark.parametrize("reference", ["ids", "count", "flag", "map", "empty"])
def test_a_text_that_is_one_reference_keeps_the_type_of_its_value(reference: str) -> None:
    assert rendered(f"{{{{ {reference} }}}}") == VALUES[reference]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {{name}} b", "a web b"),
        ("{{name}}{{count}}", "web3"),
        (" {{count}}", " 3"),
        ("n={{ count }} f={{flag}}", "n=3 f=true"),
        ("{{ids}}!", '["i-1","i-2"]!'),
        ('{"p": {{map}}}', '{"p": {"a":[1,"é"]}}'),
        ("{{step.Out}} in {{global:REGION}}", "from a step in eu-west-1"),
    ],
)
def test_a_reference_within_a_text_becomes_text(text: str, expected: str) -> None:
    assert rendered(text) == expected


def test_a_list_that_stands_for_one_element_is_spliced() -> None:
    assert rendered(["{{ids}}", "i-3", "{{empty}}"]) == ["i-1", "i-2", "i-3"]
    assert rendered([["{{ids}}"], "{{name}}"]) == [["i-1", "i-2"], "web"]
    assert rendered(["x{{ids}}"]) == ['x["i-1","i-2"]']


def test_values_are_rendered_within_maps_and_keys_are_not() -> None:
    assert rendered({"{{name}}": {"Values": ["{{ids}}"], "n": 1}}) == {"{{name}}": {"Values": ["i-1", "i-2"], "n": 1}}


def test_text_that_came_from_a_value_is_not_rendered_again() -> None:
    assert rendered("{{sly}}") == "{{ name }}"
    assert rendered("<{{sly}}>") == "<{{ name }}>"


@pytest.mark.parametrize("text", ["{{ a b }}", "{{}}", "{{ {{x}", "${{ !x }}", "{ {name} }", "{{#if}}"])
def test_braces_that_hold_no_reference_stay(text: str) -> None:
    assert rendered(text) == text
    assert list(references(text)) == []


def test_a_reference_without_a_value_is_named() -> None:
    with pytest.raises(Unresolved) as missing:
        rendered(["fine", {"deep": "x {{ step.Nope }}"}])
    assert missing.value.reference == "step.Nope"


def test_references_are_found_wherever_they_stand() -> None:
    value = {"a": ["{{x}} {{ y.Z }}", {"b": "{{variable:v}}"}], "{{key}}": 1}
    assert list(references(value)) == ["x", "y.Z", "variable:v"]


def test_only_a_whole_text_is_a_single_reference() -> None:
    assert single_reference("{{ step.Out }}") == "step.Out"
    assert single_reference("{{a}} ") is None
    assert single_reference("{{a}}{{b}}") is None
    assert single_reference("plain") is None
