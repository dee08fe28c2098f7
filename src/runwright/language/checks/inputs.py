"""Checks each step against what its action declares: the action itself, the names and the literal values of inputs."""

from __future__ import annotations

import re

from runwright.language.declarations import Declaration, Declarations, Input
from runwright.language.draft import Draft, WrittenStep
from runwright.language.fields import as_kind, as_text, as_whole_number, meant, one_of, shown
from runwright.language.findings import Findings
from runwright.language.places import Path
from runwright.messages import Json


def check(draft: Draft, declarations: Declarations, findings: Findings) -> None:
    """Note unknown actions and all that an action would not take."""
    for each in draft.steps:
        action = each.step.action
        declaration = declarations.get(action)
        if declaration is None:
            if action:
                text = f'there is no action "{action}"{meant(action, declarations)}; it can be {one_of(declarations)}'
                findings.error("unknown-action", (*each.path, "action"), text)
            continue
        _check_properties(each, declaration, findings)
        _check_names(each, declaration, findings)
        for one in declaration.inputs:
            value = each.step.inputs.get(one.name)
            if value is not None:
                _check_value(one, value, (*each.path, "inputs", one.name), findings)
        if declaration.rule is not None:
            for name, message in declaration.rule(each.step.inputs):
                findings.error("bad-input", (*each.path, "inputs", name), message)


def _check_properties(each: WrittenStep, declaration: Declaration, findings: Findings) -> None:
    """Properties that this action may not have; AWS's own runbooks write `onCancel: Abort`, which asks for nothing."""
    for name in declaration.forbids:
        if name in each.step.written and not (name == "onCancel" and each.step.on_cancel == "Abort"):
            text = f"{declaration.action} takes no {name}"
            findings.error("forbidden-property", (*each.path, name), text, of_key=True)


def _check_names(each: WrittenStep, declaration: Declaration, findings: Findings) -> None:
    inputs, path = each.step.inputs, (*each.path, "inputs")
    known = [one.name for one in declaration.inputs]
    unknown = [] if declaration.is_open else [name for name in inputs if name not in known]
    lists = f"Unknown input names provided. Known=[ [{', '.join(known)}] ], Provided=[ [{', '.join(inputs)}] ]. "
    for index, name in enumerate(unknown):
        text = f'{lists if index == 0 else ""}"{name}" is no input of {declaration.action}{meant(name, known)}'
        findings.error("unknown-input", (*path, name), text, of_key=True)
    for one in declaration.inputs:
        if one.required and inputs.get(one.name) is None:
            text = f'the input {one.name} of step "{each.step.name}" is missing; {declaration.action} needs it'
            findings.error("missing-input", path, text, of_key=True)


def _check_value(one: Input, value: Json, path: Path, findings: Findings) -> None:
    """A value as it is written; one that holds references is known only when the step runs.

    AWS looks at most types only when the step runs; what can never fit is told here already.
    """
    if isinstance(value, str) and "{{" in value:
        return
    if one.type == "Integer" and isinstance(value, str) and not one.takes_text:
        text = f"{one.name} is a text, and the step will fail when it runs; write the number without quotes"
        findings.warning("text-for-number", path, text)
    made = value if one.type == "Any" else as_kind(one.type, value)
    if made is None:
        findings.error("wrong-input-type", path, f"{one.name} takes a value of type {one.type}, not {shown(value)}")
    elif problem := _problem_of(one, made):
        findings.error("bad-input", path, f"{one.name} {problem}, not {shown(value)}")


def _problem_of(one: Input, value: Json) -> str | None:
    if one.allowed and as_text(value) not in one.allowed:
        return f"can be {one_of(one.allowed)}"
    number = as_whole_number(value)
    if number is not None and one.minimum is not None and number < one.minimum:
        return f"has to be at least {one.minimum}"
    if number is not None and one.maximum is not None and number > one.maximum:
        return f"can be at most {one.maximum}"
    if isinstance(value, list) and (problem := _problem_of_length(one, value)):
        return problem
    if isinstance(value, str) and one.max_chars is not None and len(value) > one.max_chars:
        return f"can have at most {one.max_chars} characters"
    if isinstance(value, str) and one.pattern is not None and not re.fullmatch(one.pattern, value):
        return f"has to match {one.pattern}"
    return None


def _problem_of_length(one: Input, items: list[Json]) -> str | None:
    """A reference among the items may stand for none of them or for many."""
    literal = sum(not (isinstance(item, str) and "{{" in item) for item in items)
    if one.maximum is not None and literal > one.maximum:
        return f"can have at most {one.maximum} items"
    if one.minimum is not None and len(items) < one.minimum:
        return f"has to have at least {one.minimum} item{'s' if one.minimum > 1 else ''}"
    return None
