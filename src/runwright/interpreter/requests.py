"""Signals and stops are requests: each is answered in its execution's own turn, with an event or a refusal."""

from __future__ import annotations

from runwright.actions.approvers import is_approver
from runwright.errors import ServiceError
from runwright.interpreter.state import State
from runwright.messages import AwaitSignal, Event, Signalled, Stopped
from runwright.records import record


@record
class Signal:
    """SendAutomationSignal: `by` is the sender's ARN."""

    type: str
    payload: dict[str, list[str]]
    by: str


@record
class Stop:
    """StopAutomationExecution: `type` is Cancel or Complete."""

    type: str
    by: str


Request = Signal | Stop


def answer(state: State, request: Request, at: float) -> Event | ServiceError | None:
    """The event that the request becomes, the error that refuses it, or None when it is granted already."""
    if state.ended:
        return refusal_of_ended(state.id, state.status, request)
    if state.fanout is not None and isinstance(request, Signal):
        return _invalid(f"Automation execution {state.id} runs on many targets: send signals to its children.")
    match request:
        case Stop():
            return _stop(state, request, at)
        case Signal():
            return _signal(state, request, at)


def refusal_of_ended(execution_id: str, status: str, request: Request) -> ServiceError:
    """Why an execution that has ended with `status` takes no request."""
    if isinstance(request, Stop):
        return ServiceError(
            "InvalidAutomationStatusUpdateException",
            f"Automation execution {execution_id} has ended ({status}): only one that has not ended can be stopped.",
        )
    return _invalid(f"Automation execution {execution_id} has ended ({status}): it takes no more signals.")


def _stop(state: State, request: Stop, at: float) -> Event | ServiceError | None:
    if state.stop == "Cancel" or state.stop == request.type:
        return None
    return Stopped(at, request.type, request.by)


def _signal(state: State, request: Signal, at: float) -> Event | ServiceError | None:
    match request.type:
        case "Approve" | "Reject":
            return _decision(state, request, at)
        case "Resume":
            return _resume(state, request, at)
        case "StartStep":
            return _start_step(state, request, at)
        case "StopStep":
            return _stop_step(state, request, at)
        case _:
            return _invalid(
                f"Signal {request.type} is for access requests; "
                "this execution takes Approve, Reject, StartStep, StopStep and Resume."
            )


def _decision(state: State, request: Signal, at: float) -> Event | ServiceError:
    activity = state.activity
    wish = activity.wish if activity else None
    if activity is None or not isinstance(wish, AwaitSignal) or request.type not in wish.signals:
        return _invalid(f"No step of automation execution {state.id} is waiting for an approval.")
    if not is_approver(request.by, wish.approvers):
        return _invalid(
            f"{request.by} is not among the approvers of step {activity.name}: {', '.join(wish.approvers)}."
        )
    if request.by in wish.decided:
        return _invalid(f"{request.by} has already decided on step {activity.name}.")
    return Signalled(at, request.type, activity.path, request.by, request.payload)


def _resume(state: State, request: Signal, at: float) -> Event | ServiceError:
    name = _one(request, "StepName")
    if isinstance(name, ServiceError):
        return name
    if name not in state.runbook.all_steps:
        return _no_step(state, name)
    activity = state.activity
    wish = activity.wish if activity else None
    if activity is None or activity.name != name or not isinstance(wish, AwaitSignal) or "Resume" not in wish.signals:
        return _invalid(f"Step {name} of automation execution {state.id} is not paused.")
    return Signalled(at, "Resume", activity.path, request.by, request.payload)


def _start_step(state: State, request: Signal, at: float) -> Event | ServiceError:
    name = _one(request, "StepName")
    if isinstance(name, ServiceError):
        return name
    if not any(step.name == name for step in state.runbook.steps):
        return _no_step(state, name)
    if not state.start.interactive:
        return _invalid(f"Automation execution {state.id} runs in mode Auto: StartStep is for mode Interactive.")
    if state.activity is not None or state.frames[0].next is not None or state.stop is not None:
        return _invalid(f"Automation execution {state.id} is {_busy_with(state)}: one step is started at a time.")
    return Signalled(at, "StartStep", name, request.by, request.payload)


def _busy_with(state: State) -> str:
    """What keeps an execution in mode Interactive from starting another step."""
    if state.stop is not None:
        return "being stopped"
    activity = state.activity
    name = activity.name if activity is not None else state.frames[0].next
    return f"at step {name}" if name is not None else state.status


def _stop_step(state: State, request: Signal, at: float) -> Event | ServiceError:
    identity = _one(request, "StepExecutionId")
    if isinstance(identity, ServiceError):
        return identity
    activity = state.activity
    if activity is None or state.step_execution_id(activity.path, activity.visit) != identity:
        known = {state.step_execution_id(step.name, 1) for step in state.runbook.steps}
        if identity in known:
            return _invalid(f"Step execution {identity} is not in progress.")
        return ServiceError(
            "AutomationStepNotFoundException",
            f"Automation execution {state.id} has no step execution {identity} in progress.",
        )
    if activity.decided is not None:
        return _invalid(f"Step execution {identity} is being stopped already.")
    return Signalled(at, "StopStep", activity.path, request.by, request.payload)


def _one(request: Signal, key: str) -> str | ServiceError:
    values = request.payload.get(key) or []
    if len(values) != 1:
        return _invalid(
            f'Signal {request.type} needs one value in its payload: {{"{key}": ["..."]}}; it has {len(values)}.'
        )
    return values[0]


def _no_step(state: State, name: str) -> ServiceError:
    names = ", ".join(step.name for step in state.runbook.steps)
    return ServiceError(
        "AutomationStepNotFoundException",
        f"Automation execution {state.id} has no step {name}. Its steps are: {names}.",
    )


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidAutomationSignalException", message)
