"""aws:executeAutomation: runs another runbook as a child and waits for its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runwright.actions.phases import failure_text
from runwright.actions.registry import Context, Doing, EffectFailed, Interrupted, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.language.templates import as_embedded_text
from runwright.messages import Json, RunChild, StopChild

_EXECUTING = "Executing"
_PASSED_ON = (
    "DocumentName",
    "DocumentVersion",
    "TargetParameterName",
    "Targets",
    "TargetMaps",
    "TargetLocations",
    "MaxConcurrency",
    "MaxErrors",
    "Tags",
)
_LISTS_OF_LOCATIONS = ("Accounts", "Regions", "ExcludeAccounts")
_GOOD_ENDS = ("Success", "CompletedWithSuccess")


def _targets_are_paired(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if "Targets" in inputs and "TargetMaps" in inputs:
        yield "TargetMaps", "Targets and TargetMaps exclude each other"
    if "Targets" in inputs and "TargetParameterName" not in inputs:
        yield "Targets", "Targets needs TargetParameterName"


@action(
    Declaration(
        "aws:executeAutomation",
        "Runs another runbook and waits for its end.",
        (
            Input("DocumentName", "String", "The runbook, by name or ARN.", required=True),
            Input("DocumentVersion", "String", "Its version; by default the default version."),
            Input("RuntimeParameters", "StringMap", "Values of its parameters."),
            Input("Targets", "MapList", "What to run it on; needs TargetParameterName."),
            Input("TargetParameterName", "String", "The parameter that takes the target."),
            Input("TargetMaps", "MapList", "Parameters of each child by name; not with Targets."),
            Input("TargetLocations", "MapList", "Accounts and regions to run it in.", minimum=1, maximum=100),
            Input("MaxConcurrency", "String", "How many at the same time; a number or a percentage."),
            Input("MaxErrors", "String", "How many errors stop new starts; a number or a percentage."),
            Input("Tags", "MapList", "Tags of the child execution.", maximum=5),
        ),
        outputs={"Output": "StringList", "ExecutionId": "String", "Status": "String"},
        timeout_seconds=None,
        rule=_targets_are_paired,
    ),
    phase=_EXECUTING,
)
def execute_automation(context: Context) -> Doing:
    """[UG] Ends with the child; a child that does not succeed fails the step. An interruption stops the child."""
    child_id = context.token()
    try:
        ended = yield RunChild(_request(context.inputs))
    except EffectFailed as failed:
        reason = f"Fail to start automation, errorMessage: {failed.failure.message}"
        raise StepFailed(failure_text(_EXECUTING, reason), type=failed.failure.type) from failed
    except Interrupted:
        stopped = yield StopChild(child_id)
        return _outputs(stopped) if stopped else {}
    if ended["Status"] in _GOOD_ENDS:
        return _outputs(ended)
    why = f": {ended['FailureMessage']}" if ended.get("FailureMessage") else ""
    reason = f"Automation execution {ended['ExecutionId']} ended in status {ended['Status']}{why}"
    raise StepFailed(failure_text(_EXECUTING, reason), outputs=_outputs(ended))


def _outputs(ended: dict[str, Json]) -> dict[str, Json]:
    """[CDK] Output holds all that the child's document gives, one after the other."""
    texts = [text for values in (ended.get("Outputs") or {}).values() for text in values]
    return {"ExecutionId": ended["ExecutionId"], "Status": ended["Status"], "Output": texts}


def _request(inputs: dict[str, Json]) -> dict[str, Json]:
    request = {name: inputs[name] for name in _PASSED_ON if name in inputs}
    parameters = inputs.get("RuntimeParameters")
    if parameters:
        request["Parameters"] = {name: _texts(value) for name, value in parameters.items() if value is not None}
    if "Targets" in request:
        request["Targets"] = [each | {"Values": _texts(each.get("Values", []))} for each in request["Targets"]]
    for name in ("Tags", "TargetLocations"):
        if name in request:
            request[name] = [_as_written(each) for each in request[name]]
    if "TargetMaps" in request:
        request["TargetMaps"] = [
            {name: _texts(value) for name, value in each.items()} for each in request["TargetMaps"]
        ]
    return request


def _as_written(item: dict[str, Json]) -> dict[str, Json]:
    """A tag or a location with its numbers as texts, and a single account or region as a list of one (inferred)."""
    listed = {name: _texts(item[name]) for name in _LISTS_OF_LOCATIONS if name in item}
    numbers = {
        name: as_embedded_text(value)
        for name, value in item.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return item | numbers | listed


def _texts(value: Json) -> list[str]:
    """[CDK] a scalar is wrapped, a map becomes JSON, the items of a list are the values."""
    return [as_embedded_text(each) for each in (value if isinstance(value, list) else [value])]
