"""AWS-shaped records of executions and steps. Spelling of AWS's members stays in this room and at the edge."""

from __future__ import annotations

from collections.abc import Iterable

from runwright.interpreter import rulings
from runwright.interpreter.fanout_state import Child
from runwright.interpreter.outcome import Outcome, valid_next_steps
from runwright.interpreter.state import Activity, State, StepRow, step_execution_id
from runwright.language.model import Runbook, Step
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
    status = outcome.status if outcome else _running_status(state, activity)
    identity = state.step_execution_id(activity.path, activity.visit)
    record: dict[str, Json] = {"StepName": step.name, "Action": step.action}
    record |= _written_properties(step, activity)
    record["ExecutionStartTime"] = milliseconds(activity.since)
    if outcome:
        record["ExecutionEndTime"] = milliseconds(state.now)
    record["StepStatus"] = status
    record["Inputs"] = rulings.input_texts(activity.inputs)
    outputs = outcome.outputs if outcome else _outputs_so_far(activity)
    texts = {name: rulings.output_texts(value) for name, value in outputs.items()}
    record["Outputs"] = {name: text for name, text in texts.items() if text is not None}
    if outcome and "ResponseCode" in outputs:
        record["ResponseCode"] = str(outputs["ResponseCode"])
    if outcome and outcome.message is not None:
        record["FailureMessage"] = outcome.message
        record["FailureDetails"] = {"FailureStage": outcome.stage, "FailureType": outcome.type, "Details": {}}
    record["StepExecutionId"] = identity
    record["OverriddenParameters"] = {}
    record |= _flow_properties(step)
    parent = _parent(state, activity)
    if parent:
        record["ParentStepDetails"] = parent
    return StepRow(
        position=activity.position,
        id=identity,
        name=step.name,
        action=step.action,
        status=status,
        started_at=activity.since,
        ended_at=state.now if outcome else None,
        parent_id=parent.get("StepExecutionId"),
        iteration=parent.get("Iteration"),
        iterator_value=parent.get("IteratorValue"),
        record=record,
    )


def _running_status(state: State, activity: Activity) -> str:
    if activity.decided == "Cancelled":
        return "Cancelling"
    return "Waiting" if isinstance(activity.wish, AwaitSignal) else "InProgress"


def _outputs_so_far(activity: Activity) -> dict[str, Json]:
    return activity.wish.outputs if isinstance(activity.wish, AwaitSignal) else {}


def _written_properties(step: Step, activity: Activity | None) -> dict[str, Json]:
    """[OBS] what is only shown when the document writes it."""
    shown: dict[str, Json] = {}
    if "timeoutSeconds" in step.written:
        if not isinstance(step.timeout_seconds, str) and step.timeout_seconds is not None:
            shown["TimeoutSeconds"] = int(step.timeout_seconds)
        elif activity is not None and activity.timeout_at is not None:
            shown["TimeoutSeconds"] = int(activity.timeout_at - activity.attempt_since)
    if "onFailure" in step.written:
        shown["OnFailure"] = step.on_failure
    if "maxAttempts" in step.written and isinstance(step.max_attempts, int):
        shown["MaxAttempts"] = step.max_attempts
    return shown


def _flow_properties(step: Step) -> dict[str, Json]:
    shown: dict[str, Json] = {}
    if "isEnd" in step.written:
        shown["IsEnd"] = step.is_end
    if "isCritical" in step.written and step.is_critical is not None:
        shown["IsCritical"] = step.is_critical
    if "nextStep" in step.written:
        shown["NextStep"] = step.next_step
    following = valid_next_steps(step)
    if following:
        shown["ValidNextSteps"] = following
    return shown


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
        record=record,
    )


def pending_steps(runbook: Runbook, execution_id: str, present: Iterable[str]) -> list[dict[str, Json]]:
    """Records of the steps of mainSteps that have not begun; `present` names those that have."""
    begun = set(present)
    return [
        {"StepName": step.name, "Action": step.action}
        | _written_properties(step, None)
        | {
            "StepStatus": "Pending",
            "Inputs": {},
            "Outputs": {},
            "StepExecutionId": step_execution_id(execution_id, step.name),
            "OverriddenParameters": {},
        }
        | _flow_properties(step)
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
        texts = {name: rulings.output_texts(value) for name, value in state.variables.items()}
        record["Variables"] = {name: text for name, text in texts.items() if text is not None}
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
