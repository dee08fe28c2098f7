"""What can be told of a document's text: whether it is a runbook, what it describes, how the other format has it."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

import yaml

from runwright.actions.every import DECLARATIONS
from runwright.errors import InvalidRunbook, ServiceError
from runwright.language import parse
from runwright.language.model import Runbook
from runwright.language.problems import Problem
from runwright.language.source import load
from runwright.messages import Json

MOST_BYTES = 65_536
SCHEMA_VERSION = "0.3"

_MOST_PROBLEMS = 50
_MOST_MESSAGE = 1000


def require_size(text: str, most: int = MOST_BYTES) -> None:
    """Raise MaxDocumentSizeExceeded for a content of more bytes, 64 KB unless a limit says less."""
    if (size := len(text.encode())) > most:
        message = f"The content has {size} bytes in UTF-8; a document has at most {most}."
        raise ServiceError("MaxDocumentSizeExceeded", message)


def schema_version(text: str, *formats: str) -> str | None:
    """The schemaVersion that a text declares, read in the first of `formats` that it is well-formed in."""
    for each in formats:
        try:
            value = load(text, each).value
        except InvalidRunbook:
            continue
        if isinstance(value, dict) and isinstance(version := value.get("schemaVersion"), str | float):
            return str(version)
    return None


def require_runbook(text: str, text_format: str) -> None:
    """Hold a text against everything that a runbook must be.

    Raises InvalidDocumentSchemaVersion, and InvalidDocumentContent that lists every problem with its place.
    """
    if (version := schema_version(text, text_format)) not in (None, SCHEMA_VERSION):
        message = f"Documents of type Automation have schemaVersion {SCHEMA_VERSION}, not {str(version)[:50]}."
        raise ServiceError("InvalidDocumentSchemaVersion", message)
    if errors := [problem for problem in _problems(text, text_format) if problem.is_error]:
        raise ServiceError("InvalidDocumentContent", _listed(errors))


def _problems(text: str, text_format: str) -> tuple[Problem, ...]:
    try:
        return parse(text, text_format, DECLARATIONS).problems
    except InvalidRunbook as invalid:
        return invalid.problems


def _listed(errors: list[Problem]) -> str:
    """[OBS] `JSON not well-formed. at Line: 13, Column: 6`; one line for each problem is ours."""
    lines = [
        f"{_sentence(error.message[:_MOST_MESSAGE])} at Line: {error.place.line}, Column: {error.place.column}"
        for error in errors[:_MOST_PROBLEMS]
    ]
    if len(errors) > _MOST_PROBLEMS:
        lines.append(f"... and {len(errors) - _MOST_PROBLEMS} more problems.")
    return "\n".join(lines)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


_described: OrderedDict[tuple[str, str], Runbook | None] = OrderedDict()
_MOST_DESCRIBED = 512


def described(sha256: str, text: str, text_format: str) -> Runbook | None:
    """The runbook in a stored text, read once while it stays in use; None for one that an older version let in."""
    key = (sha256, text_format)
    if key not in _described:
        try:
            _described[key] = parse(text, text_format, DECLARATIONS).runbook
        except InvalidRunbook:
            _described[key] = None
        if len(_described) > _MOST_DESCRIBED:
            _described.popitem(last=False)
    _described.move_to_end(key)
    return _described[key]


def converted(text: str, written: str, wanted: str) -> str:
    """The text as it is, or its value written in the other format."""
    if written == wanted:
        return text
    value = load(text, written).value
    if wanted == "JSON":
        return json.dumps(value, indent=2, ensure_ascii=False)
    return _yaml(value)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as authors do."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text_node)
_Dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]


def _yaml(value: Json) -> str:
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 120}
    text: str = yaml.dump(value, Dumper=_Dumper, **options)
    if _reads_as(text, value):
        return text
    quoted: str = yaml.safe_dump(value, default_style='"', **options)  # a value that only quotes keep as it is
    return quoted


def _reads_as(text: str, value: Json) -> bool:
    try:
        return bool(load(text, "YAML").value == value)
    except InvalidRunbook:  # larger than a document may be, which the value's own text was not
        return True
