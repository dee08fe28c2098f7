"""aws:executeScript: runs a Python or PowerShell script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from runwright.actions.phases import POLLING
from runwright.actions.registry import Context, Doing, action
from runwright.language.declarations import Declaration, Input
from runwright.language.json_values import json_value
from runwright.messages import Json, RunScript

RUNTIMES = (
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "PowerShell Core 6.0",
    "PowerShell 7.0",
    "PowerShell 7.4",
)
"""Every name that was ever documented; the server's own Python and PowerShell run them."""

_MOST_SECONDS = 600.0


def _has_code(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    runtime = inputs.get("Runtime")
    if not isinstance(runtime, str) or "{{" in runtime:
        return
    if runtime.startswith("python"):
        if not inputs.get("Handler"):
            yield "Handler", "a Python script needs the name of the function to call"
        if not inputs.get("Script") and not inputs.get("Attachment"):
            yield "Script", "one of Script and Attachment is required"
    elif not inputs.get("Script"):
        yield "Script", "a PowerShell step needs a Script"


@action(
    Declaration(
        "aws:executeScript",
        "Runs a Python or PowerShell script.",
        (
            Input("Runtime", "String", "The language and its version.", required=True, allowed=RUNTIMES),
            Input("Handler", "String", "The function to call with (events, context); for Python, and required there."),
            Input(
                "InputPayload",
                "Any",
                "A map, or JSON: the function's first argument. A reference without a value stays as text in it.",
                keeps_unresolved=True,
            ),
            Input("Script", "String", "The script itself; never rendered.", is_verbatim=True),
            Input("Attachment", "String", "An attached file that holds the script, or a zip file with it."),
        ),
        outputs={"Payload": "Any"},
        timeout_seconds=_MOST_SECONDS,
        timeout_cap=_MOST_SECONDS,
        rule=_has_code,
    ),
    phase=POLLING,
    selects=True,
)
def execute_script(context: Context) -> Doing:
    """[UG] At most 600 seconds. What it returns is Payload, to which the selectors apply as `$.Payload`.

    [OBS] Published scripts look for `{{` in what may have had no value.
    """
    inputs = context.inputs
    given: dict[str, Json] = yield RunScript(
        inputs["Runtime"],
        inputs.get("Script", ""),
        inputs.get("Handler", ""),
        _payload(inputs.get("InputPayload")),
        context.script_context(),
        context.step.outputs,
        inputs.get("Attachment"),
        _MOST_SECONDS,
        {name: each.sha256 for name, each in context.files.items()} if "Attachment" in inputs else {},
    )
    payload = {"Payload": given.get("Payload")}
    return {**given, "OutputPayload": json.dumps(payload, separators=(",", ":"), ensure_ascii=False)}


def _payload(written: Json) -> Json:
    """The payload as a value: a text that holds JSON is that JSON [UG]; none is an empty map."""
    if written is None:
        return {}
    if isinstance(written, str):
        try:
            return json_value(written)
        except ValueError:  # a plain text is handed on as it is
            return written
    return written
