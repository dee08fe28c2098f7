from __future__ import annotations

import pytest

from runwright.language.types import is_of_kind, kind_of
from runwright.messages import Json


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("String", "String"),
        ("MapList", "MapList"),
        ("AWS::EC2::Instance::Id", "String"),
        ("AWS::IAM::Role::Arn", "String"),
        ("List<AWS::EC2::Instance::Id>", "StringList"),
        ("string", None),
        ("List<String>", None),
        ("AWS", None),
        ("List<AWS::EC2::Instance::Id", None),
    ],
)
def test_type_names(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("kind", "value", "belongs"),
    [
        ("Integer", 1, True),
        ("Integer", True, False),
        ("Integer", "1", False),
        ("StringList", [], True),
        ("StringList", ["a", 1], False),
        ("MapList", [{}], True),
        ("StringMap", [], False),
        ("Any", None, True),
    ],
)
def test_values_belong_to_a_type_as_they_stand(kind: str, value: Json, belongs: bool) -> None:
    assert is_of_kind(kind, value) is belongs
