"""The fan-out machine: one child execution for each target, or for each account and region.

It stands beside the flow: an execution has either frames or a fan-out. It holds counters, the next index and the
running children; the targets themselves are the reply of the effect that found them, or are in the request.
"""

from __future__ import annotations

from typing import assert_never

from runwright.interpreter import rulings
from runwright.interpreter.fanout_state import Child, Fanout, Group
from runwright.interpreter.state import Start, State
from runwright.interpreter.views import fanout_row, target_name
from runwright.messages import (
    Admitted,
    Broke,
    Effect,
    Event,
    FindTargets,
    Json,
    Location,
    Outdated,
    Replied,
    Reply,
    RunChild,
    Signalled,
    StopChild,
    Stopped,
    WishId,
)

FIND = WishId("!targets", 1, 1, 0)


def fold(state: State, event: Event) -> None:
    """Take one event in. Events after the end change nothing."""
    fanout = _of(state)
    state.now = max(state.now, event.at)
    state.seq += 1
    if state.ended:
        return
    match event:
        case Admitted():
            state.slot, state.status = "held", "InProgress"
            _look_for_targets(state, fanout)
        case Replied():
            _replied(state, fanout, event)
        case Stopped():
            _stop(state, fanout, event.type)
        case Broke():
            state.failure_message = rulings.internal_text(event.log_id)
            _stop(state, fanout, "Broke")
        case Signalled() | Outdated():
            return
        case _:
            assert_never(event)
    _go_on(state, fanout)


def wants(state: State) -> dict[WishId, Effect]:
    """The search for targets, or the running children."""
    return {} if state.ended else dict(_of(state).wishes)


def revive(state: State) -> None:
    """Make again, after loading, what the cursor does not hold: the targets and the wishes."""
    fanout = _of(state)
    if fanout.found is not None:
        _take_found(state, fanout, fanout.found)
    elif state.slot == "held":
        _look_for_targets(state, fanout)
    fanout.wishes = {FIND: fanout.wishes[FIND]} if FIND in fanout.wishes else {}
    for index in fanout.running:
        _want_child(state, fanout, index)


# ----------------------------------------------------------------------------------------------------- targets


def _look_for_targets(state: State, fanout: Fanout) -> None:
    request = state.start.request
    locations, url = request.get("TargetLocations"), request.get("TargetLocationsURL")
    if locations or url:
        fanout.wishes[FIND] = FindTargets(locations=locations, url=url)
        return
    if request.get("TargetMaps"):
        _set_targets(state, fanout, list(request["TargetMaps"]))
        return
    target = request["Targets"][0]
    if target["Key"] == "ParameterValues":
        _set_targets(state, fanout, list(target["Values"]))
    else:
        fanout.wishes[FIND] = FindTargets(target=target, target_type=fanout.target_type)


def _set_targets(state: State, fanout: Fanout, targets: list[Json]) -> None:
    fanout.targets = targets
    if not fanout.groups:
        request = state.start.request
        concurrency = rulings.concurrency_of(request.get("MaxConcurrency"), len(targets), rulings.CONCURRENCY)
        errors = rulings.errors_of(request.get("MaxErrors"), len(targets))
        fanout.groups = [Group(0, len(targets), concurrency, errors, window=1, next=0)]


def _take_found(state: State, fanout: Fanout, reply: Reply) -> None:
    if isinstance(reply.value, list):
        _set_targets(state, fanout, reply.value)
        return
    fanout.locations = reply.value["Locations"]
    fanout.targets = pairs = reply.value["Pairs"]
    if fanout.groups:
        return
    for number, location in enumerate(fanout.locations or []):
        indices = [index for index, pair in enumerate(pairs) if pair[0] == number]
        if indices:
            count = len(indices)
            concurrency = rulings.concurrency_of(
                location.get("TargetLocationMaxConcurrency"), count, rulings.LOCATION_CONCURRENCY
            )
            errors = rulings.errors_of(location.get("TargetLocationMaxErrors"), count)
            fanout.groups.append(Group(indices[0], count, concurrency, errors, window=concurrency, next=indices[0]))


# ------------------------------------------------------------------------------------------------------ events


def _replied(state: State, fanout: Fanout, event: Replied) -> None:
    if event.wish not in fanout.wishes:
        return
    del fanout.wishes[event.wish]
    if event.wish == FIND:
        if event.reply.failure is not None:
            state.failure_message = event.reply.failure.message
            _end(state, "Failed")
            return
        fanout.found, fanout.found_at = event.reply, state.now
        _take_found(state, fanout, event.reply)
        return
    index = int(event.wish.path.partition("/")[2])
    _child_ended(state, fanout, index, event.reply)


def _child_ended(state: State, fanout: Fanout, index: int, reply: Reply) -> None:
    child = fanout.running.pop(index)
    status, message = "Cancelled", None
    if reply.failure is not None:
        status, message = "Failed", reply.failure.message
    elif reply.value is not None:
        status, message = rulings.status_of_child(reply.value["Status"]), reply.value.get("FailureMessage")
    fanout.counts[status] += 1
    group = _group_of(fanout, index)
    group.running -= 1
    group.errors += rulings.is_error_of_child(status)
    group.ended_in_window += 1
    if group.ended_in_window >= group.window:
        group.window, group.ended_in_window = min(group.window * 2, group.concurrency), 0
    state.rows[child.position] = fanout_row(state, index, child, status, message, ended=True)


def _stop(state: State, fanout: Fanout, kind: str) -> None:
    state.stop = kind if kind != "Complete" else state.stop or kind
    if kind == "Complete":
        return
    state.status = "Cancelling"
    fanout.wishes = {}
    for index in fanout.running:
        _want_child(state, fanout, index)


def _go_on(state: State, fanout: Fanout) -> None:
    """Start what the limits allow; end when nothing runs and nothing is left."""
    if state.ended or FIND in fanout.wishes:
        return
    if fanout.targets is None and state.stop is None:
        return
    if state.stop is None:
        for group in fanout.groups:
            while group.left > 0 and group.running < min(group.window, group.concurrency):
                _start(state, fanout, group)
    if fanout.running:
        return
    _end(state, _end_status(state, fanout))


def _start(state: State, fanout: Fanout, group: Group) -> None:
    index = group.next
    group.next += 1
    group.running += 1
    state.positions += 1
    child = fanout.running[index] = Child(state.positions, state.now)
    _want_child(state, fanout, index)
    state.rows[child.position] = fanout_row(state, index, child, "InProgress", None, ended=False)


def _want_child(state: State, fanout: Fanout, index: int) -> None:
    wish = WishId(f"child/{index}", 1, 1, 0)
    if state.stop in ("Cancel", "Broke"):
        fanout.wishes[WishId(f"stop/{index}", 1, 1, 0)] = StopChild(wish.unique_in(state.id))
    else:
        fanout.wishes[wish] = _child_of(state.start, fanout, index)


def _end_status(state: State, fanout: Fanout) -> str:
    if state.stop == "Cancel":
        return "Cancelled"
    if state.stop == "Broke":
        return "Failed"
    if fanout.targets is not None and not fanout.targets:
        state.failure_message = rulings.NO_TARGETS
        return "Success"
    if fanout.locations is not None:
        return rulings.status_of_locations(any(group.gives_up for group in fanout.groups))
    return rulings.status_of_rate_control(fanout.counts)


def _end(state: State, status: str) -> None:
    state.status = status
    state.ended_at = state.now
    state.slot = None


# ---------------------------------------------------------------------------------------------------- children


def _child_of(start: Start, fanout: Fanout, index: int) -> RunChild:
    assert fanout.targets is not None
    target = fanout.targets[index]
    request: dict[str, Json] = {"DocumentName": start.document, "DocumentVersion": start.version}
    parameters: dict[str, Json] = dict(start.request.get("Parameters") or {})
    if fanout.locations is not None:
        item, account, region = target
        location = fanout.locations[item]
        request |= {name: value for name, value in _for_location(start.request, location).items() if value}
        role = location.get("ExecutionRoleName") or rulings.LOCATION_ROLE
        place = Location(account, region, role)
        return RunChild(request | ({"Parameters": parameters} if parameters else {}), None, place)
    if isinstance(target, dict):
        parameters |= target
    else:
        parameters[start.request["TargetParameterName"]] = [target]
    return RunChild(request | {"Parameters": parameters}, target_name(start.request, target))


def _for_location(request: dict[str, Json], location: dict[str, Json]) -> dict[str, Json]:
    """[B] a location's own targets and limits go before those of the request."""
    targets = location.get("Targets") or request.get("Targets")
    passed = {
        "Targets": targets,
        "TargetMaps": request.get("TargetMaps"),
        "AlarmConfiguration": location.get("TargetLocationAlarmConfiguration"),
    }
    if targets or passed["TargetMaps"]:
        passed["TargetParameterName"] = request.get("TargetParameterName")
        passed["MaxConcurrency"] = location.get("TargetsMaxConcurrency") or request.get("MaxConcurrency")
        passed["MaxErrors"] = location.get("TargetsMaxErrors") or request.get("MaxErrors")
    return passed


def _group_of(fanout: Fanout, index: int) -> Group:
    return next(group for group in fanout.groups if group.first <= index < group.first + group.count)


def _of(state: State) -> Fanout:
    assert state.fanout is not None
    return state.fanout
