"""What a runbook is once it has been read: immutable data, without places and without behaviour.

Everything here has been checked by `checks`; the interpreter trusts it.
"""

from __future__ import annotations

from collections.abc import Mapping

from runwright.messages import Json, Selection
from runwright.records import field, record

KINDS = ("String", "StringList", "Boolean", "Integer", "MapList", "StringMap")
"""The six types. An AWS type (`AWS::EC2::Instance::Id`) is a String, `List<AWS::…>` a StringList."""


@record
class Parameter:
    """`type` is as written, `kind` one of KINDS. `required` means that no default was written."""

    name: str
    type: str
    kind: str
    required: bool
    default: Json = None
    description: str = ""
    allowed_values: tuple[Json, ...] | None = None
    allowed_pattern: str | None = None
    min_items: int | None = None
    max_items: int | None = None
    min_chars: int | None = None
    max_chars: int | None = None


@record
class Variable:
    name: str
    kind: str
    default: Json


@record
class Comparison:
    """`variable` and `operand` may hold references; `operator` is one of conditions.OPERATORS."""

    variable: Json
    operator: str
    operand: Json


@record
class And:
    conditions: tuple[Condition, ...]


@record
class Or:
    conditions: tuple[Condition, ...]


@record
class Not:
    condition: Condition


Condition = Comparison | And | Or | Not


@record
class Choice:
    next_step: str
    condition: Condition


@record
class Loop:
    """One of `iterators` (a list, or a reference to one) and `condition`. `max_iterations` may be a reference."""

    steps: tuple[Step, ...]
    iterators: Json = None
    iterator_kind: str = "String"
    condition: Condition | None = None
    max_iterations: Json = 100


@record
class Step:
    """One step as written; it is itself and equal to no other, so that what is worked out of it can be kept by it.

    `inputs` are unrendered. `on_failure` is Abort, Continue or `step:NAME`; `on_cancel` Abort or `step:NAME`.
    `timeout_seconds`, `max_attempts` are numbers or a text with a reference. `written` holds the property names that
    the text has (records show those and no others). `choices` and `default` belong to aws:branch, `loop` to aws:loop.
    `following` is the step that stands next in the same list.
    """

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    name: str
    action: str
    inputs: Mapping[str, Json]
    description: str = ""
    outputs: tuple[Selection, ...] = ()
    max_attempts: int | str = 1
    timeout_seconds: float | str | None = None
    on_failure: str = "Abort"
    on_cancel: str = "Abort"
    is_end: bool = False
    is_critical: bool | None = None
    next_step: str | None = None
    written: frozenset[str] = frozenset()
    choices: tuple[Choice, ...] = ()
    default: str | None = None
    loop: Loop | None = None
    following: str | None = None


@record
class Attachment:
    name: str
    sha256: str
    size: int | None = None


@record
class Runbook:
    """`steps` are mainSteps; `all_steps` holds these and the steps of loops, by name.

    `outputs` are `step.Output` references without braces. `referred` holds every (step, output) that the text refers to
    anywhere: no other output has to be kept for later steps.
    """

    steps: tuple[Step, ...]
    all_steps: Mapping[str, Step]
    parameters: Mapping[str, Parameter] = field(factory=dict)
    variables: Mapping[str, Variable] = field(factory=dict)
    description: str = ""
    assume_role: str | None = None
    outputs: tuple[str, ...] = ()
    files: Mapping[str, Attachment] = field(factory=dict)
    referred: frozenset[tuple[str, str]] = frozenset()
