"""Corners of the language that published runbooks are written in, each as a text of ours."""

from __future__ import annotations

import pytest

from runwright.actions import DECLARATIONS
from runwright.language import parse, parse_runbook
from runwright.language.model import And, Runbook
from runwright.language.parameters import bind
from runwright.language.selectors import find
from runwright.messages import Json

REPLY: Json = {
    "Vpcs": [{"VpcId": "v", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}],
    "a-b": {"c d": 1},
}


def runbook(text: str) -> Runbook:
    """With `schemaVersion` and a step, unless the text has steps of its own."""
    steps = "" if "mainSteps:" in text else "mainSteps: [{name: a, action: aws:sleep, inputs: {Duration: PT0.5S}}]\n"
    return parse_runbook(f"schemaVersion: '0.3'\n{text}\n{steps}", "YAML", DECLARATIONS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{type: StringMap, default: '{}'}", {}),
        ("{type: StringMap, default: ''}", {}),
        ("{type: StringList, default: '[\"a\"]'}", ["a"]),
        ("{type: MapList, default: '[]'}", []),
        ("{type: Boolean, default: 'True'}", True),
        ("{type: Integer, default: '3'}", 3),
        ("{type: String, default: 5}", "5"),
        ("{type: String, default: '{{ global:REGION }}-x'}", "us-east-1-x"),
        ("{type: 'List<AWS::EC2::Instance::Id>', default: []}", []),
    ],
)
def test_defaults_are_what_they_are_meant_to_be(written: str, meant: Json) -> None:
    parameters = runbook(f"parameters: {{p: {written}}}").parameters

    assert bind(parameters, {}, {}, lambda reference: {"global:REGION": "us-east-1"}[reference]) == {"p": meant}


@pytest.mark.parametrize("pattern", [r"^[\w-\/]++$", r"^\p{L}+-\p{N}$", r"^(?i)ABC-\d$", r"^[a-z&&[^x]]+-1$"])
def test_java_patterns_hold_for_what_is_sent(pattern: str) -> None:
    parameters = runbook(f"parameters: {{p: {{type: String, allowedPattern: '{pattern}'}}}}").parameters

    assert bind(parameters, {"p": ["abc-1"]}, {}, lambda reference: None) == {"p": "abc-1"}


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("Vpcs[0].VpcId", ["v"]),
        (".Vpcs[0].VpcId", ["v"]),
        ("$.Vpcs[0].VpcId", ["v"]),
        ("$['Vpcs'][0]['VpcId']", ["v"]),
        ("$.'a-b'.'c d'", [1]),
        ('$."a-b"."c d"', [1]),
        ("$.a-b['c d']", [1]),
        ("$..VpcId", ["v"]),
        ("Vpcs..Value", ["1", "2"]),
        ("$.Vpcs[*].Tags[?(@.Key=='a')].Value", ["1"]),
        ('$.Vpcs[0].Tags[?(@.Key == "b")].Value', ["2"]),
        ("$.Vpcs[-1:].VpcId", ["v"]),
    ],
)
def test_selectors_are_taken_as_authors_write_them(selector: str, found: list[Json]) -> None:
    taken = find(selector, REPLY)

    assert taken is not None
    assert taken.matches == found


def test_loose_scalars_are_straightened() -> None:
    step = runbook(
        "mainSteps: [{name: a, action: aws:executeAwsApi, isCritical: 'False', isEnd: 'true', timeoutSeconds: '20', "
        "maxAttempts: '2', onFailure: continue, inputs: {Service: EC2, Api: describe-vpcs}}]"
    ).steps[0]

    assert (step.is_critical, step.is_end, step.timeout_seconds, step.max_attempts) == (False, True, 20, 2)
    assert step.on_failure == "Continue"


def test_and_may_be_a_map_of_several_operators() -> None:
    text = (
        "mainSteps:\n- {name: a, action: aws:branch, inputs: {Choices: [{NextStep: b, "
        "And: {Variable: '{{ global:REGION }}', StartsWith: us, EndsWith: '1'}}]}}\n"
        "- {name: b, action: aws:sleep, inputs: {Duration: PT0.5S}}"
    )
    condition = runbook(text).steps[0].choices[0].condition

    assert isinstance(condition, And)
    assert len(condition.conditions) == 2


@pytest.mark.parametrize("foreign", ["{{ if x }}", "{{ x | upper }}", "{{}}", "{{range $i := .Items}}", "{{ a, b }}"])
def test_braces_of_other_languages_are_left_alone(foreign: str) -> None:
    inputs = f'{{DocumentName: d, InstanceIds: [i-1], Parameters: {{commands: ["echo {foreign}"]}}}}'

    parsed = parse(
        f"schemaVersion: '0.3'\nmainSteps: [{{name: a, action: aws:runCommand, inputs: {inputs}}}]",
        "YAML",
        DECLARATIONS,
    )

    assert parsed.problems == ()
