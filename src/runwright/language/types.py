"""The six types of runbook values, and the AWS types that stand for two of them."""

from __future__ import annotations

import re

from runwright.language.model import KINDS
from runwright.messages import Json

_AWS_TYPE = re.compile(r"AWS(?:::[A-Za-z0-9]+)+")
_LIST_OF_AWS_TYPE = re.compile(rf"List<\s*{_AWS_TYPE.pattern}\s*>")


def kind_of(type_name: str) -> str | None:
    """The one of the six types that `type_name` stands for, or None when there is no such type.

    An AWS type such as `AWS::EC2::Instance::Id` is a String, `List<AWS::EC2::Instance::Id>` a StringList (inferred).
    """
    if type_name in KINDS:
        return type_name
    if _AWS_TYPE.fullmatch(type_name):
        return "String"
    return "StringList" if _LIST_OF_AWS_TYPE.fullmatch(type_name) else None


def is_of_kind(kind: str, value: Json) -> bool:
    """Whether `value` is one of `kind` as it stands, without any conversion. Everything is an `Any`."""
    match kind:
        case "String":
            return isinstance(value, str)
        case "Boolean":
            return isinstance(value, bool)
        case "Integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "StringMap":
            return isinstance(value, dict)
        case "StringList":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "MapList":
            return isinstance(value, list) and all(isinstance(each, dict) for each in value)
        case "Any":
            return True
        case _:
            raise ValueError(f"there is no type {kind}")


def kind_found(value: Json) -> str:
    """The type that `value` has, as a word for messages."""
    found = next((kind for kind in KINDS if is_of_kind(kind, value)), None)
    if found is not None:
        return found
    return "null" if value is None else "mixed list" if isinstance(value, list) else "decimal number"
