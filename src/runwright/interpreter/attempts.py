"""One attempt of a step: its inputs are rendered, its generator runs from reply to reply, an interruption is thrown in.

Each function gives the Outcome when the attempt is over, None while it waits. It knows nothing of what comes after.
"""

from __future__ import annotations

import json

from runwright.actions.every import ACTIONS, DECLARATIONS
from runwright.actions.registry import (
    Action,
    Context,
    EffectFailed,
    Given,
    Interrupted,
    SetVariable,
    StepFailed,
    TimedOutOn,
)
from runwright.interpreter import fixed, rulings
from runwright.interpreter.outcome import Outcome
from runwright.interpreter.references import Lookup, TooMuch, lookup_in, script_context, size_of
from runwright.interpreter.state import Activity, Answered, State
from runwright.language.conditions import holds
from runwright.language.declarations import Declaration, Input
from runwright.language.fields import as_number_of_step, shown
from runwright.language.inputs import fit
from runwright.language.model import Step
from runwright.language.selectors import WrongType, take
from runwright.language.templates import Unresolved, leniently, render
from runwright.language.types import is_of_kind
from runwright.members import Incomplete
from runwright.messages import CallAws, Failure, Json, Reply
from runwright.stored_form import fingerprint

_INPUT_PHASE = "validating and resolving the step inputs"


def begin_attempt(state: State, activity: Activity) -> Outcome | None:
    """Render the inputs and run the generator to its first effect. Loops are begun by `loops`."""
    step = state.step_of(activity)
    outcome = prepare(state, activity, step)
    if outcome is not None:
        return outcome
    if step.action == "aws:branch":
        return _branch(state, step)
    return resume(state, activity, None)


def prepare(state: State, activity: Activity, step: Step) -> Outcome | None:
    """Set the attempt's clock and inputs; the outcome when they cannot be had (such an attempt is not tried again)."""
    activity.fresh = False
    activity.attempt_since = state.now
    activity.replies = []
    activity.wish = activity.doing = activity.decided = activity.interrupting = activity.closing_until = None
    declaration = DECLARATIONS[step.action]
    known = fixed.inputs(step)
    try:
        activity.inputs = _inputs(declaration, step, lookup_in(state)) if known is None else known
        seconds = _timeout_seconds(declaration, step, state)
    except Unresolved as missing:
        return input_failure(f"{missing.reference} has no value: its step did not run or has no such output")
    except ValueError as wrong:
        return input_failure(str(wrong))
    activity.timeout_at = None if seconds is None else state.now + seconds
    return None


def _inputs(declaration: Declaration, step: Step, lookup: Lookup) -> dict[str, Json]:
    match step.action:
        case "aws:branch":
            return dict(render(dict(step.inputs), leniently(lookup)))
        case "aws:loop":
            shown = ("Iterators", "IteratorDataType", "MaxIterations")
            return dict(render({name: step.inputs[name] for name in shown if name in step.inputs}, lookup))
        case _:
            return fit(declaration, {n: _rendered(declaration.input(n), v, lookup) for n, v in step.inputs.items()})


def _rendered(declared: Input | None, value: Json, lookup: Lookup) -> Json:
    if declared is not None and declared.is_verbatim:
        return value
    return render(value, leniently(lookup) if declared is not None and declared.keeps_unresolved else lookup)


def _timeout_seconds(declaration: Declaration, step: Step, state: State) -> float | None:
    """Seconds of an attempt: the smaller of what the step says and the action's cap."""
    written = step.timeout_seconds
    if isinstance(written, str):
        value = render(written, lookup_in(state))
        written = as_number_of_step(value, 0)
        if written is None:
            raise ValueError(f"timeoutSeconds is {shown(value)}: a whole number of seconds is expected")
    seconds = declaration.timeout_seconds if written is None else float(written)
    cap = declaration.timeout_cap
    if cap is None:
        return seconds
    return cap if seconds is None else min(seconds, cap)


def max_attempts(state: State, step: Step) -> int:
    """How many tries the step has in all; a reference that gives no positive number, or too much, counts as one try."""
    written = step.max_attempts
    if isinstance(written, int):
        return written
    try:
        return as_number_of_step(render(written, lookup_in(state)), 1) or 1
    except (Unresolved, TooMuch):
        return 1


def _branch(state: State, step: Step) -> Outcome:
    lookup = lookup_in(state)
    for choice in step.choices:
        if holds(choice.condition, lookup):
            return Outcome("Success", {"NextStep": choice.next_step}, goto=choice.next_step)
    return Outcome("Success", {"NextStep": step.default} if step.default else {}, goto=step.default)


def start_doing(state: State, activity: Activity) -> None:
    """Make the attempt's generator; it has not run yet."""
    activity.context = Context(
        inputs=activity.inputs,
        step=state.step_of(activity),
        execution_id=state.id,
        account=state.start.account,
        region=state.start.region,
        partition=state.start.partition,
        now=activity.attempt_since,
        wish=activity.wish_id,
        script_context=lambda: script_context(state),
        files=state.runbook.files,
    )
    activity.doing = ACTIONS[activity.context.step.action].perform(activity.context)


def answer(state: State, activity: Activity, reply: Reply) -> Outcome | None:
    """Hand a reply to the generator; an interruption that waited for the call in flight follows it."""
    outcome = _recorded(state, activity, reply)
    if outcome is None and activity.interrupting is not None:
        reason, activity.interrupting = activity.interrupting, None
        return _recorded(state, activity, Reply(interrupted=reason))
    return outcome


def interrupt(state: State, activity: Activity, decided: str, reason: str) -> Outcome | None:
    """End the attempt with the status `decided`; a call in flight is waited for."""
    if activity.decided is not None:
        return None
    activity.decided = decided
    activity.closing_until = state.now + rulings.CLOSING_SECONDS
    if isinstance(activity.wish, CallAws):
        activity.interrupting = reason
        return None
    return _recorded(state, activity, Reply(interrupted=reason))


def _recorded(state: State, activity: Activity, reply: Reply) -> Outcome | None:
    asked = activity.wish
    assert asked is not None
    answered = Answered(state.now, "", reply)
    activity.replies.append(answered)
    outcome = resume(state, activity, reply)
    if outcome is None:
        answered.effect = fingerprint(asked)
    return outcome


def resume(state: State, activity: Activity, reply: Reply | None) -> Outcome | None:
    """Run the generator from one reply to its next effect."""
    if activity.doing is None:
        start_doing(state, activity)
    context, doing = activity.context, activity.doing
    assert context is not None
    assert doing is not None
    action = ACTIONS[context.step.action]
    context.now, context.wish = state.now, activity.wish_id
    activity.wish = None
    try:
        if reply is None:
            activity.wish = next(doing)
        elif reply.interrupted is not None:
            activity.wish = doing.throw(Interrupted(reply.interrupted))
        elif reply.failure is not None:
            activity.wish = doing.throw(EffectFailed(reply.failure))
        else:
            activity.wish = doing.send(reply.value)
    except StopIteration as end:
        return _succeeded(state, action, context, end.value)
    except EffectFailed as failed:
        return _effect_failed(action, failed.failure)
    except StepFailed as failed:
        text = rulings.sentence(failed.message) + rulings.GUIDE
        return Outcome("Failed", failed.outputs, text, failed.stage, failed.type, failed.final)
    except TimedOutOn as timed_out:
        return Outcome("TimedOut", message=timed_out.missing, stage="PostVerification", type="Verification")
    except Incomplete as answer:
        return Outcome("Failed", message=rulings.failure_text(action.phase, str(answer)))
    except Interrupted:
        return Outcome("Failed", message=rulings.failure_text(action.phase, "The attempt was interrupted"))
    return None


def _effect_failed(action: Action, failure: Failure) -> Outcome:
    message = rulings.failure_text(action.phase, failure.message)
    return Outcome("Failed", message=message, stage=rulings.failure_stage(failure), type=failure.type)


def _succeeded(state: State, action: Action, context: Context, given: Given) -> Outcome:
    match given:
        case SetVariable(name, value):
            variable = state.runbook.variables[name]
            if not is_of_kind(variable.kind, value):
                found = json.dumps(value, ensure_ascii=False)[:200]
                return input_failure(f"Variable {name} is of type {variable.kind}, the value is {found}")
            if problem := _problem_of_size(state, name, value):
                return input_failure(problem)
            state.variables[name] = value
            return Outcome("Success")
        case outputs:
            if context.step.outputs and not action.selects:
                try:
                    outputs = outputs | take(context.step.outputs, outputs)
                except WrongType as wrong:
                    text = rulings.failure_text(action.phase, str(wrong))
                    return Outcome("Failed", outputs, text, "PostVerification", "Verification")
            if action.payload:
                outputs = outputs | {"OutputPayload": json.dumps(given, separators=(",", ":"), ensure_ascii=False)}
            return Outcome("Success", outputs)


def keep_outputs(state: State, step: Step, outcome: Outcome) -> Outcome:
    """Keep what later steps refer to; an outcome that is too large for that becomes a failure that says so.

    What the step gave in an earlier pass of its loop is no longer there, also when it gives nothing now.
    """
    succeeds = outcome.status == "Success"
    if succeeds == (step.name in state.unsuccessful):
        others = [name for name in state.unsuccessful if name != step.name]
        state.unsuccessful = others if succeeds else sorted([*others, step.name])
    referred = state.runbook.referred
    kept = {name: value for name, value in outcome.outputs.items() if (step.name, name) in referred}
    if (step.name, "OutputPayload") in referred and "OutputPayload" not in kept:
        kept["OutputPayload"] = json.dumps(outcome.outputs, separators=(",", ":"), ensure_ascii=False)
    if not kept:
        if step.loop is None:
            state.output_bytes -= sum(_sizes(state.outputs.pop(step.name, {})).values())
        return outcome
    sizes = _sizes(kept)
    largest = max(sizes, key=lambda name: sizes[name])
    most = rulings.most_bytes_of_output(step.action)
    if sizes[largest] > most:
        return _too_large(f"Output {largest} has {sizes[largest]} bytes: at most {most} are kept")
    before = sum(_sizes(state.outputs.get(step.name, {})).values())
    total = state.output_bytes - before + sum(sizes.values())
    if total > rulings.EXECUTION_OUTPUT_BYTES:
        most = rulings.EXECUTION_OUTPUT_BYTES
        return _too_large(
            f"The outputs of the execution come to {total} bytes with this step's: at most {most} are kept"
        )
    state.output_bytes = total
    state.outputs[step.name] = kept
    return outcome


def _sizes(outputs: dict[str, Json]) -> dict[str, int]:
    return {name: size_of(value) for name, value in outputs.items()}


def _problem_of_size(state: State, name: str, value: Json) -> str | None:
    """Variables are kept as outputs are, and have the same limits (ours)."""
    size = size_of(value)
    if size > rulings.OUTPUT_BYTES:
        return f"Variable {name} would have {size} bytes: at most {rulings.OUTPUT_BYTES} are kept"
    total = size + sum(_sizes({other: held for other, held in state.variables.items() if other != name}).values())
    if total > rulings.EXECUTION_OUTPUT_BYTES:
        most = rulings.EXECUTION_OUTPUT_BYTES
        return f"The variables of the execution would come to {total} bytes: at most {most} are kept"
    return None


def _too_large(reason: str) -> Outcome:
    return Outcome(
        "Failed", message=rulings.failure_text("keeping the outputs", reason), type="Verification", final=True
    )


def input_failure(reason: str) -> Outcome:
    text = rulings.failure_text(_INPUT_PHASE, reason)
    return Outcome("Failed", message=text, stage="InputValidation", type="Verification", final=True)


def decided_outcome(state: State, activity: Activity, outcome: Outcome) -> Outcome:
    """The outcome that an interruption has settled, with the outputs there are. A cancelled step tells no failure.

    What an action says of a time-out before its work has begun (PreVerification) is the step's message; what it says
    that it waited for in vain is told in it.
    """
    assert activity.decided is not None
    if activity.decided == "TimedOut":
        if outcome.stage == "PreVerification":
            return Outcome("TimedOut", outcome.outputs, outcome.message, outcome.stage, outcome.type)
        return _timed_out(state, activity, outcome)
    message = outcome.message if activity.decided == "Failed" else None
    return Outcome(activity.decided, outcome.outputs, message, stage="Invocation", type="Action")


def _timed_out(state: State, activity: Activity, outcome: Outcome) -> Outcome:
    seconds = (activity.timeout_at or state.now) - activity.attempt_since
    action = ACTIONS.get(state.step_of(activity).action)
    phase = action.phase if action else "Executing"
    if outcome.status != "TimedOut":
        return Outcome("TimedOut", outcome.outputs, rulings.timeout_text(phase, seconds))
    text = rulings.timeout_text(phase, seconds, outcome.message)
    return Outcome("TimedOut", outcome.outputs, text, outcome.stage, outcome.type)
