from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runwright import library
from runwright.actions import DECLARATIONS
from runwright.cli import main
from runwright.language import parse
from runwright.language.schema import schema_of
from runwright.language.source import load

SCHEMA = schema_of(DECLARATIONS)
VALIDATOR = Draft202012Validator(SCHEMA)
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))

LOOSE = """
schemaVersion: 0.3
description:
parameters:
  Ids: {type: 'List<AWS::EC2::Instance::Id>', default: [], minItems: '0'}
  Map: {type: StringMap, default: '{}'}
variables: {count: {type: Integer, default: 0}}
mainSteps:
- name: wait
  action: aws:waitForAwsResourceProperty
  maxAttempts: '2'
  timeoutSeconds: '{{ variable:count }}'
  isCritical: 'true'
  onFailure: abort
  inputs: {Service: EC2, Api: describe_instances, PropertySelector: Vpcs, DesiredValues: one, Anything: [1]}
- name: choose
  action: aws:branch
  inputs:
    Choices:
    - {NextStep: each, And: {Variable: '{{ global:REGION }}', StringEquals: a, StartsWith: b}}
    - {NextStep: each, Not: [{Variable: x, StringEquals: a}]}
    Default: each
- name: each
  action: aws:loop
  inputs:
    LoopCondition: {Variable: '{{ variable:count }}', NumericLesser: 3}
    MaxIterations: '5'
    Steps:
    - {name: rest, action: aws:sleep, inputs: {Duration: PT0.5S}}
- name: halt
  action: aws:pause
  inputs:
"""


def problems(value: Any) -> list[str]:
    return [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in VALIDATOR.iter_errors(value)]


def test_it_is_a_schema_of_its_draft() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", library.texts())
def test_runbooks_of_the_library_are_valid(name: str) -> None:
    assert problems(load(library.texts()[name], "YAML").value) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_valid(path: Path) -> None:
    assert problems(load(path.read_text(), "YAML").value) == []


def test_loose_forms_that_the_checks_take_are_valid() -> None:
    assert not [each for each in parse(LOOSE, "YAML", DECLARATIONS).problems if each.is_error]
    assert problems(load(LOOSE, "YAML").value) == []


def step(**members: Any) -> dict[str, Any]:
    return {"name": "one", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}} | members


WRONG = {
    "no version": {"mainSteps": [step()]},
    "another version": {"schemaVersion": "2.2", "mainSteps": [step()]},
    "no steps": {"schemaVersion": "0.3", "mainSteps": []},
    "an unknown property": {"schemaVersion": "0.3", "mainSteps": [step()], "steps": []},
    "an unknown property of a step": {"schemaVersion": "0.3", "mainSteps": [step(onFail="Abort")]},
    "an unknown action": {"schemaVersion": "0.3", "mainSteps": [step(action="aws:nap")]},
    "an unknown input": {"schemaVersion": "0.3", "mainSteps": [step(inputs={"Seconds": 1})]},
    "a missing input": {"schemaVersion": "0.3", "mainSteps": [step(action="aws:deleteImage", inputs={})]},
    "no inputs at all": {"schemaVersion": "0.3", "mainSteps": [{"name": "one", "action": "aws:deleteImage"}]},
    "a value that is not allowed": {
        "schemaVersion": "0.3",
        "mainSteps": [step(action="aws:changeInstanceState", inputs={"InstanceIds": ["i-1"], "DesiredState": "on"})],
    },
    "a bad follow-up": {"schemaVersion": "0.3", "mainSteps": [step(onFailure="Stop")]},
    "an unknown operator": {
        "schemaVersion": "0.3",
        "mainSteps": [step(action="aws:branch", inputs={"Choices": [{"NextStep": "one", "Variable": "x", "Is": 1}]})],
    },
    "a wrong step within a loop": {
        "schemaVersion": "0.3",
        "mainSteps": [step(action="aws:loop", inputs={"Iterators": ["a"], "Steps": [step(action="aws:nap")]})],
    },
    "a wrong type of a parameter": {
        "schemaVersion": "0.3", "parameters": {"a": {"type": "Text"}}, "mainSteps": [step()],
    },
}  # fmt: skip


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG.keys())
def test_what_the_checks_refuse_is_not_valid(value: dict[str, Any]) -> None:
    assert problems(value)
    assert [each for each in parse(json.dumps(value), "JSON", DECLARATIONS).problems if each.is_error]


def test_every_input_is_explained() -> None:
    for name, declaration in DECLARATIONS.items():
        properties = SCHEMA["$defs"][f"inputs of {name}"]["properties"]
        assert {one.name: one.description for one in declaration.inputs} == {
            key: value["description"] for key, value in properties.items()
        }


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
