"""Makes a Draft of a runbook's value: every property read, every loose form that AWS takes straightened.

What can be told from one property alone is noted here; what needs the rest of the runbook is for `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from runwright.language.branches import read_choices, read_condition
from runwright.language.declared import read_files, read_map, read_parameters, read_variables, refuse_unknown_keys
from runwright.language.draft import Draft, WrittenStep
from runwright.language.fields import (
    MOST_OF_A_STEP,
    as_flag,
    as_number_of_step,
    as_text,
    as_whole_number,
    one_of,
    shown,
)
from runwright.language.findings import Findings
from runwright.language.model import KINDS, Loop, Step
from runwright.language.places import Path
from runwright.language.selectors import problem_of as selector_problem
from runwright.language.types import kind_of
from runwright.messages import Json, Selection

TOP_KEYS = (
    "schemaVersion",
    "description",
    "assumeRole",
    "parameters",
    "variables",
    "mainSteps",
    "outputs",
    "files",
    "templateInformation",
    "executableRunBooks",
    "emergencyChange",
    "autoApprovable",
)
"""The last four are those of change templates [UG]."""
STEP_KEYS = (
    "name",
    "action",
    "description",
    "inputs",
    "outputs",
    "maxAttempts",
    "timeoutSeconds",
    "onFailure",
    "onCancel",
    "isEnd",
    "nextStep",
    "isCritical",
)
STEP_NAME = re.compile(r"[A-Za-z0-9_]+")
ITERATOR_KINDS = ("String", "Boolean", "Integer", "StringMap")
MAX_ITERATIONS = 100


def read(value: Json, findings: Findings) -> Draft | None:
    """The runbook that `value` is meant to be; None when there are no steps to speak of."""
    if not isinstance(value, dict):
        findings.error("wrong-type", (), f"a runbook is a map with schemaVersion and mainSteps, not {shown(value)}")
        return None
    refuse_unknown_keys(value, TOP_KEYS, (), "runbook", findings)
    _check_version(value, findings)
    _check_template(value, findings)
    steps: list[WrittenStep] = []
    main_steps = _steps(value.get("mainSteps"), ("mainSteps",), (), steps, findings)
    if value.get("mainSteps") is None:
        findings.error("missing-property", (), "mainSteps is missing: the list of steps")
    by_name: dict[str, WrittenStep] = {}
    for each in steps:
        by_name.setdefault(each.step.name, each)
    return Draft(
        written=value,
        main_steps=main_steps,
        steps=tuple(steps),
        by_name=by_name,
        parameters=read_parameters(value.get("parameters"), findings),
        variables=read_variables(value.get("variables"), findings),
        files=read_files(value.get("files"), findings),
        description=as_text(value.get("description")) or "",
        assume_role=_optional_text(value, "assumeRole", (), findings),
        outputs=_document_outputs(value.get("outputs"), findings),
    )


def _check_version(value: Mapping[str, Json], findings: Findings) -> None:
    if "schemaVersion" not in value:
        findings.error("missing-property", (), "schemaVersion is missing; a runbook has schemaVersion '0.3'")
    elif as_text(value["schemaVersion"]) != "0.3":
        found = shown(value["schemaVersion"])
        findings.error("schema-version", ("schemaVersion",), f"schemaVersion has to be '0.3', not {found}")


def _check_template(value: Mapping[str, Json], findings: Findings) -> None:
    """What a change template says of itself; nothing of it changes how its steps run."""
    for name in ("emergencyChange", "autoApprovable"):
        if name in value and as_flag(value[name]) is None:
            findings.error("wrong-type", (name,), f"{name} has to be true or false, not {shown(value[name])}")
    _optional_text(value, "templateInformation", (), findings)
    runbooks = value.get("executableRunBooks")
    if runbooks is not None and not isinstance(runbooks, list):
        found = shown(runbooks)
        findings.error("wrong-type", ("executableRunBooks",), f"executableRunBooks has to be a list, not {found}")
        return
    for index, entry in enumerate(runbooks or ()):
        if not isinstance(entry, dict) or not as_text(entry.get("name")):
            text = f"an executable runbook is a map with name and version, not {shown(entry)}"
            findings.error("wrong-type", ("executableRunBooks", index), text)
        else:
            refuse_unknown_keys(
                entry, ("name", "version"), ("executableRunBooks", index), "executable runbook", findings
            )


def _document_outputs(value: Json, findings: Findings) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        findings.error("wrong-type", ("outputs",), f"outputs has to be a list of step.Output, not {shown(value)}")
        return ()
    made = []
    for index, entry in enumerate(value):
        if not isinstance(entry, str):
            text = f"an output of the runbook is written as step.Output, not as {shown(entry)}"
            findings.error("wrong-type", ("outputs", index), text)
            continue
        made.append(entry.strip().removeprefix("{{").removesuffix("}}").strip())
    return tuple(made)


# -------------------------------------------------------------------------------------------------------- steps


def _steps(
    value: Json, path: Path, loops: tuple[str, ...], every: list[WrittenStep], findings: Findings
) -> tuple[Step, ...]:
    """The steps of one list; they and those inside their loops are put into `every` in the order of the text."""
    if not isinstance(value, list):
        if value is not None:
            findings.error("wrong-type", path, f"{path[-1]} has to be a list of steps, not {shown(value)}")
        return ()
    if not value:
        findings.error("no-steps", path, f"{path[-1]} is empty; there has to be at least one step")
    made = []
    for index, entry in enumerate(value):
        here = (*path, index)
        if not isinstance(entry, dict):
            findings.error("wrong-type", here, f"a step is a map with name, action and inputs, not {shown(entry)}")
            continue
        following = _name_of(value[index + 1]) if index + 1 < len(value) else None
        made.append(_step(entry, here, loops, following, every, findings))
    return tuple(made)


def _name_of(entry: Json) -> str | None:
    return as_text(entry.get("name")) if isinstance(entry, dict) else None


def _step(
    entry: dict[str, Json],
    path: Path,
    loops: tuple[str, ...],
    following: str | None,
    every: list[WrittenStep],
    findings: Findings,
) -> Step:
    refuse_unknown_keys(entry, STEP_KEYS, path, "step", findings)
    name = _step_name(entry, path, findings)
    action = as_text(entry.get("action")) or ""
    if not action:
        findings.error("missing-property", path, f'the step "{name}" has no action')
    inputs = read_map(entry.get("inputs"), (*path, "inputs"), f"inputs of step {name}", findings)
    place = len(every)
    loop = _loop(name, inputs, (*path, "inputs"), loops, every, findings) if action == "aws:loop" else None
    is_branch = action == "aws:branch"
    choices_path = (*path, "inputs", "Choices")
    step = Step(
        name=name,
        action=action,
        inputs=inputs,
        description=as_text(entry.get("description")) or "",
        outputs=_step_outputs(entry.get("outputs"), (*path, "outputs"), findings),
        max_attempts=_number_or_reference(entry, "maxAttempts", 1, path, findings) or 1,
        timeout_seconds=_number_or_reference(entry, "timeoutSeconds", 0, path, findings),
        on_failure=_follow_up(entry, "onFailure", ("Abort", "Continue"), path, findings),
        on_cancel=_follow_up(entry, "onCancel", ("Abort",), path, findings),
        is_end=_flag(entry, "isEnd", path, findings) or False,
        is_critical=_flag(entry, "isCritical", path, findings),
        next_step=_optional_text(entry, "nextStep", path, findings),
        written=frozenset(entry),
        choices=read_choices(inputs.get("Choices"), choices_path, name, findings) if is_branch else (),
        default=_optional_text(inputs, "Default", (*path, "inputs"), findings) if is_branch else None,
        loop=loop,
        following=following,
    )
    every.insert(place, WrittenStep(step, path, loops))
    return step


def _step_name(entry: Mapping[str, Json], path: Path, findings: Findings) -> str:
    name = as_text(entry.get("name")) or ""
    if not name:
        findings.error("missing-property", path, "the step has no name")
    elif not STEP_NAME.fullmatch(name):
        text = f"a step cannot be called {shown(name)}; a name has letters, digits and underscores only"
        findings.error("bad-name", (*path, "name"), text)
    return name


def _step_outputs(value: Json, path: Path, findings: Findings) -> tuple[Selection, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        text = f"outputs has to be a list of maps with Name and Selector, not {shown(value)}"
        findings.error("wrong-type", path, text)
        return ()
    made: list[Selection] = []
    for index, entry in enumerate(value):
        here = (*path, index)
        if not isinstance(entry, dict):
            findings.error("wrong-type", here, f"an output is a map with Name, Selector and Type, not {shown(entry)}")
            continue
        refuse_unknown_keys(entry, ("Name", "Selector", "Type"), here, "step output", findings)
        name, selector = entry.get("Name"), entry.get("Selector")
        for key, found in (("Name", name), ("Selector", selector)):
            if not isinstance(found, str) or not found:
                findings.error("missing-property", (*here, key), f"{key} of an output has to be a text")
        if isinstance(selector, str) and selector and (problem := selector_problem(selector)):
            text = f"the selector {shown(selector)} is not valid: {problem}"
            findings.error("bad-selector", (*here, "Selector"), text)
        if any(name == other.name for other in made):
            findings.error("duplicate-output", (*here, "Name"), f"the step has two outputs called {shown(name)}")
        made.append(Selection(str(name), str(selector), _output_kind(entry, here, findings)))
    return tuple(made)


def _output_kind(entry: Mapping[str, Json], path: Path, findings: Findings) -> str | None:
    written = entry.get("Type")
    if written is None:
        return None
    kind = kind_of(written) if isinstance(written, str) else None
    if kind is None:
        text = f"the type {shown(written)} is not known; it can be {one_of(KINDS)}"
        findings.error("unknown-type", (*path, "Type"), text)
    return kind


def _number_or_reference(
    entry: Mapping[str, Json], key: str, minimum: int, path: Path, findings: Findings
) -> int | str | None:
    written = entry.get(key)
    if written is None or (isinstance(written, str) and "{{" in written):
        return written
    number = as_number_of_step(written, minimum)
    if number is None:
        text = f"{key} has to be a whole number from {minimum} to {MOST_OF_A_STEP}, not {shown(written)}"
        findings.error("not-a-number", (*path, key), text)
        return None
    return number


def _flag(entry: Mapping[str, Json], key: str, path: Path, findings: Findings) -> bool | None:
    if entry.get(key) is None:
        return None
    flag = as_flag(entry[key])
    if flag is None:
        findings.error("not-a-boolean", (*path, key), f"{key} has to be true or false, not {shown(entry[key])}")
    return flag


def _follow_up(entry: Mapping[str, Json], key: str, words: tuple[str, ...], path: Path, findings: Findings) -> str:
    """onFailure or onCancel: one of `words` in any case of letters, or `step:NAME`."""
    written = entry.get(key)
    if written is None:
        return "Abort"
    if isinstance(written, str):
        text = written.strip()
        for word in words:
            if text.lower() == word.lower():
                return word
        if text.startswith("step:") and text[5:].strip():
            return f"step:{text[5:].strip()}"
    accepted = one_of((*words, "step:NAME"))
    findings.error("bad-follow-up", (*path, key), f"{key} can be {accepted}, not {shown(written)}")
    return "Abort"


def _optional_text(entry: Mapping[str, Json], key: str, path: Path, findings: Findings) -> str | None:
    written = entry.get(key)
    text = as_text(written)
    if written is not None and text is None:
        findings.error("wrong-type", (*path, key), f"{key} has to be a text, not {shown(written)}")
    return text


# -------------------------------------------------------------------------------------------------------- loops


def _loop(
    name: str,
    inputs: Mapping[str, Json],
    path: Path,
    loops: tuple[str, ...],
    every: list[WrittenStep],
    findings: Findings,
) -> Loop:
    if ("Iterators" in inputs) == ("LoopCondition" in inputs):
        found = "it has both" if "Iterators" in inputs else "it has neither"
        text = f'the loop "{name}" takes either Iterators or LoopCondition; {found}'
        findings.error("bad-loop", path, text)
    condition = inputs.get("LoopCondition")
    condition_path = (*path, "LoopCondition")
    return Loop(
        steps=_steps(inputs.get("Steps"), (*path, "Steps"), (*loops, name), every, findings),
        iterators=_iterators(inputs.get("Iterators"), (*path, "Iterators"), findings),
        iterator_kind=_iterator_kind(inputs, path, findings),
        condition=read_condition(condition, condition_path, name, findings) if condition is not None else None,
        max_iterations=_max_iterations(inputs, path, findings),
    )


def _iterators(value: Json, path: Path, findings: Findings) -> Json:
    if isinstance(value, list):
        if len(value) > MAX_ITERATIONS:
            text = f"a loop has at most {MAX_ITERATIONS} iterators; these are {len(value)}"
            findings.error("too-many-iterators", path, text)
    elif value is not None and not (isinstance(value, str) and "{{" in value):
        text = f"Iterators has to be a list or a reference to one, not {shown(value)}"
        findings.error("wrong-type", path, text)
    return value


def _iterator_kind(inputs: Mapping[str, Json], path: Path, findings: Findings) -> str:
    written = inputs.get("IteratorDataType", "String")
    if written not in ITERATOR_KINDS:
        text = f"IteratorDataType can be {one_of(ITERATOR_KINDS)}, not {shown(written)}"
        findings.error("unknown-type", (*path, "IteratorDataType"), text)
        return "String"
    return cast(str, written)


def _max_iterations(inputs: Mapping[str, Json], path: Path, findings: Findings) -> int | str:
    written = inputs.get("MaxIterations", MAX_ITERATIONS)
    if isinstance(written, str) and "{{" in written:
        return written
    number = as_whole_number(written)
    if number is None or not 1 <= number <= MAX_ITERATIONS:
        text = f"MaxIterations has to be a number from 1 to {MAX_ITERATIONS}, not {shown(written)}"
        findings.error("not-a-number", (*path, "MaxIterations"), text)
        return MAX_ITERATIONS
    return number
