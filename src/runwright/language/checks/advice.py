"""Warnings: what is accepted but will not do, on this server or at all, what the author may expect."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runwright.language.checks.references import is_declared
from runwright.language.constraints import problem_with
from runwright.language.declarations import Declarations
from runwright.language.draft import Draft, WrittenStep
from runwright.language.fields import meant, shown
from runwright.language.findings import Findings
from runwright.language.model import Parameter
from runwright.language.templates import references

RETIRED_RUNTIMES = ("python3.6", "python3.7", "python3.8", "python3.9", "PowerShell Core 6.0", "PowerShell 7.0")
CURRENT_RUNTIMES = ("python3.10", "python3.11", "PowerShell 7.4")


def check(draft: Draft, declarations: Declarations, findings: Findings, *, has_powershell: Callable[[], bool]) -> None:
    """Note everything worth a second look."""
    for each in draft.steps:
        _check_action(each, declarations, findings)
        if each.step.action == "aws:executeScript":
            _check_script(draft, each, findings, has_powershell=has_powershell)
    for parameter in draft.parameters.values():
        for message in _default_problems(parameter):
            findings.warning("default-breaks-rule", ("parameters", parameter.name, "default"), message)


def _check_action(each: WrittenStep, declarations: Declarations, findings: Findings) -> None:
    declaration, seconds = declarations.get(each.step.action), each.step.timeout_seconds
    if declaration is None:
        return
    if declaration.only_aws:
        text = f"{each.step.action} can be run by AWS alone; the step will fail here"
        findings.warning("only-aws", (*each.path, "action"), text)
    cap = declaration.timeout_cap
    if cap is not None and isinstance(seconds, int | float) and seconds > cap:
        text = f"timeoutSeconds is {seconds}, but an attempt of {each.step.action} ends after {cap:.9g} seconds"
        findings.warning("timeout-above-cap", (*each.path, "timeoutSeconds"), text)


def _check_script(draft: Draft, each: WrittenStep, findings: Findings, *, has_powershell: Callable[[], bool]) -> None:
    path = (*each.path, "inputs")
    runtime, script = each.step.inputs.get("Runtime"), each.step.inputs.get("Script")
    if runtime in RETIRED_RUNTIMES:
        text = f"AWS no longer takes the runtime {runtime}; it takes {', '.join(CURRENT_RUNTIMES)}"
        findings.warning("retired-runtime", (*path, "Runtime"), text)
    if isinstance(runtime, str) and runtime.startswith("PowerShell") and not has_powershell():
        text = "no pwsh is known here: install PowerShell so that pwsh is on PATH, or name it with --pwsh"
        findings.warning("needs-powershell", (*path, "Runtime"), text)
    attachment = each.step.inputs.get("Attachment")
    if isinstance(attachment, str) and "{{" not in attachment and attachment not in draft.files:
        text = f"the attachment {shown(attachment)} does not stand under files{meant(attachment, draft.files)}"
        findings.warning("unknown-attachment", (*path, "Attachment"), text)
    if isinstance(script, str) and "{{" in script:
        named = next((one for one in references(script) if is_declared(draft, one)), None)
        if named is not None:
            text = f"{{{{ {named} }}}} is not replaced in a script; pass it with InputPayload and read it from events"
            findings.warning("reference-in-script", (*path, "Script"), text)


def _default_problems(parameter: Parameter) -> Iterator[str]:
    """Constraints are tested on what callers send, never on a default, so this one would pass where theirs does not."""
    if parameter.required or (isinstance(parameter.default, str) and "{{" in parameter.default):
        return
    if problem := problem_with(parameter, parameter.default):
        yield f"the default {shown(parameter.default)} breaks the parameter's own rule: {problem}"
