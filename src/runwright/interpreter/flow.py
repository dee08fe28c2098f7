"""The step machine: folds an event into the state and says which effects the state wants.

The flow is a stack of frames. `fold` changes the state and goes on until something has to be awaited; `wants` derives
every wanted effect from the state alone, so that starting, resuming after a crash, stopping and timing out are one
mechanism: what is newly wanted is begun, what is no longer wanted is dropped.
"""

from __future__ import annotations

from typing import assert_never

from runwright.interpreter import attempts, frames, loops, rulings, views
from runwright.interpreter.outcome import Outcome, after
from runwright.interpreter.state import STEP_LIMIT_OF_A_TURN, Activity, Frame, State
from runwright.messages import (
    Admitted,
    AwaitSignal,
    Broke,
    CallAws,
    Effect,
    Event,
    Outdated,
    Replied,
    Reply,
    RunChild,
    Signalled,
    SleepUntil,
    StopChild,
    Stopped,
    WishId,
)
from runwright.stored_form import fingerprint

TIMEOUT, CLOSING, ORPHAN = "!timeout", "!closing", "!orphan"
CANCEL_BUDGET = WishId("!cancel-budget", 1, 1, 0)
LAST_CALL_SECONDS = 30.0
"""A call in flight replies within 25 seconds; what closes its attempt after that has the rest."""


def fold(state: State, event: Event) -> None:
    """Take one event in and run on until the execution waits or has ended. Events after the end change nothing."""
    state.now = max(state.now, event.at)
    state.seq += 1
    if state.ended:
        return
    state.budget = STEP_LIMIT_OF_A_TURN
    match event:
        case Admitted():
            state.slot = "held"
        case Replied():
            _replied(state, event)
        case Signalled():
            _signalled(state, event)
        case Stopped():
            _stopped(state, event)
        case Broke():
            _broke(state, event)
        case Outdated():
            _outdated(state)
        case _:
            assert_never(event)
    _run_on(state)
    _settle(state)


def wants(state: State) -> dict[WishId, Effect]:
    """Every effect that is wanted now, by the id under which its reply is awaited."""
    wanted: dict[WishId, Effect] = {}
    if state.ended:
        return wanted
    if state.breath:
        wanted[WishId("!breath", 1, 1, state.positions)] = SleepUntil(state.now)
    if state.cancel_until is not None:
        wanted[CANCEL_BUDGET] = SleepUntil(state.cancel_until)
    for frame in state.frames:
        activity = frame.activity
        if activity is None:
            continue
        if activity.wish is not None:
            wanted[activity.wish_id] = activity.wish
        if activity.orphan is not None:
            wanted[_beside(activity, ORPHAN)] = StopChild(activity.orphan)
        if activity.closing_until is not None:
            wanted[_beside(activity, CLOSING)] = SleepUntil(activity.closing_until)
        elif activity.timeout_at is not None and activity.decided is None:
            wanted[_beside(activity, TIMEOUT)] = SleepUntil(activity.timeout_at)
    return wanted


def _beside(activity: Activity, what: str) -> WishId:
    return WishId(activity.path + what, activity.visit, activity.attempt, 0)


def revive(state: State) -> bool:
    """Make the generator of the attempt in flight again from its replies.

    False where this version of the program asks for another effect than the one that a reply answers: fold Outdated.
    """
    activity = state.activity
    if activity is None or activity.fresh or activity.orphan or state.step_of(activity).loop is not None:
        return True
    now, replies = state.now, activity.replies
    state.now, activity.replies = activity.attempt_since, []
    outcome = attempts.resume(state, activity, None)
    for answered in replies:
        if outcome is not None or activity.wish is None or fingerprint(activity.wish) != answered.effect:
            return False
        state.now = answered.at
        activity.replies.append(answered)
        outcome = attempts.resume(state, activity, answered.reply)
    state.now = now
    return outcome is None


# -------------------------------------------------------------------------------------------------- events


def _replied(state: State, event: Replied) -> None:
    if event.wish not in wants(state):
        return
    path = event.wish.path
    if path == "!breath":
        state.breath = False
    elif event.wish == CANCEL_BUDGET:
        _cancel_at_once(state)
    else:
        frame = next(each for each in state.frames if each.activity and _is_about(each.activity, event.wish))
        activity = frame.activity
        assert activity is not None
        if state.stop == "Broke":
            _fail_whole(state, state.failure_message)
        elif path.endswith(TIMEOUT):
            _timed_out(state, activity)
        elif path.endswith(CLOSING):
            _attempt_over(state, frame, activity, Outcome("Failed"))
        else:
            _attempt_over(state, frame, activity, attempts.answer(state, activity, event.reply))


def _is_about(activity: Activity, wish: WishId) -> bool:
    return wish.path.partition("!")[0] == activity.path


def _timed_out(state: State, activity: Activity) -> None:
    """A loop's timeout interrupts the step within it first."""
    inner = state.activity
    assert inner is not None
    frame = state.frames[-1]
    if inner is not activity or frame.activity is not activity:
        activity.decided = "TimedOut"
    if frame.activity is not inner:  # a loop between two of its steps
        _attempt_over(state, frames.frame_of(state, inner), inner, Outcome("TimedOut"))
        return
    _attempt_over(state, frame, inner, attempts.interrupt(state, inner, "TimedOut", "timeout"))


def _signalled(state: State, event: Signalled) -> None:
    if event.signal == "StartStep":
        state.frames[0].next = event.step_path
        state.slot = "asked"
        return
    frame = state.frames[-1]
    activity = frame.activity
    if activity is None or activity.path != event.step_path:
        return
    if event.signal == "StopStep":
        _attempt_over(state, frame, activity, attempts.interrupt(state, activity, "Cancelled", "cancel"))
    elif isinstance(activity.wish, AwaitSignal):
        value = {"signal": event.signal, "by": event.by, "payload": event.payload, "at": event.at}
        _attempt_over(state, frame, activity, attempts.answer(state, activity, Reply(value)))


def _stopped(state: State, event: Stopped) -> None:
    if event.type == "Complete":
        state.stop = state.stop or "Complete"
        return
    state.stop = "Cancel"
    state.cancel_until = state.now + rulings.CANCEL_SECONDS
    activity = state.activity
    if activity is None:
        _end(state)
    elif state.frames[-1].activity is activity:
        _attempt_over(state, state.frames[-1], activity, attempts.interrupt(state, activity, "Cancelled", "cancel"))
    else:
        activity.decided = "Cancelled"
        _attempt_over(state, frames.frame_of(state, activity), activity, Outcome("Cancelled"))


def _cancel_at_once(state: State) -> None:
    """The two minutes are over: all that runs is Cancelled, except a call in flight, whose reply is waited for."""
    state.cancel_until = None
    activity = state.activity
    if activity is not None and isinstance(activity.wish, CallAws):
        activity.decided = activity.decided or "Cancelled"
        activity.interrupting = "cancel"
        activity.closing_until = state.now + LAST_CALL_SECONDS
        state.rows[activity.position] = views.step_row(state, activity)
        return
    frames.abandon(state, 0)
    _end(state)


def _broke(state: State, event: Broke) -> None:
    """A fault of ours ends the execution; a child that it may have is stopped first."""
    state.failure_message = rulings.internal_text(event.log_id)
    state.stop = "Broke"
    activity = state.activity
    if activity is None:
        _end(state)
        return
    activity.doing = activity.wish = activity.timeout_at = None
    activity.decided = "Failed"
    if state.step_of(activity).action == "aws:executeAutomation" and not activity.fresh:
        activity.orphan = activity.wish_id.unique_in(state.id)
        activity.closing_until = state.now + rulings.CLOSING_SECONDS
    else:
        _fail_whole(state, state.failure_message)


def _outdated(state: State) -> None:
    activity = state.activity
    assert activity is not None
    activity.decided = None
    outcome = Outcome("Failed", message=rulings.upgrade_text(), type="Internal", final=True)
    _attempt_over(state, frames.frame_of(state, activity), activity, outcome)


def _fail_whole(state: State, message: str | None) -> None:
    activity = state.activity
    if activity is not None:
        frame = frames.frame_of(state, activity)
        outcome = Outcome("Failed", message=message, type="Internal")
        state.rows[activity.position] = views.step_row(state, activity, outcome)
        frame.activity = None
    frames.abandon(state, 0)
    _end(state)


# ----------------------------------------------------------------------------------------------------- running


def _run_on(state: State) -> None:
    while not state.ended and not state.breath:
        frame = state.frames[-1]
        activity = frame.activity
        if activity is not None:
            if not activity.fresh:
                return
            begin = loops.begin_loop if state.step_of(activity).loop is not None else attempts.begin_attempt
            _attempt_over(state, frame, activity, begin(state, activity))
        elif state.stop == "Complete" and frame.loop is None:
            _end(state)
        elif frame.next is None:
            if frame.loop is None and state.start.interactive and state.stop is None:
                return
            _leave(state, frame)
        elif state.slot != "held":
            state.slot = "asked"
            return
        elif state.budget == 0:
            state.breath = True
        else:
            state.budget -= 1
            _begin_step(state, frame, frame.next)


def _begin_step(state: State, frame: Frame, name: str) -> None:
    visit = frame.visits.get(name, 0) + 1
    frame.visits[name] = visit
    frame.next = None
    state.positions += 1
    frame.activity = Activity(name, frame.path + name, visit, state.positions, since=state.now)


def _attempt_over(state: State, frame: Frame, activity: Activity, outcome: Outcome | None) -> None:
    """Begin the next attempt, or end the step and let the flow go on. No outcome: the attempt goes on."""
    if outcome is None:
        state.rows[activity.position] = views.step_row(state, activity)
        return
    step = state.step_of(activity)
    if activity.decided is not None:
        outcome = attempts.decided_outcome(state, activity, outcome)
    if activity.stopped:
        outcome = Outcome("Cancelled")
    stopping = state.stop == "Cancel" and state.cancel_until is None
    if (
        rulings.is_tried_again(outcome.status, final=outcome.final)
        and activity.attempt < attempts.max_attempts(state, step)
        and not stopping
        and not frames.loop_is_decided(state, activity)
    ):
        frames.unwind(state, state.frames.index(frame), outcome)
        activity.attempt += 1
        activity.fresh = True
        return
    _end_step(state, frame, activity, outcome)


def _end_step(state: State, frame: Frame, activity: Activity, outcome: Outcome) -> None:
    step = state.step_of(activity)
    if frame is not state.frames[-1]:
        frames.unwind(state, state.frames.index(frame), outcome)
    outcome = attempts.keep_outputs(state, step, outcome)
    state.rows[activity.position] = views.step_row(state, activity, outcome)
    frame.activity = None
    if outcome.status == "Cancelled":
        _after_cancelled(state, step.on_cancel)
    elif frame.loop is not None and (outer := frames.decided_loop(state)) is not None:
        _attempt_over(state, frames.frame_of(state, outer), outer, Outcome(outer.decided or "TimedOut"))
    else:
        continuation = after(step, outcome)
        frame = frames.frame_for(state, frame, continuation.next, outcome)
        if continuation.fails and frame.failed is None:
            frame.failed = (outcome.status, outcome.message or "")
        elif frame.failed and state.start.interactive and outcome.status == "Success" and frame.visits[step.name] > 1:
            frame.failed = None
        frame.next = None if state.start.interactive and frame.loop is None else continuation.next


def _after_cancelled(state: State, on_cancel: str) -> None:
    """Go to the onCancel step, which is looked for outward from the innermost frame; without one the execution ends."""
    if state.stop != "Cancel":  # StopStep: that step alone was to be cancelled
        frames.abandon(state, 0)
        if not state.start.interactive:
            state.frames[0].failed = state.frames[0].failed or ("Cancelled", "")
        state.frames[0].next = None
        return
    if on_cancel.startswith("step:") and state.cancel_until is not None:
        target = on_cancel.removeprefix("step:")
        for depth in range(len(state.frames) - 1, -1, -1):
            if frames.has_step(state, depth, target):
                frames.abandon(state, depth)
                frames.mark_stopped(state, depth)
                state.frames[depth].next = target
                return
    frames.abandon(state, 0)
    _end(state)


def _leave(state: State, frame: Frame) -> None:
    """The frame is at its end: the execution ends, or the pass becomes the next pass or the loop's outcome."""
    if frame.loop is None:
        _end(state)
        return
    state.frames.pop()
    outer = state.frames[-1]
    loop = outer.activity
    assert loop is not None
    if loop.stopped:
        outcome: Outcome | None = Outcome("Cancelled")
    elif frame.failed is not None:
        status, message = frame.failed
        outcome = Outcome(status, message=message)
    else:
        outcome = loops.after_pass(state, loop, frame.iteration)
    if outcome is not None:
        _attempt_over(state, outer, loop, outcome)


def _end(state: State) -> None:
    frame = state.frames[0]
    if state.stop == "Cancel":
        state.status = "Cancelled"
    elif state.stop == "Broke":
        state.status = "Failed"
    elif frame.failed is not None:
        state.status = frame.failed[0]
        state.failure_message = frame.failed[1] or None
    else:
        state.status = "Success"
    state.ended_at = state.now
    state.slot = None
    state.cancel_until = None


def _settle(state: State) -> None:
    """Say what the execution as a whole does now, and give up the running slot while it only waits."""
    if state.ended:
        return
    activity = state.activity
    wish = activity.wish if activity else None
    idle = activity is None and state.start.interactive and state.frames[0].next is None
    if idle or isinstance(wish, AwaitSignal | RunChild | StopChild):
        state.slot = None
    if state.stop == "Cancel":
        state.status = "Cancelling"
    elif idle or isinstance(wish, AwaitSignal):
        state.status = "Waiting"
    elif state.positions == 0 and state.slot == "asked":
        state.status = "Pending"
    else:
        state.status = "InProgress"
