"""Checks that what stands in `{{ }}` names something, and collects which outputs of which steps are referred to."""

from __future__ import annotations

from collections.abc import Iterator

from runwright.language.declarations import Declarations
from runwright.language.draft import Draft, WrittenStep
from runwright.language.fields import meant, one_of
from runwright.language.findings import Findings
from runwright.language.places import Path
from runwright.language.templates import references
from runwright.messages import Json

GLOBALS = ("ACCOUNT_ID", "DATE", "DATE_TIME", "REGION", "AWS_PARTITION")
EXECUTION_ID = "automation:EXECUTION_ID"
PSEUDO_PARAMETERS = ("RESOURCE_ID",)
"""Filled in by maintenance windows and targets; never declared."""
EVERY_STEP_GIVES = ("OutputPayload",)


def check(draft: Draft, declarations: Declarations, findings: Findings) -> frozenset[tuple[str, str]]:
    """Note references that lead nowhere; give every (step, output) that the runbook refers to."""
    referred: set[tuple[str, str]] = set()
    for path, reference in _in_steps(draft, declarations):
        _check_reference(draft, declarations, reference, path, findings)
        referred.add(_step_and_output(draft, reference))
    for index, output in enumerate(draft.outputs):
        path = ("outputs", index)
        if problem := _output_problem(draft, declarations, output):
            findings.error("undeclared-output", path, problem)
        referred.add(_step_and_output(draft, output))
    _check_assume_role(draft, findings)
    _check_variables_set(draft, findings)
    _check_defaults(draft, findings)
    referred.discard(("", ""))
    return frozenset(referred)


def texts_of(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    """Each text within a value, with its path; keys are never rendered."""
    match value:
        case str():
            yield path, value
        case dict():
            for key, each in value.items():
                yield from texts_of(each, (*path, key))
        case list():
            for index, each in enumerate(value):
                yield from texts_of(each, (*path, index))


def rendered_inputs(each: WrittenStep, declarations: Declarations) -> Iterator[tuple[Path, str]]:
    """Each text in the inputs of a step that is rendered when it runs; the steps of a loop are looked at themselves."""
    declaration = declarations.get(each.step.action)
    left_alone = {one.name for one in declaration.inputs if one.is_verbatim} if declaration else set()
    for name, value in each.step.inputs.items():
        if name not in left_alone and not (name == "Steps" and each.step.loop is not None):
            yield from texts_of(value, (*each.path, "inputs", name))


def is_declared(draft: Draft, reference: str) -> bool:
    """Whether a token names a parameter, a variable, a step or a value of the system."""
    prefix, colon, name = reference.partition(":")
    if colon:
        return prefix in ("global", "automation") or (prefix == "variable" and name in draft.variables)
    return reference in draft.parameters or reference.partition(".")[0] in draft.by_name


def _in_steps(draft: Draft, declarations: Declarations) -> Iterator[tuple[Path, str]]:
    for each in draft.steps:
        texts = list(rendered_inputs(each, declarations))
        for key, value in (("timeoutSeconds", each.step.timeout_seconds), ("maxAttempts", each.step.max_attempts)):
            texts.extend(texts_of(value, (*each.path, key)))
        for path, text in texts:
            if "{{" in text:
                for reference in references(text):
                    yield path, reference


def _step_and_output(draft: Draft, reference: str) -> tuple[str, str]:
    step, _, output = reference.partition(".")
    return (step, output) if output and step in draft.by_name and reference not in draft.parameters else ("", "")


def _check_reference(draft: Draft, declarations: Declarations, reference: str, path: Path, findings: Findings) -> None:
    prefix, colon, name = reference.partition(":")
    match prefix if colon else "":
        case "":
            if reference in draft.parameters or reference in PSEUDO_PARAMETERS:
                return
            if problem := _output_problem(draft, declarations, reference):
                code = "undeclared-output" if "." in reference else "undeclared-parameter"
                findings.error(code, path, problem)
        case "variable" if name not in draft.variables:
            text = f'Variable "{name}" is not declared.{meant(name, draft.variables)}'
            findings.error("undeclared-variable", path, text)
        case "global" if name not in GLOBALS:
            text = f'there is no "{reference}"; global: can be followed by {one_of(GLOBALS)}'
            findings.error("unknown-system-variable", path, text)
        case "automation" if reference != EXECUTION_ID:
            text = f'there is no "{reference}"; the only one is {EXECUTION_ID}'
            findings.error("unknown-system-variable", path, text)
        case "ssm":
            text = f"{{{{{reference}}}}} can stand only in the default of a parameter; declare one and refer to it"
            findings.error("parameter-store-reference", path, text)
        case "variable" | "global" | "automation":
            return
        case _:
            text = f'Parameter "{reference}" is not declared.'
            findings.error("undeclared-parameter", path, text)


def _output_problem(draft: Draft, declarations: Declarations, reference: str) -> str | None:
    """What is wrong with `step.Output`, in AWS's words as far as they are known."""
    step_name, _, output = reference.partition(".")
    each = draft.by_name.get(step_name)
    if each is None:
        known = [*draft.parameters, *(f"{name}.{output}" for name in draft.by_name if output)]
        return f'Parameter "{reference}" is not declared.{meant(reference, known)}'
    given = _outputs_given(each, declarations)
    if given is None or output in given:
        return None
    hint = meant(output, given) or f" The step gives {one_of(given)}."
    return f'Parameter "{reference}" is not declared.{hint}'


def _outputs_given(each: WrittenStep, declarations: Declarations) -> list[str] | None:
    """Names of the outputs of a step; None when only AWS knows them."""
    declaration = declarations.get(each.step.action)
    if declaration is None or declaration.only_aws:
        return None
    declared = [selection.name for selection in each.step.outputs]
    return [*declared, *(declaration.outputs or ()), *EVERY_STEP_GIVES]


def _check_assume_role(draft: Draft, findings: Findings) -> None:
    for reference in references(draft.assume_role or ""):
        if reference not in draft.parameters:
            text = f'Parameter "{reference}" is not declared.{meant(reference, draft.parameters)}'
            findings.error("undeclared-parameter", ("assumeRole",), text)


def _check_variables_set(draft: Draft, findings: Findings) -> None:
    """The Name of aws:updateVariable is a reference without braces."""
    for each in draft.steps:
        name = each.step.inputs.get("Name")
        if each.step.action != "aws:updateVariable" or not isinstance(name, str) or "{{" in name:
            continue
        path = (*each.path, "inputs", "Name")
        if not name.startswith("variable:"):
            findings.error("undeclared-variable", path, f'Name is written as "variable:NAME", not as "{name}"')
        elif name.removeprefix("variable:") not in draft.variables:
            variable = name.removeprefix("variable:")
            text = f'Variable "{variable}" is not declared.{meant(variable, draft.variables)}'
            findings.error("undeclared-variable", path, text)


def _check_defaults(draft: Draft, findings: Findings) -> None:
    """Defaults are rendered before any step runs, so they can refer to little."""
    for variable in draft.variables.values():
        for path, text in texts_of(variable.default, ("variables", variable.name, "default")):
            for reference in references(text):
                if reference not in draft.parameters and not reference.startswith(("global:", "automation:")):
                    message = f'Parameter "{reference}" is not declared.{meant(reference, draft.parameters)}'
                    findings.error("undeclared-parameter", path, message)
    for parameter in draft.parameters.values():
        for path, text in texts_of(parameter.default, ("parameters", parameter.name, "default")):
            for reference in references(text):
                if reference.startswith("ssm:"):
                    if parameter.kind not in ("String", "StringList"):
                        message = "only a String or a StringList can take its default from Parameter Store"
                        findings.error("parameter-store-reference", path, message)
                elif not reference.startswith(("global:", "automation:")):
                    message = f"a default cannot refer to {reference}, so a value has to be given at every start"
                    findings.warning("unrendered-default", path, message)
