from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwright.api.document_text import converted, described, require_runbook, schema_version
from runwright.errors import ServiceError
from runwright.language.source import load
from runwright.messages import Json
from tests.api.runbooks import SLEEP, SLEEP_YAML, text

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20) | st.sampled_from(
    [
        "012345678901",
        "12:30:45",
        "2024-01-01",
        "yes",
        "~",
        "null",
        "1e5",
        "0x1F",
        "=",
        "<<",
        "a: b",
        "- a",
        " x ",
        "a\n b\n",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_a_value_survives_the_way_to_yaml_and_back(value: Json) -> None:
    written = json.dumps({"value": value})
    there = converted(written, "JSON", "YAML")

    assert load(there, "YAML").value == {"value": value}
    assert json.loads(converted(there, "YAML", "JSON")) == {"value": value}


def test_the_same_format_is_the_same_text() -> None:
    assert converted(SLEEP_YAML, "YAML", "YAML") is SLEEP_YAML


def test_lines_of_a_script_stay_lines_in_yaml() -> None:
    there = converted(json.dumps({"Script": "def main():\n  return 1\n"}), "JSON", "YAML")

    assert there == "Script: |\n  def main():\n    return 1\n"


@pytest.mark.parametrize(
    ("content", "version"),
    [
        (text(SLEEP), "0.3"),
        (SLEEP_YAML, "0.3"),
        ("schemaVersion: 0.3\n", "0.3"),
        ('{"schemaVersion": "2.2"}', "2.2"),
        ("{}", None),
        ("[]", None),
        ("{", None),
        ("x" * 70_000, None),
        ('{"schemaVersion": {"a": 1}}', None),
    ],
)
def test_the_schema_version_is_read_in_either_format(content: str, version: str | None) -> None:
    assert schema_version(content, "JSON", "YAML") == version


def test_hundreds_of_problems_are_not_all_listed() -> None:
    steps = [{"name": f"s{n}", "action": "aws:nothing", "inputs": {}} for n in range(300)]
    with pytest.raises(ServiceError) as caught:
        require_runbook(json.dumps({"schemaVersion": "0.3", "mainSteps": steps}), "JSON")

    lines = caught.value.message.split("\n")
    assert len(lines) == 51
    assert lines[-1].endswith("more problems.")


def test_a_text_that_is_no_runbook_any_more_is_still_told_of() -> None:
    assert described("some-hash", "{}", "JSON") is None
