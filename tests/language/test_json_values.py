from __future__ import annotations

import json

import pytest

from runwright.language.declarations import Declaration, Input
from runwright.language.fields import as_kind
from runwright.language.inputs import fit
from runwright.language.json_values import MOST_LEVELS, TooDeep, json_value
from runwright.messages import Json

TAKES_A_MAP = Declaration("aws:try", "", (Input("Map", "StringMap"),))


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize("text", ["[]", '{"a":[1.5,"\\ud83d\\ude00",null]}', '"\\u00e9"', nested(MOST_LEVELS)])
def test_json_in_a_text_is_its_value(text: str) -> None:
    assert json_value(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", "x", "NaN", "[-Infinity]", '{"a":1e999}', '{"a":"\\ud800"}', '{"\\ud800":1}', "9" * 5000]
)
def test_what_could_not_be_stored_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_value(text)


@pytest.mark.parametrize("text", [nested(MOST_LEVELS + 1), "[" * 100_000])
def test_lists_and_maps_lie_in_each_other_up_to_a_limit(text: str) -> None:
    with pytest.raises(TooDeep):
        json_value(text)


@pytest.mark.parametrize("text", ['{"a":NaN}', '{"a":1e999}', '{"a":"\\ud800"}', nested(MOST_LEVELS + 1)])
def test_a_map_that_could_not_be_stored_is_no_map(text: str) -> None:
    kinds: list[Json] = [as_kind(kind, text) for kind in ("StringMap", "MapList")]
    assert kinds == [None, None]
    with pytest.raises(ValueError, match="has to be of type StringMap"):
        fit(TAKES_A_MAP, {"Map": text})
