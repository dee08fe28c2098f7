"""An execution as the driver sees it: the flow or the fan-out, and the alarm that is watched beside either."""

from __future__ import annotations

from runwright.interpreter import fanout, flow
from runwright.interpreter.fanout_state import is_fanout
from runwright.interpreter.state import Start, State
from runwright.messages import Effect, Event, Json, Replied, SleepUntil, Stopped, WatchAlarm, WishId

ALARM = WishId("!alarm", 1, 1, 0)


def fold(state: State, event: Event) -> None:
    """Take one event in. An alarm that goes off cancels the execution, as a stop does."""
    if isinstance(event, Replied) and event.wish == ALARM:
        if ALARM not in wants(state):
            return
        state.triggered_alarms.append(event.reply.value)
        event = Stopped(event.at, "Cancel", "")
    if state.fanout is None:
        flow.fold(state, event)
    else:
        fanout.fold(state, event)


def wants(state: State) -> dict[WishId, Effect]:
    """Every effect that is wanted now, by the id under which its reply is awaited."""
    wanted = flow.wants(state) if state.fanout is None else fanout.wants(state)
    alarm = state.start.request.get("AlarmConfiguration")
    if alarm and not state.ended and state.status != "Pending" and state.stop is None:
        wanted[ALARM] = _watch(alarm)
    return wanted


def _watch(alarm: dict[str, Json]) -> WatchAlarm:
    return WatchAlarm(alarm["Alarms"][0]["Name"], bool(alarm.get("IgnorePollAlarmFailure")))


def due(state: State, at: float) -> list[WishId]:
    """The wishes for a time that has come by `at`, earliest first."""
    timers = [(effect.at, wish) for wish, effect in wants(state).items() if isinstance(effect, SleepUntil)]
    return [wish for when, wish in sorted(timers) if when <= at]


def revive(state: State) -> bool:
    """Make again what is not stored. False when the replies do not fit this version: then fold Outdated."""
    if state.fanout is None:
        return flow.revive(state)
    fanout.revive(state)
    return True


def quota_of(start: Start) -> str:
    """Which quota the execution needs a slot of; none limits a fan-out that is a child, or parents would starve it."""
    if not is_fanout(start.request):
        return "running"
    return "rate-controlled" if start.parent is None else "nested"
