"""Whatever a runbook's text holds, reading it ends, soon, and with problems rather than an exception."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwright.actions import DECLARATIONS
from runwright.language import parse
from tests.fuzzing.shapes import anything

SECONDS = 5.0
"""Far more than any of these needs; what would take for ever takes longer."""

PATIENT = settings(
    max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
HOSTILE = {
    "deep flow lists": ("[" * 30_000, "YAML"),
    "deep flow maps": ("{a: " * 15_000, "YAML"),
    "deep block lists": ("".join(" " * n + "-\n" for n in range(300)), "YAML"),
    "deep JSON": ("[" * 60_000, "JSON"),
    "deep JSON maps": ('{"a":' * 12_000, "JSON"),
    "an alias bomb": (BOMB, "YAML"),
    "an alias of itself": ("a: &a [*a]", "YAML"),
    "a merge bomb": ("a: &a {x: 1}\nb: {<<: [" + ", ".join(["*a"] * 5000) + "]}", "YAML"),
    "a line of ten megabytes": ("description: " + "x" * 10_000_000, "YAML"),
    "a JSON line of ten megabytes": (json.dumps({"description": "x" * 10_000_000}), "JSON"),
    "many digits": ('{"a": ' + "9" * 50_000 + "}", "JSON"),
    "many digits in YAML": ("a: " + "9" * 50_000, "YAML"),
    "half a surrogate pair": ('{"schemaVersion": "0.3\\ud800"}', "JSON"),
    "control characters": ("a: \x00\x01", "YAML"),
    "tags": ("!!python/object/apply:os.system [true]", "YAML"),
    "two documents": ("a: 1\n---\nb: 2", "YAML"),
    "nothing": ("", "YAML"),
}


def read(text: str, text_format: str) -> None:
    began = time.perf_counter()
    parsed = parse(text, text_format, DECLARATIONS)
    assert time.perf_counter() - began < SECONDS
    assert parsed.runbook is not None or parsed.problems
    for problem in parsed.problems:
        assert problem.message


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_is_read_soon_and_refused(hostile: tuple[str, str]) -> None:
    read(*hostile)
    assert any(problem.is_error for problem in parse(*hostile, DECLARATIONS).problems)


@pytest.mark.parametrize("text_format", ["YAML", "JSON"])
def test_any_text_is_read(text_format: str) -> None:
    @PATIENT
    @given(st.text(max_size=300) | st.text("[]{}:,-&*!|>'\"% \n\tab01", max_size=300))
    def play(text: str) -> None:
        read(text, text_format)

    play()


def test_any_json_value_is_read() -> None:
    steps = st.lists(
        st.fixed_dictionaries({"name": anything, "action": st.sampled_from(sorted(DECLARATIONS)), "inputs": anything}),
        max_size=3,
    )

    @PATIENT
    @given(st.fixed_dictionaries({"schemaVersion": st.just("0.3") | anything, "mainSteps": steps | anything}, optional={
        "parameters": anything, "outputs": anything, "variables": anything, "assumeRole": anything, "files": anything,
    }))  # fmt: skip
    def play(value: object) -> None:
        read(json.dumps(value), "JSON")

    play()
