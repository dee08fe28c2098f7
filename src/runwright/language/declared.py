"""Reads what a runbook declares before its steps: parameters, variables and files."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runwright.language.fields import as_kind, as_text, as_whole_number, meant, one_of, shown
from runwright.language.findings import Findings
from runwright.language.model import KINDS, Attachment, Parameter, Variable
from runwright.language.places import Path
from runwright.language.types import kind_of
from runwright.messages import Json

PARAMETER_KEYS = (
    "type",
    "description",
    "default",
    "allowedValues",
    "allowedPattern",
    "minItems",
    "maxItems",
    "minChars",
    "maxChars",
    "displayType",
    "interpolationType",
)
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,50}")
_CHECKSUM_KEYS = ("sha256", "SHA256", "sha-256", "SHA-256")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def read_parameters(value: Json, findings: Findings) -> dict[str, Parameter]:
    """Parameters by name, those with problems as far as they can be understood."""
    entries = read_map(value, ("parameters",), "parameters", findings)
    return {name: _parameter(name, entry, ("parameters", name), findings) for name, entry in entries.items()}


def read_variables(value: Json, findings: Findings) -> dict[str, Variable]:
    """Variables by name; a default may be written as JSON in a text (`"{}"`) or refer to parameters."""
    made = {}
    for name, entry in read_map(value, ("variables",), "variables", findings).items():
        path: Path = ("variables", name)
        if not isinstance(entry, dict):
            findings.error("wrong-type", path, f"a variable is a map with type and default, not {shown(entry)}")
            continue
        refuse_unknown_keys(entry, ("type", "default", "description"), path, "variable", findings)
        kind = _kind(entry, path, findings)
        default = _default(kind, entry.get("default"), (*path, "default"), findings) if "default" in entry else None
        made[name] = Variable(name, kind, default)
    return made


def read_files(value: Json, findings: Findings) -> dict[str, Attachment]:
    """Attached files by name, with their SHA-256."""
    made = {}
    for name, entry in read_map(value, ("files",), "files", findings).items():
        path: Path = ("files", name)
        checksums = entry.get("checksums") if isinstance(entry, dict) else None
        if not isinstance(checksums, dict):
            checksums = {}
        found = next((checksums[key] for key in _CHECKSUM_KEYS if key in checksums), None)
        if not isinstance(found, str) or not _SHA256.fullmatch(found):
            findings.error("bad-checksum", path, f'the file "{name}" needs checksums with a sha256 of 64 hex digits')
            continue
        made[name] = Attachment(name, found.lower(), as_whole_number(entry.get("size")))
    return made


def read_map(value: Json, path: Path, what: str, findings: Findings) -> Mapping[str, Json]:
    """The map at `path`; one that is absent or empty (`parameters:` in YAML) is an empty one."""
    if value is None or isinstance(value, dict):
        return value or {}
    findings.error("wrong-type", path, f"{what} has to be a map, not {shown(value)}")
    return {}


def refuse_unknown_keys(
    entry: Mapping[str, Json], known: tuple[str, ...], path: Path, what: str, findings: Findings
) -> None:
    """Note each key that a `what` does not have."""
    for key in entry:
        if key not in known:
            message = f'a {what} has no property "{key}"{meant(key, known)}; it has {one_of(known)}'
            findings.error("unknown-property", (*path, key), message, of_key=True)


def _parameter(name: str, entry: Json, path: Path, findings: Findings) -> Parameter:
    if not _PARAMETER_NAME.fullmatch(name):
        allowed = "1 to 50 letters, digits and the characters _ . -"
        findings.error("bad-name", path, f'a parameter cannot be called "{name}"; a name has {allowed}', of_key=True)
    if not isinstance(entry, dict):
        findings.error("wrong-type", path, f"a parameter is a map with a type, not {shown(entry)}")
        entry = {"type": "String", "default": ""}
    refuse_unknown_keys(entry, PARAMETER_KEYS, path, "parameter", findings)
    kind = _kind(entry, path, findings)
    has_default = "default" in entry
    return Parameter(
        name=name,
        type=str(entry.get("type", kind)),
        kind=kind,
        required=not has_default,
        default=_default(kind, entry["default"], (*path, "default"), findings) if has_default else None,
        description=as_text(entry.get("description")) or "",
        allowed_values=_allowed_values(entry, path, findings),
        allowed_pattern=_allowed_pattern(entry, path, findings),
        min_items=_count(entry, "minItems", path, findings),
        max_items=_count(entry, "maxItems", path, findings),
        min_chars=_count(entry, "minChars", path, findings),
        max_chars=_count(entry, "maxChars", path, findings),
    )


def _kind(entry: Mapping[str, Json], path: Path, findings: Findings) -> str:
    written = entry.get("type")
    kind = kind_of(written) if isinstance(written, str) else None
    if kind is None:
        accepted = f"{one_of(KINDS)}, or an AWS type such as AWS::EC2::Instance::Id"
        if "type" in entry:
            text = f"the type {shown(written)} is not known; it can be {accepted}"
            findings.error("unknown-type", (*path, "type"), text)
        else:
            findings.error("missing-property", path, f'"type" is missing; it can be {accepted}', of_key=True)
    return kind or "String"


def _default(kind: str, value: Json, path: Path, findings: Findings) -> Json:
    if isinstance(value, str) and "{{" in value:
        return value
    made = as_kind(kind, value)
    if made is None:
        findings.error("wrong-default", path, f"the default of a {kind} cannot be {shown(value)}")
    return made


def _allowed_values(entry: Mapping[str, Json], path: Path, findings: Findings) -> tuple[Json, ...] | None:
    written = entry.get("allowedValues")
    if written is None:
        return None
    if not isinstance(written, list) or not written:
        findings.error("wrong-type", (*path, "allowedValues"), f"allowedValues has to be a list, not {shown(written)}")
        return None
    return tuple(written)


def _allowed_pattern(entry: Mapping[str, Json], path: Path, findings: Findings) -> str | None:
    written = entry.get("allowedPattern")
    if written is None:
        return None
    from runwright.language.patterns import problem_of  # loaded when needed

    problem = problem_of(written) if isinstance(written, str) else "it has to be a text"
    if problem:
        findings.error("bad-pattern", (*path, "allowedPattern"), f"allowedPattern is no regular expression: {problem}")
        return None
    return str(written)


def _count(entry: Mapping[str, Json], key: str, path: Path, findings: Findings) -> int | None:
    if entry.get(key) is None:
        return None
    count = as_whole_number(entry[key])
    if count is None or count < 0:
        findings.error("not-a-number", (*path, key), f"{key} has to be a whole number, not {shown(entry[key])}")
        return None
    return count
