"""YAML text to a Source, by PyYAML's C parser, with what runbooks need changed.

The composer of that parser recurses in C, so its events, which come one by one, are walked and measured first. Dates
and numbers such as `12:30:45` or `012` stay text, keys are always text, and an alias is what it stands for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from runwright.language.fields import shown
from runwright.language.places import (
    MAX_LEVELS,
    MAX_NODES,
    Path,
    Source,
    not_well_formed,
    place_in,
    refuse,
    refuse_amount,
    refuse_depth,
    repeated_key,
)
from runwright.language.problems import Place, Problem
from runwright.messages import Json
from runwright.records import mutable_record

_TAG = "tag:yaml.org,2002:"
_TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
"""Versions after 0.2.5 look ahead for no more than 1000 levels."""
_TRUE = frozenset({"yes", "true", "on"})
_KEPT_AS_TEXT = re.compile(r"[-+]?(0[0-9_]+|[^:]*:.*)")
"""What YAML 1.1 takes for octal or base 60: account ids, times of day."""

_Mark = Any  # yaml.Mark of the C parser has no type of its own


def load(text: str) -> Source:
    """Read YAML; raises InvalidRunbook with the place for what is not well-formed or too much."""
    try:
        _measure(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(mark) if mark else Place(1, 1)
        if error.problem == _TOO_DEEP_FOR_LIBYAML:
            refuse_depth(place)
        not_well_formed("YAML", place, _reason(error, text, place))
    except yaml.YAMLError as error:  # a character that YAML does not allow
        not_well_formed("YAML", _place_of_bad_character(text), str(error).split("\n")[0])
    if root is None:
        refuse("empty", "the text is empty; a runbook is a map with schemaVersion and mainSteps", Place(1, 1))
    problems: list[Problem] = []
    value = _value(root, problems)
    fatal = [problem for problem in problems if problem.code != "duplicate-key"]
    if fatal:
        refuse(fatal[0].code, fatal[0].message, fatal[0].place)
    return Source(value, lambda path, of_key: _locate(root, path, of_key), tuple(dict.fromkeys(problems)))


# ----------------------------------------------------------------------------------------------------- measuring


@mutable_record
class _Open:
    """A list or map whose end has not come yet; `nodes` and `levels` are of what is in it, aliases in full."""

    anchor: str | None
    nodes: int = 1
    levels: int = 1


def _measure(text: str) -> None:
    """Walk the events and refuse what is too deep or too much before anything recurses over it."""
    whole = _Open(None, 0, 0)
    stack = [whole]
    sizes: dict[str, tuple[int, int]] = {}
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                stack.append(_Open(event.anchor))
                if len(stack) - 1 > MAX_LEVELS:
                    refuse_depth(_place(event.start_mark))
                continue
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                closed = stack.pop()
                anchor, nodes, levels = closed.anchor, closed.nodes, closed.levels
            case yaml.ScalarEvent():
                anchor, nodes, levels = event.anchor, 1, 0
            case yaml.AliasEvent():
                name = event.anchor or ""
                if any(one.anchor == name for one in stack):
                    endless = f"the alias *{name} stands within what it stands for"
                    refuse("endless-alias", endless, _place(event.start_mark))
                anchor, (nodes, levels) = None, sizes.get(name, (1, 0))
            case _:
                continue
        if anchor:
            sizes[anchor] = (nodes, levels)
        top = stack[-1]
        top.nodes += nodes
        top.levels = max(top.levels, levels + 1)
        if len(stack) - 1 + levels > MAX_LEVELS:
            refuse_depth(_place(event.start_mark))
        if top.nodes > MAX_NODES:
            refuse_amount(_place(event.start_mark))


# -------------------------------------------------------------------------------------------------- constructing


def _value(node: yaml.Node, problems: list[Problem]) -> Json:
    match node:
        case yaml.SequenceNode():
            _refuse_tag(node, f"{_TAG}seq", problems)
            return [_value(each, problems) for each in node.value]
        case yaml.MappingNode():
            _refuse_tag(node, f"{_TAG}map", problems)
            return _mapping(node, problems)
        case yaml.ScalarNode():
            return _scalar(node, problems)
        case _:
            raise TypeError(f"no node of YAML: {node!r}")


def _mapping(node: yaml.MappingNode, problems: list[Problem]) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for merged in _merged(node):
        for key, value in _mapping(merged, problems).items():
            made.setdefault(key, value)
    written: set[str] = set()
    for key_node, value_node in node.value:
        if key_node.tag == f"{_TAG}merge":
            if not _maps(value_node):
                problems.append(_problem("bad-key", "the key << takes a map, or a list of maps", value_node))
            continue
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == f"{_TAG}null":
            problems.append(_problem("bad-key", _bad_key(key_node), key_node))
            continue
        key = key_node.value
        if key in written:
            problems.append(repeated_key(key, _place(key_node.start_mark)))
        written.add(key)
        made[key] = _value(value_node, problems)
    return made


def _bad_key(key_node: yaml.Node) -> str:
    if isinstance(key_node, yaml.MappingNode):
        return "a key has to be text; in YAML, a text that begins with {{ needs quotes: '{{ name }}'"
    return "a key has to be text, not a list and not nothing"


def _merged(node: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    for key_node, value_node in node.value:
        if key_node.tag == f"{_TAG}merge":
            yield from _maps(value_node)


def _maps(node: yaml.Node) -> list[yaml.MappingNode]:
    several = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [each for each in several if isinstance(each, yaml.MappingNode)]


def _scalar(node: yaml.ScalarNode, problems: list[Problem]) -> Json:
    text = node.value
    match node.tag.removeprefix(_TAG):
        case "str" | "timestamp" | "value" | "merge":
            return text
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int" if _KEPT_AS_TEXT.fullmatch(text):
            return text
        case "float" if ":" in text:
            return text
        case "int" | "float" as kind:
            number = _number(kind, text.replace("_", ""))
            if number is None:
                problems.append(_problem("bad-number", f"{shown(text)} is no number that JSON can hold", node))
            return number
        case _:
            _refuse_tag(node, "", problems)
            return text


def _number(kind: str, text: str) -> int | float | None:
    try:
        number = int(text, 0) if kind == "int" else float(text.replace(".inf", "inf").replace(".nan", "nan"))
        str(number)  # Python reads a hexadecimal number of any length, and writes none of more than 4,300 digits
    except ValueError:
        return None
    return number if isinstance(number, int) or math.isfinite(number) else None


def _refuse_tag(node: yaml.Node, usual: str, problems: list[Problem]) -> None:
    if node.tag != usual:
        problems.append(_problem("unknown-tag", f"{shown(node.tag)} is no tag of a runbook; write plain YAML", node))


def _problem(code: str, message: str, node: yaml.Node) -> Problem:
    return Problem(code, message, _place(node.start_mark))


# ------------------------------------------------------------------------------------------------------- places


def _locate(root: yaml.Node, path: Path, of_key: bool) -> Place:
    node, key_node = root, None
    for part in path:
        entry = _entry(node, part)
        if entry is None:
            return _place(node.start_mark)
        key_node, node = entry
    return _place(key_node.start_mark if of_key and key_node is not None else node.start_mark)


def _entry(node: yaml.Node, part: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode):
        return (None, node.value[part]) if isinstance(part, int) and part < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key_node, value_node in reversed(node.value):
        if isinstance(key_node, yaml.ScalarNode) and key_node.value == part and key_node.tag != f"{_TAG}merge":
            return key_node, value_node
    return next((found for merged in _merged(node) if (found := _entry(merged, part))), None)


def _place(mark: _Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _reason(error: yaml.MarkedYAMLError, text: str, place: Place) -> str:
    line = text.split("\n")[place.line - 1] if place.line <= text.count("\n") + 1 else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "YAML is indented with spaces; this line begins with a tab"
    return " ".join(part.strip() for part in (error.context, error.problem) if part)


def _place_of_bad_character(text: str) -> Place:
    bad = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    return place_in(text, bad.start() if bad else 0)
