"""The JSON Schema (draft 2020-12) of runbooks, for editors: made from the same declarations as the checks.

It takes whatever the checks take, loose forms included, and helps while a runbook is written; what needs the rest of
the runbook (references, flow) only `runwright check` finds.
"""

from __future__ import annotations

from runwright.language.conditions import OPERATORS
from runwright.language.declarations import Declaration, Declarations, Input
from runwright.language.declared import PARAMETER_KEYS
from runwright.language.model import KINDS
from runwright.language.reader import ITERATOR_KINDS
from runwright.messages import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFERENCE: Json = {"type": "string", "pattern": r"\{\{"}
_SCALAR: Json = {"type": ["string", "number", "boolean"]}
_TEXT: Json = {"type": ["string", "number", "boolean", "null"]}
_WHOLE_NUMBER = r"^\s*[-+]?[0-9]{1,18}\s*$"
_FLAG: Json = {
    "anyOf": [{"type": "boolean"}, {"type": "string", "pattern": r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$"}]
}
_STEP_TARGET: Json = {"type": "string", "pattern": r"^\s*step:\s*\S"}


def schema_of(declarations: Declarations) -> dict[str, Json]:
    """The schema of a whole runbook with the inputs of these actions."""
    return {
        "$schema": DIALECT,
        "title": "AWS Systems Manager Automation runbook",
        "type": "object",
        "required": ["schemaVersion", "mainSteps"],
        "properties": {
            "schemaVersion": {"description": "Always '0.3'.", "enum": ["0.3", 0.3]},
            "description": _TEXT | {"description": "What the runbook does; Markdown."},
            "assumeRole": _TEXT | {"description": "The role that it acts with, or a reference to a parameter."},
            "parameters": _map_of("parameter", "What a start may give."),
            "variables": _map_of("variable", "Values that aws:updateVariable sets."),
            "mainSteps": _steps("The steps, run from the first on."),
            "outputs": {
                "type": ["array", "null"],
                "items": {"type": "string"},
                "description": "What the execution gives, each as step.Output.",
            },
            "files": _map_of("file", "Attached files by name."),
            "templateInformation": _TEXT | {"description": "Of a change template: what it is for; Markdown."},
            "executableRunBooks": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": _SCALAR, "version": _SCALAR},
                    "additionalProperties": False,
                },
                "description": "Of a change template: the runbooks that a change request may choose from.",
            },
            "emergencyChange": _FLAG | {"description": "Of a change template: whether it runs in a change freeze too."},
            "autoApprovable": _FLAG | {"description": "Of a change template: whether a request may do without review."},
        },
        "additionalProperties": False,
        "$defs": {
            "parameter": _parameter(),
            "variable": _variable(),
            "file": _file(),
            "output": _output(),
            "condition": _condition(),
            "choice": _condition(NextStep={"type": ["string", "number"]}),
            "step": _step(declarations),
        }
        | {f"inputs of {name}": _inputs(each) for name, each in declarations.items()},
    }


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/$defs/{name}"}


def _map_of(name: str, description: str) -> dict[str, Json]:
    return {"type": ["object", "null"], "additionalProperties": _ref(name), "description": description}


def _steps(description: str) -> dict[str, Json]:
    return {"type": "array", "minItems": 1, "items": _ref("step"), "description": description}


def _type() -> dict[str, Json]:
    return {
        "description": "One of the six types, or an AWS type such as AWS::EC2::Instance::Id.",
        "anyOf": [{"enum": list(KINDS)}, {"type": "string", "pattern": "^(AWS::|List<AWS::)"}],
    }


def _parameter() -> dict[str, Json]:
    count: Json = {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _WHOLE_NUMBER}, {"type": "null"}]
    }
    known: dict[str, Json] = {
        "type": _type(),
        "description": _TEXT,
        "default": {"description": "A parameter without one is required."},
        "allowedValues": {"type": ["array", "null"], "minItems": 1, "description": "The only values that there are."},
        "allowedPattern": {"type": ["string", "null"], "description": "A Java regular expression for the whole value."},
        "minItems": count,
        "maxItems": count,
        "minChars": count,
        "maxChars": count,
    }
    properties = {name: known.get(name, {}) for name in PARAMETER_KEYS}
    return {"type": "object", "required": ["type"], "properties": properties, "additionalProperties": False}


def _variable() -> dict[str, Json]:
    properties: dict[str, Json] = {"type": _type(), "default": {}, "description": _TEXT}
    return {"type": "object", "required": ["type"], "properties": properties, "additionalProperties": False}


def _file() -> dict[str, Json]:
    return {
        "type": "object",
        "required": ["checksums"],
        "properties": {"checksums": {"type": "object", "description": "sha256: 64 hexadecimal digits."}},
    }


def _output() -> dict[str, Json]:
    return {
        "type": "object",
        "required": ["Name", "Selector"],
        "properties": {
            "Name": {"type": "string", "minLength": 1},
            "Selector": {"type": "string", "minLength": 1, "description": "JSONPath into the reply."},
            "Type": {"anyOf": [_type(), {"type": "null"}]},
        },
        "additionalProperties": False,
    }


def _condition(**more: Json) -> dict[str, Json]:
    """A condition; `more` are the other members of the map that it stands in."""
    several: Json = {"anyOf": [{"type": "array", "items": _ref("condition"), "minItems": 2}, _ref("condition")]}
    single: Json = {
        "anyOf": [_ref("condition"), {"type": "array", "items": _ref("condition"), "minItems": 1, "maxItems": 1}]
    }
    return {
        "type": "object",
        "properties": {
            "Variable": {},
            **{operator: {} for operator in OPERATORS},
            "And": several,
            "Or": several,
            "Not": single,
            **more,
        },
        "required": list(more),
        "additionalProperties": False,
    }


def _step(declarations: Declarations) -> dict[str, Json]:
    """A step; which inputs it takes follows from its action."""
    number: Json = {
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": _WHOLE_NUMBER},
            _REFERENCE,
            {"type": "null"},
        ]
    }
    flag: Json = {"anyOf": [_FLAG, {"type": "null"}]}
    return {
        "type": "object",
        "required": ["name", "action"],
        "properties": {
            "name": {"type": ["string", "number"], "pattern": "^[A-Za-z0-9_]+$"},
            "action": {
                "enum": list(declarations),
                "enumDescriptions": [_described(each) for each in declarations.values()],
            },
            "description": _TEXT,
            "inputs": {"type": ["object", "null"]},
            "outputs": {"type": ["array", "null"], "items": _ref("output")},
            "maxAttempts": number | {"description": "How many tries there are in all; by default 1."},
            "timeoutSeconds": number | {"description": "Seconds of one try."},
            "onFailure": _follow_up("Abort", "Continue") | {"description": "Abort, Continue or step:NAME."},
            "onCancel": _follow_up("Abort") | {"description": "Abort or step:NAME."},
            "isEnd": flag | {"description": "The runbook, or the pass of a loop, ends after the step."},
            "nextStep": {"type": ["string", "number", "null"]},
            "isCritical": flag | {"description": "Whether a failure makes the execution fail."},
        },
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"action": {"const": name}}, "required": ["action"]},
                "then": {"properties": {"inputs": _ref(f"inputs of {name}")}} | _needs_inputs(each),
            }
            for name, each in declarations.items()
        ],
    }


def _needs_inputs(declaration: Declaration) -> dict[str, Json]:
    return {"required": ["inputs"]} if any(one.required for one in declaration.inputs) else {}


def _described(declaration: Declaration) -> str:
    if declaration.timeout_seconds is None:
        return declaration.summary
    return f"{declaration.summary} It has {declaration.timeout_seconds:.9g} seconds unless the step says otherwise."


def _follow_up(*words: str) -> dict[str, Json]:
    any_case = "|".join("".join(f"[{each.upper()}{each.lower()}]" for each in word) for word in words)
    loose = {"type": "string", "pattern": rf"^\s*({any_case})\s*$"}
    return {"anyOf": [{"enum": list(words)}, _STEP_TARGET, loose, {"type": "null"}]}


def _inputs(declaration: Declaration) -> dict[str, Json]:
    """The inputs of one action. An open one takes arguments of the API that it calls as well."""
    required = [one.name for one in declaration.inputs if one.required]
    schema: dict[str, Json] = {
        "description": declaration.summary,
        "type": "object" if required else ["object", "null"],
        "required": required,
        "properties": {one.name: _input(declaration.action, one) for one in declaration.inputs},
    }
    return schema if declaration.is_open else schema | {"additionalProperties": False}


def _input(action: str, one: Input) -> dict[str, Json]:
    match action, one.name:
        case "aws:loop", "Steps":
            return _steps(one.description)
        case "aws:loop", "LoopCondition":
            return {"anyOf": [_ref("condition")], "description": one.description}
        case "aws:loop", "IteratorDataType":
            return {"enum": list(ITERATOR_KINDS), "description": one.description}
        case "aws:branch", "Choices":
            return {"type": "array", "minItems": 1, "items": _ref("choice"), "description": one.description}
        case _:
            forms = _forms(one)
            if forms and not one.required:
                forms = [*forms, {"type": "null"}]
            return ({"anyOf": forms} if forms else {}) | {"description": one.description}


def _forms(one: Input) -> list[Json]:
    """What the input may be written as; no forms for one that may be anything."""
    match one.type:
        case "String" if one.allowed:
            return [{"enum": list(one.allowed)}, _REFERENCE]
        case "String":
            return [_SCALAR if one.max_chars is None else _SCALAR | {"maxLength": one.max_chars}, _REFERENCE]
        case "Integer":
            bounds = {"minimum": one.minimum, "maximum": one.maximum}
            number = {"type": "number"} | {name: value for name, value in bounds.items() if value is not None}
            return [number, {"type": "string", "pattern": _WHOLE_NUMBER}, _REFERENCE]
        case "Boolean":
            return [_FLAG, _REFERENCE]
        case "StringList":
            return [{"type": "array", "items": _SCALAR}, _SCALAR]
        case "StringMap":
            return [{"type": "object"}, {"type": "string"}]
        case "MapList":
            return [
                {"type": "array", "items": {"anyOf": [{"type": "object"}, _REFERENCE]}},
                {"type": ["object", "string"]},
            ]
        case _:
            return []
