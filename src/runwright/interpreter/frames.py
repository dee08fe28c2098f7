"""The stack of frames: where a step is, and what becomes of what is under way when frames are left.

It moves nothing on; that is `flow`.
"""

from __future__ import annotations

from runwright.interpreter import views
from runwright.interpreter.outcome import Outcome
from runwright.interpreter.state import Activity, Frame, State
from runwright.language.model import Step


def frame_of(state: State, activity: Activity) -> Frame:
    """The frame whose step this is."""
    return next(frame for frame in state.frames if frame.activity is activity)


def has_step(state: State, depth: int, name: str) -> bool:
    """Whether a step of that name stands in the list that the frame runs."""
    return any(step.name == name for step in _steps_of(state, depth))


def _steps_of(state: State, depth: int) -> tuple[Step, ...]:
    loop = state.frames[depth].loop
    if loop is None:
        return state.runbook.steps
    inner = state.runbook.all_steps[loop].loop
    assert inner is not None
    return inner.steps


def decided_loop(state: State) -> Activity | None:
    """The innermost loop whose end is already decided by its own timeout."""
    for frame in reversed(state.frames):
        if frame.activity is not None and frame.activity.decided is not None:
            return frame.activity
    return None


def loop_is_decided(state: State, activity: Activity) -> bool:
    """Whether a loop around the step has timed out, so that the step is not tried again."""
    return any(
        frame.activity is not None and frame.activity is not activity and frame.activity.decided is not None
        for frame in state.frames
    )


def frame_for(state: State, frame: Frame, target: str | None, outcome: Outcome) -> Frame:
    """The frame that has the step to go to. `onFailure` may lead out of a loop, which then ends as the step did."""
    if target is None or frame.loop is None:
        return frame
    depth = next(
        (depth for depth in range(len(state.frames) - 1, -1, -1) if has_step(state, depth, target)),
        len(state.frames) - 1,
    )
    unwind(state, depth, outcome)
    if state.frames[depth] is not frame:
        cut_short(state, state.frames[depth], outcome)
    return state.frames[depth]


def unwind(state: State, depth: int, outcome: Outcome | None = None) -> None:
    """Drop the frames above `depth`; what is under way in them ends with `outcome`, or as it is decided."""
    while len(state.frames) > depth + 1:
        cut_short(state, state.frames[-1], outcome)
        state.frames.pop()


def abandon(state: State, depth: int) -> None:
    """Drop the frames above `depth` and the step that is under way in it."""
    unwind(state, depth)
    cut_short(state, state.frames[depth])


def mark_stopped(state: State, depth: int) -> None:
    """Let the loops around the frame end with the pass that they are in, whatever becomes of it."""
    for frame in state.frames[:depth]:
        assert frame.activity is not None
        frame.activity.stopped = True


def cut_short(state: State, frame: Frame, outcome: Outcome | None = None) -> None:
    """End the step that is under way in the frame."""
    activity = frame.activity
    if activity is not None:
        status = activity.decided or ("Failed" if state.stop == "Broke" else "Cancelled")
        end = Outcome(outcome.status, message=outcome.message) if outcome else Outcome(status)
        state.rows[activity.position] = views.step_row(state, activity, end)
        frame.activity = None
