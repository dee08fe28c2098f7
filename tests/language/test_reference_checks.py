from __future__ import annotations

from collections.abc import Callable

import pytest

from runwright.language.problems import Problem

Check = Callable[[str], list[Problem]]

TEXT = """
schemaVersion: '0.3'
parameters:
  Version: {type: String, description: '{{ nothing.here }}'}
variables:
  count: {type: Integer, default: 0}
mainSteps:
  - name: start
    action: aws:changeInstanceState
    description: as {{ foreign }} text
    inputs: {InstanceIds: [i-1], DesiredState: running}
  - name: call
    action: aws:executeAwsApi
    inputs:
      Service: s3
      Api: ListBuckets
      Prefix: "%s"
"""


@pytest.mark.parametrize(
    "reference",
    [
        "{{Version}}",
        "{{ Version }} and {{ start.InstanceStates }}",
        "{{ variable:count }}",
        "{{ global:REGION }}",
        "{{ automation:EXECUTION_ID }}",
        "{{ RESOURCE_ID }}",
        "{{ two words }} and {{ a | filter }} and {{}}",
        "{ Version } }} {{",
    ],
)
def test_references_to_what_there_is_and_foreign_braces_are_accepted(reference: str, check: Check) -> None:
    assert check(TEXT % reference) == []


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("{{ PackageVersion }}", "undeclared-parameter"),
        ("{{ start.Nothing }}", "undeclared-output"),
        ("{{ nobody.Output }}", "undeclared-output"),
        ("{{ start }}", "undeclared-parameter"),
        ("{{ variable:other }}", "undeclared-variable"),
        ("{{ global:TIME }}", "unknown-system-variable"),
        ("{{ automation:NAME }}", "unknown-system-variable"),
        ("{{ ssm:/a/b }}", "parameter-store-reference"),
        ("{{ resolve:this }}", "undeclared-parameter"),
    ],
)
def test_references_to_nothing_are_refused_where_they_stand(reference: str, code: str, check: Check) -> None:
    (problem,) = check(TEXT % reference)
    assert (problem.code, problem.place) == (code, (17, 15))


def test_an_undeclared_parameter_is_refused_in_aws_words(check: Check) -> None:
    (problem,) = check(TEXT % "{{ Pakage }}")
    assert problem.message == 'Parameter "Pakage" is not declared.'


def test_outputs_of_the_runbook_name_outputs_of_steps(check: Check) -> None:
    problems = check(TEXT % "x" + "outputs: [start.InstanceStates, start.Nope, '{{ nobody.X }}']\n")
    assert [problem.code for problem in problems] == ["undeclared-output"] * 2


def test_what_only_aws_can_run_may_give_anything_and_is_a_warning(check: Check) -> None:
    (problem,) = check(TEXT % "{{ there.X }}" + "  - {name: there, action: 'aws:onlyThere', inputs: {}}\n")
    assert (problem.code, problem.is_error) == ("only-aws", False)


def test_the_role_is_a_declared_parameter(check: Check) -> None:
    assert [problem.code for problem in check("assumeRole: '{{ Role }}'" + TEXT % "x")] == ["undeclared-parameter"]
    assert check("assumeRole: '{{ Version }}'" + TEXT % "x") == []


def test_defaults_refer_to_parameter_store_and_the_system_only(check: Check) -> None:
    def codes(default: str, kind: str = "String") -> list[tuple[str, bool]]:
        parameter = f"parameters: {{Image: {{type: {kind}, default: '{default}'}}, Other: {{type: String}}}}"
        step = "mainSteps: [{name: a, action: 'aws:pause'}]"
        return [(problem.code, problem.is_error) for problem in check(f"schemaVersion: '0.3'\n{parameter}\n{step}\n")]

    assert codes("{{ ssm:/images/latest }}") == []
    assert codes("{{ global:ACCOUNT_ID }}") == []
    assert codes("{{ ssm:/images/latest }}", "Integer") == [("parameter-store-reference", True)]
    assert codes("{{ Other }}") == [("unrendered-default", False)]


SCRIPT = """
schemaVersion: '0.3'
parameters: {Name: {type: String}}
mainSteps:
  - name: run
    action: aws:executeScript
    inputs:
      Runtime: %s
      Handler: main
      Script: |
        print("%s")
"""


def test_a_script_is_not_looked_at_but_a_reference_in_it_is_a_warning(check: Check) -> None:
    assert check(SCRIPT % ("python3.11", "{{ anything }}")) == []
    (problem,) = check(SCRIPT % ("python3.11", "{{ Name }}"))
    assert (problem.code, problem.is_error) == ("reference-in-script", False)
    assert "InputPayload" in problem.message


@pytest.mark.parametrize(
    ("runtime", "codes"),
    [("python3.8", ["retired-runtime"]), ("PowerShell 7.4", ["needs-powershell"]), ("python3.10", [])],
)
def test_runtimes_that_may_not_run_are_warned_of(runtime: str, codes: list[str], check: Check) -> None:
    problems = check(SCRIPT % (runtime, "x"))
    assert [problem.code for problem in problems] == codes
    assert not any(problem.is_error for problem in problems)


@pytest.mark.parametrize(
    ("name", "codes"),
    [("variable:count", []), ("variable:n", ["undeclared-variable"]), ("count", ["undeclared-variable"])],
)
def test_only_declared_variables_are_set(name: str, codes: list[str], check: Check) -> None:
    step = f"  - {{name: set, action: 'aws:updateVariable', inputs: {{Name: '{name}', Value: 1}}}}\n"
    assert [problem.code for problem in check(TEXT % "x" + step)] == codes


def test_an_attachment_that_is_not_among_the_files_is_a_warning(check: Check) -> None:
    text = SCRIPT.replace("Handler: main", "Attachment: code.zip") % ("python3.11", "x")
    (problem,) = check(text)
    assert (problem.code, problem.is_error) == ("unknown-attachment", False)
    assert check(text + "files: {code.zip: {checksums: {sha256: '" + "0" * 64 + "'}}}\n") == []
