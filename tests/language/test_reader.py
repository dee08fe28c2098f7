from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from runwright.errors import InvalidRunbook
from runwright.language import parse, parse_runbook
from runwright.language.declarations import Declaration
from runwright.language.model import Comparison, Not, Or
from runwright.language.problems import Problem

Check = Callable[[str], list[Problem]]
Declarations = dict[str, Declaration]

LOOSE = """
schemaVersion: 0.3
description: 7
parameters:
  Names: {type: 'List<AWS::EC2::Instance::Id>', default: '["a", "b"]'}
  Count: {type: Integer, default: '3', minChars: '1'}
  Deep: {type: StringMap, default: '{}'}
  Secure: {type: Boolean, default: 'True'}
variables:
  payload: {type: StringMap, default: '{}'}
mainSteps:
  - name: wait
    action: aws:pause
    isCritical: 'true'
    isEnd: 'False'
    timeoutSeconds: '600'
    maxAttempts: 2.0
    onFailure: continue
  - name: choose
    action: aws:branch
    inputs:
      Choices:
        - NextStep: last
          Or:
            Variable: '{{ Count }}'
            NumericGreater: 5
            NumericLesser: 1
        - NextStep: last
          Not: {Variable: '{{ Secure }}', BooleanEquals: true}
  - name: last
    action: aws:pause
    inputs:
outputs:
  - '{{ wait.OutputPayload }}'
  - last.OutputPayload
"""


def test_loose_forms_are_straightened(declarations: Declarations) -> None:
    runbook = parse_runbook(LOOSE, "YAML", declarations)
    wait, choose, last = runbook.steps
    assert (wait.is_critical, wait.is_end, wait.timeout_seconds, wait.max_attempts) == (True, False, 600, 2)
    assert (wait.on_failure, wait.inputs, wait.following) == ("Continue", {}, "choose")
    assert (runbook.parameters["Names"].kind, runbook.parameters["Names"].default) == ("StringList", ["a", "b"])
    assert runbook.parameters["Count"].default == 3
    assert runbook.parameters["Secure"].default is True
    assert runbook.variables["payload"].default == {}
    assert choose.choices[0].condition == Or(
        (Comparison("{{ Count }}", "NumericGreater", 5), Comparison("{{ Count }}", "NumericLesser", 1))
    )
    assert choose.choices[1].condition == Not(Comparison("{{ Secure }}", "BooleanEquals", operand=True))
    assert runbook.outputs == ("wait.OutputPayload", "last.OutputPayload")
    assert last.following is None


LOOPS = """
schemaVersion: '0.3'
assumeRole: '{{ Role }}'
parameters:
  Role: {type: 'AWS::IAM::Role::Arn', default: ''}
files:
  code.zip: {checksums: {sha256: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'}}
mainSteps:
  - name: each
    action: aws:loop
    inputs:
      Iterators: ['1', '2']
      Steps:
        - name: again
          action: aws:loop
          inputs:
            LoopCondition: {Variable: '{{ call.More }}', BooleanEquals: true}
            MaxIterations: '5'
            Steps:
              - name: call
                action: aws:executeAwsApi
                timeoutSeconds: '{{ each.CurrentIteration }}'
                inputs: {Service: s3, Api: ListBuckets, Prefix: '{{ each.CurrentIteratorValue }}'}
                outputs:
                  - {Name: More, Selector: $.IsTruncated, Type: Boolean}
                  - {Name: All, Selector: $}
outputs: [call.All]
"""


def test_nested_loops_attachments_and_what_is_referred_to(declarations: Declarations) -> None:
    runbook = parse_runbook(LOOPS, "YAML", declarations)
    assert list(runbook.all_steps) == ["each", "again", "call"]
    assert runbook.all_steps["again"].loop is not None
    assert runbook.all_steps["again"].loop.max_iterations == 5
    assert runbook.all_steps["again"].loop.steps == (runbook.all_steps["call"],)
    assert runbook.all_steps["call"].outputs[1].type is None
    assert runbook.referred == {
        ("call", "More"),
        ("call", "All"),
        ("each", "CurrentIteration"),
        ("each", "CurrentIteratorValue"),
    }
    assert runbook.files["code.zip"].sha256 == "a" * 64


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schemaVersion": "2.2"}, "schema-version"),
        ({"schemaVersion": None}, "schema-version"),
        ({"version": "0.3"}, "unknown-property"),
        ({"mainSteps": None}, "missing-property"),
        ({"mainSteps": "steps"}, "wrong-type"),
        ({"mainSteps": []}, "no-steps"),
        ({"mainSteps": [{"action": "aws:pause"}]}, "missing-property"),
        ({"mainSteps": [{"name": "a"}]}, "missing-property"),
        ({"mainSteps": [{"name": "a b", "action": "aws:pause"}]}, "bad-name"),
        ({"mainSteps": ["a"]}, "wrong-type"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "inputs": []}]}, "wrong-type"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "isEnd": "maybe"}]}, "not-a-boolean"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "maxAttempts": "three"}]}, "not-a-number"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "maxAttempts": 0}]}, "not-a-number"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "timeoutSeconds": 10**400}]}, "not-a-number"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "onFailure": "Retry"}]}, "bad-follow-up"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "onCancel": "Continue"}]}, "bad-follow-up"),
        ({"mainSteps": [{"name": "a", "action": "aws:pause", "outputs": [{"Name": "x"}]}]}, "missing-property"),
        ({"parameters": []}, "wrong-type"),
        ({"parameters": {"a": {"type": "Text"}}}, "unknown-type"),
        ({"parameters": {"a": {"default": 1}}}, "missing-property"),
        ({"parameters": {"a b": {"type": "String"}}}, "bad-name"),
        ({"parameters": {"a": {"type": "Integer", "default": "many"}}}, "wrong-default"),
        ({"parameters": {"a": {"type": "StringMap", "default": "[1]"}}}, "wrong-default"),
        ({"parameters": {"a": {"type": "String", "allowedPattern": "("}}}, "bad-pattern"),
        ({"parameters": {"a": {"type": "String", "maxChars": "few"}}}, "not-a-number"),
        ({"files": {"a.py": {"checksums": {"sha256": "12"}}}}, "bad-checksum"),
        ({"outputs": "a.b"}, "wrong-type"),
    ],
)
def test_a_malformed_property_is_a_problem_of_its_own(
    change: dict[str, object], code: str, declarations: Declarations
) -> None:
    whole = {"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:pause"}], **change}
    parsed = parse(json.dumps(whole), "JSON", declarations)
    assert parsed.runbook is None
    assert [problem.code for problem in parsed.problems] == [code]


@pytest.mark.parametrize("text", ["[]", '"runbook"', "3", "null"])
def test_a_text_that_is_no_map_is_no_runbook(text: str, declarations: Declarations) -> None:
    with pytest.raises(InvalidRunbook):
        parse_runbook(text, "JSON", declarations)


def conditions(condition: str) -> str:
    return f"""
schemaVersion: '0.3'
parameters: {{Size: {{type: String}}}}
mainSteps:
  - name: choose
    action: aws:branch
    inputs:
      Choices: [{{NextStep: last, {condition}}}]
  - {{name: last, action: 'aws:pause'}}
"""


def test_or_of_one_is_refused_in_aws_words(check: Check) -> None:
    (problem,) = check(conditions("Or: [{Variable: '{{ Size }}', StringEquals: big}]"))
    assert problem.message == "Expect at lease two expressions for operator: Or in step: choose. Provided: 1"


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("Variable: '{{ Size }}'", "bad-condition"),
        ("Variable: '{{ Size }}', StringEqual: big", "unknown-operator"),
        ("Variable: '{{ Size }}', StringEquals: big, StartsWith: b", "bad-condition"),
        ("StringEquals: big", "missing-property"),
        ("Not: big", "wrong-type"),
        ("And: []", "too-few-operands"),
    ],
)
def test_a_malformed_condition_is_a_problem(condition: str, code: str, check: Check) -> None:
    assert [problem.code for problem in check(conditions(condition))] == [code]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ("{}", "bad-loop"),
        ("{Iterators: [a], LoopCondition: {Variable: a, StringEquals: a}}", "bad-loop"),
        ("{Iterators: abc}", "wrong-type"),
        ("{Iterators: [a], MaxIterations: 101}", "not-a-number"),
        ("{Iterators: [a], IteratorDataType: MapList}", "unknown-type"),
    ],
)
def test_a_malformed_loop_is_a_problem(inputs: str, code: str, check: Check) -> None:
    text = f"""
schemaVersion: '0.3'
mainSteps:
  - name: each
    action: aws:loop
    inputs: {{Steps: [{{name: inner, action: 'aws:pause'}}], {inputs[1:-1]}}}
"""
    assert [problem.code for problem in check(text)] == [code]
