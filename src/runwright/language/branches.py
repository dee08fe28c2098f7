"""Reads conditions: the Choices of aws:branch and the LoopCondition of aws:loop."""

from __future__ import annotations

from runwright.language.conditions import OPERATORS
from runwright.language.fields import as_text, meant, one_of, shown
from runwright.language.findings import Findings
from runwright.language.model import And, Choice, Comparison, Condition, Not, Or
from runwright.language.places import Path
from runwright.messages import Json

_CONNECTIVES = ("And", "Or", "Not")
_NEVER = Comparison("", "StringEquals", None)
"""Stands where a condition could not be read."""


def read_choices(value: Json, path: Path, step: str, findings: Findings) -> tuple[Choice, ...]:
    """The choices of the branch called `step`; there has to be one at least (that there are any is for `checks`)."""
    if value is None:
        return ()
    if not isinstance(value, list) or not value:
        found = "an empty list" if value == [] else shown(value)
        text = f"Choices of step {step} has to be a list of at least one choice, not {found}"
        findings.error("empty-choices", path, text)
        return ()
    choices = []
    for index, entry in enumerate(value):
        here = (*path, index)
        if not isinstance(entry, dict):
            findings.error("wrong-type", here, f"a choice is a map with NextStep and a condition, not {shown(entry)}")
            continue
        next_step = as_text(entry.get("NextStep"))
        if not next_step:
            findings.error("missing-property", here, "NextStep is missing: the step to go to when the condition holds")
        written = {key: each for key, each in entry.items() if key != "NextStep"}
        choices.append(Choice(next_step or "", read_condition(written, here, step, findings)))
    return tuple(choices)


def read_condition(value: Json, path: Path, step: str, findings: Findings) -> Condition:
    """A condition as written in `step`: a comparison, or And, Or, Not of others."""
    if not isinstance(value, dict):
        findings.error("wrong-type", path, f"a condition is a map with Variable and an operator, not {shown(value)}")
        return _NEVER
    conditions = _conditions(value, path, step, findings)
    if len(conditions) == 1:
        return conditions[0]
    if conditions:
        keys = one_of(key for key in value if key != "Variable")
        findings.error("bad-condition", path, f"a condition has one operator; choose {keys}, or join them with And")
    elif not any(key in OPERATORS or key in _CONNECTIVES for key in value):
        findings.error("bad-condition", path, f"the condition has no operator; it can be {one_of(OPERATORS)}")
    return _NEVER


def _conditions(value: dict[str, Json], path: Path, step: str, findings: Findings) -> list[Condition]:
    """All conditions that one map holds: one for each operator."""
    made: list[Condition] = []
    for key, operand in value.items():
        here = (*path, key)
        match key:
            case "Variable":
                continue
            case "And":
                made.append(And(_several(key, operand, here, step, findings)))
            case "Or":
                made.append(Or(_several(key, operand, here, step, findings)))
            case "Not":
                single = operand[0] if isinstance(operand, list) and len(operand) == 1 else operand
                made.append(Not(read_condition(single, here, step, findings)))
            case _ if key in OPERATORS:
                if "Variable" not in value:
                    findings.error("missing-property", path, f"Variable is missing: what {key} is to compare")
                made.append(Comparison(value.get("Variable"), key, operand))
            case _:
                known = [*OPERATORS, *_CONNECTIVES]
                message = f'Unsupported operator "{key}" in step: {step}{meant(key, known)}; it can be {one_of(known)}'
                findings.error("unknown-operator", here, message, of_key=True)
                made.append(_NEVER)
    return made


def _several(operator: str, value: Json, path: Path, step: str, findings: Findings) -> tuple[Condition, ...]:
    """The operands of And or Or. A map stands for the conditions that it holds, however many."""
    if isinstance(value, dict) and value:
        return tuple(_conditions(value, path, step, findings))
    entries = value if isinstance(value, list) else []
    if len(entries) < 2:
        message = f"Expect at lease two expressions for operator: {operator} in step: {step}. Provided: {len(entries)}"
        findings.error("too-few-operands", path, message)
    return tuple(read_condition(each, (*path, index), step, findings) for index, each in enumerate(entries))
