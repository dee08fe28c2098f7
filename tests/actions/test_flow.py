from __future__ import annotations

import pytest

from runwright.actions import DECLARATIONS
from runwright.actions.registry import SetVariable
from runwright.language.inputs import fit
from runwright.messages import Json, SleepUntil
from tests.actions.conversation import NOW, Conversation


def test_a_duration_is_slept() -> None:
    talk = Conversation("aws:sleep", {"Duration": "PT10M"})
    assert talk.effect == SleepUntil(NOW + 600)
    assert talk.reply().values == {}


def test_a_sleep_lasts_until_its_timestamp() -> None:
    assert Conversation("aws:sleep", {"Timestamp": "2023-11-14T23:13:20Z"}).effect == SleepUntil(NOW + 3600)


@pytest.mark.parametrize("inputs", [{"Duration": "PT0S"}, {"Timestamp": "2001-01-01T00:00:00Z"}])
def test_a_time_that_has_passed_is_no_wait_at_all(inputs: dict[str, Json]) -> None:
    assert Conversation("aws:sleep", inputs).asked == []


def test_a_timestamp_too_far_ahead_is_refused() -> None:
    failed = Conversation("aws:sleep", {"Timestamp": "2099-01-01T00:00:00Z"}).failure
    assert "more than 604799 seconds ahead" in failed.message
    assert failed.stage == "InputValidation"


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({}, "exactly one"),
        ({"Duration": "PT1S", "Timestamp": "2023-11-14T23:13:20Z"}, "exactly one"),
        ({"Duration": "P7D"}, "longer than 604799 seconds"),
        ({"Duration": "ten"}, "no ISO-8601 duration"),
        ({"Timestamp": "noon"}, "no ISO-8601 time"),
    ],
)
def test_what_cannot_be_slept(inputs: dict[str, Json], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fit(DECLARATIONS["aws:sleep"], inputs)


def test_the_longest_sleep_is_a_second_short_of_a_week() -> None:
    assert fit(DECLARATIONS["aws:sleep"], {"Duration": "PT604799S"})


@pytest.mark.parametrize("value", ["", "x", 3, False, ["a"], {"a": 1}])
def test_a_variable_is_set_to_the_value_as_it_is(value: Json) -> None:
    talk = Conversation("aws:updateVariable", {"Name": "variable:count", "Value": value})
    assert talk.given == SetVariable("count", value)


def test_a_variable_is_named_with_its_prefix() -> None:
    with pytest.raises(ValueError, match="has to match"):
        fit(DECLARATIONS["aws:updateVariable"], {"Name": "count", "Value": 1})
