from __future__ import annotations

import pytest

from runwright.errors import ServiceError
from runwright.language.constraints import problem_with
from runwright.language.model import Parameter
from runwright.language.parameters import bind, needed_ssm_parameters
from runwright.messages import Json

SYSTEM = {"global:ACCOUNT_ID": "123456789012", "automation:EXECUTION_ID": "e-1"}


def parameter(kind: str = "String", **more: Json) -> Parameter:
    written: dict[str, Json] = {"name": "P", "type": kind, "kind": kind, "required": "default" not in more} | more
    return Parameter(**written)


def bound(one: Parameter, *sent: str, ssm: dict[str, Json] | None = None) -> Json:
    given = {"P": list(sent)} if sent else {}
    return bind({"P": one}, given, ssm or {}, SYSTEM.__getitem__)["P"]


def refusal(one: Parameter, *sent: str) -> str:
    with pytest.raises(ServiceError) as refused:
        bound(one, *sent)
    assert refused.value.code == "InvalidAutomationExecutionParametersException"
    return refused.value.message


@pytest.mark.parametrize(
    ("kind", "sent", "value"),
    [
        ("String", ["x"], "x"),
        ("String", [""], ""),
        ("Integer", ["-5"], -5),
        ("Boolean", ["True"], True),
        ("Boolean", ["false"], False),
        ("StringList", ["a", "b"], ["a", "b"]),
        ("StringList", ['["a","b"]'], ["a", "b"]),
        ("StringList", ['{"a":1}'], ['{"a":1}']),
        ("StringList", ["[not json"], ["[not json"]),
        ("StringMap", ['{"a":["b"]}'], {"a": ["b"]}),
        ("MapList", ['{"a":"b"}', '{"c":"d"}'], [{"a": "b"}, {"c": "d"}]),
        ("MapList", ['[{"a":"b"}]'], [{"a": "b"}]),
    ],
)
def test_string_lists_become_typed_values(kind: str, sent: list[str], value: Json) -> None:
    assert bound(parameter(kind), *sent) == value


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("String", ["a", "b"]),
        ("Integer", ["1.5"]),
        ("Integer", ["five"]),
        ("Integer", ["\u0661"]),
        ("Integer", ["1", "2"]),
        ("Boolean", ["yes"]),
        ("StringMap", ["[]"]),
        ("StringMap", ["a=b"]),
        ("StringMap", ['{"a":NaN}']),
        ("StringMap", ['{"a":1e999}']),
        ("StringMap", ['{"a":"\\ud800"}']),
        ("MapList", ["[1]"]),
        ("MapList", ['{"a":"b"}', "x"]),
    ],
)
def test_values_of_another_type_are_refused_with_what_is_accepted(kind: str, sent: list[str]) -> None:
    message = refusal(parameter(kind), *sent)
    assert message.startswith('Parameter "P" has ')
    assert f"its type is {kind}: give " in message


def test_known_refusals_are_worded_as_aws_does() -> None:
    install = parameter(allowed_values=("Install", "Uninstall"))
    assert refusal(install, "install") == 'Parameter "P" has value "install" not found in [Install, Uninstall].'
    assert refusal(parameter()) == "Missing required parameter: P in user inputs."
    with pytest.raises(ServiceError, match='Parameter "Q" is not defined in document parameters'):
        bind({"P": parameter()}, {"P": ["x"], "Q": ["y"]}, {}, SYSTEM.__getitem__)


@pytest.mark.parametrize(
    ("one", "sent"),
    [
        (parameter("StringList", allowed_values=("a", "b")), ["a", "c"]),
        (parameter("StringList", allowed_pattern="[a-z]"), ["a", "1"]),
        (parameter(allowed_pattern="[a-z]"), ["ab"]),
        (parameter(allowed_pattern="(a|aa)+[^a]a"), ["a" * 60 + "!"]),
        (parameter(min_chars=2), ["a"]),
        (parameter(max_chars=2), ["abc"]),
        (parameter("StringList", min_items=2), ["a"]),
        (parameter("StringMap", max_items=1), ['{"a":1,"b":2}']),
        (parameter("Integer", allowed_values=(1, 2)), ["3"]),
        (parameter("MapList", allowed_pattern=r'\{"Key": "[a-z]+"\}'), ['{"Key":"a"}']),
    ],
)
def test_constraints_hold_for_what_is_sent(one: Parameter, sent: list[str]) -> None:
    assert refusal(one, *sent).startswith('Parameter "P" has ')


@pytest.mark.parametrize(
    ("one", "sent"),
    [
        (parameter("Integer", allowed_values=("1", "2")), ["2"]),
        (parameter("Boolean", allowed_values=(True,)), ["True"]),
        (parameter("StringList", allowed_values=(["a", "b"],)), ["a", "b"]),
        (parameter("MapList", allowed_pattern=r'\{"Key": "[a-z]+"\}'), ['{"Key": "a"}']),
    ],
)
def test_constraints_compare_what_is_meant(one: Parameter, sent: list[str]) -> None:
    bound(one, *sent)
    assert problem_with(one, bound(one, *sent), sent) is None


def test_a_default_is_never_held_against_the_constraints() -> None:
    assert bound(parameter(default="", allowed_pattern="[0-9]", min_chars=1, allowed_values=("1",))) == ""


@pytest.mark.parametrize(
    ("kind", "default", "value"),
    [
        ("StringMap", "{}", {}),
        ("StringMap", "", {}),
        ("StringList", "", []),
        ("MapList", '[{"a":"b"}]', [{"a": "b"}]),
        ("String", "stack-{{automation:EXECUTION_ID}}", "stack-e-1"),
        ("String", "{{ global:ACCOUNT_ID }}", "123456789012"),
        ("String", "{{ssm:/ami}}", "ami-1"),
        ("StringList", "{{ ssm:/list }}", ["a", "b"]),
    ],
)
def test_defaults_are_values_of_their_type(kind: str, default: Json, value: Json) -> None:
    assert bound(parameter(kind, default=default), ssm={"/ami": "ami-1", "/list": "a, b"}) == value


def test_a_default_that_refers_to_nothing_known_is_refused() -> None:
    message = refusal(parameter(default="{{ Other }}"))
    assert "there is no value for {{ Other }}" in message


def test_only_defaults_that_are_used_need_parameter_store() -> None:
    parameters = {
        "A": parameter(name="A", default="{{ssm:/a}}"),
        "B": parameter(name="B", default="{{ ssm:/b }}"),
        "C": parameter(name="C", default="{{ssm:/b}}"),
    }
    assert needed_ssm_parameters(parameters, {"A": ["x"]}) == ["/b"]


def test_a_target_parameter_may_be_missing() -> None:
    assert bind({"P": parameter()}, {}, {}, SYSTEM.__getitem__, exempt=("P",)) == {}
