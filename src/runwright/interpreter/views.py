"""AWS-shaped records of executions and steps. Spelling of AWS's members stays in this room and at the edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runwright.interpreter import fixed, rulings
from runwright.interpreter.fanout_state import Child
from runwright.interpreter.fixed import flow_properties, json_text, written_properties
from runwright.interpreter.outcome import Outcome
from runwright.interpreter.state import Activity, State, StepRow, step_execution_id
from runwright.language.model import Runbook
from runwright.messages import AwaitSignal, Json, WishId

_ECHOED_REQUEST = (
    "Targets", "TargetMaps", "TargetLocations", "TargetLocationsURL", "TargetParameterName",
    "MaxConcurrency", "MaxErrors", "AlarmConfiguration",
)  # fmt: skip


def milliseconds(at: float) -> float:
    """[OBS] times are epoch seconds with milliseconds."""
    return round(at, 3)


def step_row(state: State, activity: Activity, outcome: Outcome | None = None) -> StepRow:
    """The row of a step execution as it stands: under way (no outcome) or ended."""
    step = state.step_of(activity)
    words = fixed.words(step)
    status = outcome.status if outcome else _running_status(state, activity)
    identity = state.step_execution_id(activity.path, activity.visit)
    is_fixed = words.inputs is not None and activity.inputs is fixed.inputs(step)
    outputs = outcome.outputs if outcome else _outputs_so_far(activity)
    members = [words.head]
    if isinstance(step.timeout_seconds, str) and activity.timeout_at is not None:
        members.append(f'"TimeoutSeconds":{int(activity.timeout_at - activity.attempt_since)}')
    members.append(f'"ExecutionStartTime":{activity.since:.3f}')
    if outcome:
        members.append(f'"ExecutionEndTime":{state.now:.3f}')
    inputs = words.inputs if is_fixed else json_text(rulings.input_texts(activity.inputs))
    shown = json_text(_texts(outputs)) if outputs else "{}"
    members.append(f'"StepStatus":"{status}","Inputs":{inputs},"Outputs":{shown}')
    if outcome and (outcome.message is not None or "ResponseCode" in outputs):
        members.append(json_text(_failure(outcome))[1:-1])
    members.append(f'"StepExecutionId":"{identity}",{words.tail}')
    parent = _parent(state, activity) if len(state.frames) > 1 else {}
    if parent:
        members.append(f'"ParentStepDetails":{json_text(parent)}')
    return StepRow(
        activity.position,
        identity,
        step.name,
        step.action,
        status,
        activity.since,
        state.now if outcome else None,
        parent.get("StepExecutionId"),
        parent.get("Iteration"),
        parent.get("IteratorValue"),
        f"{{{','.join(members)}}}",
    )


def _texts(values: Mapping[str, Json]) -> dict[str, list[str]]:
    texts = {name: rulings.output_texts(value) for name, value in values.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _failure(outcome: Outcome) -> dict[str, Json]:
    """What a record says of an end besides its outputs."""
    shown: dict[str, Json] = {}
    if "ResponseCode" in outcome.outputs:
        shown["ResponseCode"] = str(outcome.outputs["ResponseCode"])
    if outcome.message is not None:
        shown["FailureMessage"] = outcome.message
        shown["FailureDetails"] = {"FailureStage": outcome.stage, "FailureType": outcome.type, "Details": {}}
    return shown


def _running_status(state: State, activity: Activity) -> str:
    if activity.decided == "Cancelled":
        return "Cancelling"
    return "Waiting" if isinstance(activity.wish, AwaitSignal) else "InProgress"


def _outputs_so_far(activity: Activity) -> dict[str, Json]:
    return activity.wish.outputs if isinstance(activity.wish, AwaitSignal) else {}


def _parent(state: State, activity: Activity) -> dict[str, Json]:
    """ParentStepDetails [B] of a step within a loop, {} elsewhere."""
    for outer, frame in zip(state.frames, state.frames[1:], strict=False):
        if frame.activity is activity and outer.activity is not None:
            loop = outer.activity
            details: dict[str, Json] = {
                "StepExecutionId": state.step_execution_id(loop.path, loop.visit),
                "StepName": loop.name,
                "Action": "aws:loop",
                "Iteration": frame.iteration,
            }
            if loop.values is not None:
                value = loop.values[frame.iteration - 1]
                details["IteratorValue"] = value if isinstance(value, str) else rulings.gson(value)
            return details
    return {}


def target_name(request: dict[str, Json], target: Json) -> str:
    """[UG] a step is named by its target; inferred: by the target parameter of a map, else by the whole map."""
    if isinstance(target, str):
        return target
    values = target.get(request.get("TargetParameterName"))
    return str(values[0]) if values else rulings.gson(target)


def fanout_row(state: State, index: int, child: Child, status: str, message: str | None, *, ended: bool) -> StepRow:
    """[OBS] the step of a fan-out's child: its name is the target, its inputs are plain and its outputs are empty."""
    fanout, request = state.fanout, state.start.request
    assert fanout is not None
    assert fanout.targets is not None
    target = fanout.targets[index]
    path = f"child/{index}"
    record: dict[str, Json] = {"Action": "aws:executeAutomation", "StepStatus": status}
    outputs: dict[str, Json] = {}
    if fanout.locations is not None:
        item, account, region = target
        record["StepName"] = rulings.location_name(account, region)
        location = fanout.locations[item]
        role = location.get("ExecutionRoleName") or rulings.LOCATION_ROLE
        record["TargetLocation"] = {"Accounts": [account], "Regions": [region], "ExecutionRoleName": role}
        record["Inputs"] = {}
        outputs = {"AutomationExecutionId": [WishId(path, 1, 1, 0).unique_in(state.id)]}
        if targets := location.get("Targets") or request.get("Targets"):
            record["Targets"] = targets
    else:
        record["StepName"] = target_name(request, target)
        parameters = target if isinstance(target, dict) else {request["TargetParameterName"]: [target]}
        record["Inputs"] = {name: ", ".join(values) for name, values in parameters.items()}
    record["Outputs"] = outputs
    record["ExecutionStartTime"] = milliseconds(child.since)
    if ended:
        record["ExecutionEndTime"] = milliseconds(state.now)
    if message is not None:
        record["FailureMessage"] = message
    identity = record["StepExecutionId"] = state.step_execution_id(path, 1)
    return StepRow(
        position=child.position,
        id=identity,
        name=record["StepName"],
        action="aws:executeAutomation",
        status=status,
        started_at=child.since,
        ended_at=state.now if ended else None,
        parent_id=None,
        iteration=None,
        iterator_value=None,
        record=json_text(record),
    )


def pending_steps(runbook: Runbook, execution_id: str, present: Iterable[str]) -> list[dict[str, Json]]:
    """Records of the steps of mainSteps that have not begun; `present` names those that have."""
    begun = set(present)
    return [
        {"StepName": step.name, "Action": step.action}
        | written_properties(step)
        | {
            "StepStatus": "Pending",
            "Inputs": {},
            "Outputs": {},
            "StepExecutionId": step_execution_id(execution_id, step.name),
            "OverriddenParameters": {},
        }
        | flow_properties(step)
        for step in runbook.steps
        if step.name not in begun
    ]


def execution_record(state: State, waits_for: str | None = None) -> dict[str, Json]:
    """AutomationExecution without its steps. `waits_for` words the quota that a Pending execution waits for."""
    start = state.start
    record: dict[str, Json] = {
        "AutomationExecutionId": start.id,
        "DocumentName": start.document,
        "DocumentVersion": start.version,
        "ExecutionStartTime": milliseconds(state.started_at),
    }
    if state.ended_at is not None:
        record["ExecutionEndTime"] = milliseconds(state.ended_at)
    record["AutomationExecutionStatus"] = state.status
    record["Parameters"] = rulings.parameter_echo(start.request.get("Parameters"))
    record["Outputs"] = document_outputs(state)
    record["Mode"] = start.request.get("Mode", "Auto")
    record["ExecutedBy"] = start.executed_by
    if state.failure_message is not None:
        record["FailureMessage"] = state.failure_message
    elif waits_for is not None and state.status == "Pending":
        record["FailureMessage"] = waits_for
    if start.parent:
        record["ParentAutomationExecutionId"] = start.parent
    activity = state.activity
    if activity is not None and not state.ended:
        record["CurrentStepName"] = activity.name
        record["CurrentAction"] = state.step_of(activity).action
    if start.target is not None:
        record["Target"] = start.target
    record["Targets"] = []
    record["ResolvedTargets"] = _resolved_targets(state)
    record |= {name: start.request[name] for name in _ECHOED_REQUEST if name in start.request}
    if state.fanout is not None:
        record["ProgressCounters"] = _progress_counters(state)
    if state.triggered_alarms:
        record["TriggeredAlarms"] = state.triggered_alarms
    if state.runbook.variables:
        record["Variables"] = _texts(state.variables)
    return record


def _resolved_targets(state: State) -> dict[str, Json]:
    fanout = state.fanout
    targets = (fanout.targets or []) if fanout is not None and fanout.locations is None else []
    values = [target for target in targets[: rulings.RESOLVED_TARGETS_SHOWN] if isinstance(target, str)]
    return {"ParameterValues": values, "Truncated": len(targets) > rulings.RESOLVED_TARGETS_SHOWN}


def _progress_counters(state: State) -> dict[str, int]:
    """[B] how many of the children there are to be have ended, and how."""
    assert state.fanout is not None
    counts = state.fanout.counts
    return {
        "TotalSteps": sum(group.count for group in state.fanout.groups),
        "SuccessSteps": counts["Success"],
        "FailedSteps": counts["Failed"],
        "CancelledSteps": counts["Cancelled"],
        "TimedOutSteps": counts["TimedOut"],
    }


def document_outputs(state: State) -> dict[str, list[str]]:
    """[OBS] every declared output is there, with a fixed text until its step has succeeded."""
    outputs = {}
    for reference in state.runbook.outputs:
        step, _, name = reference.partition(".")
        known = step not in state.unsuccessful
        texts = rulings.output_texts(state.outputs.get(step, {}).get(name)) if known else None
        outputs[reference] = [rulings.NO_OUTPUT_YET] if texts is None else texts
    return outputs
