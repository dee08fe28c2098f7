"""What an execution is between two events, and its JSON form (the cursor).

A State belongs to whoever folds events into it and is changed in place. It holds no records of steps that have ended:
those are rows. `Start` never changes after the start and is stored once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from runwright.actions.registry import Context, Doing
from runwright.derived_ids import derived_uuid
from runwright.interpreter.fanout_state import Fanout, fanout_from_json, fanout_to_json, is_fanout
from runwright.interpreter.references import first_value
from runwright.interpreter.start_request import understand
from runwright.language.model import Runbook, Step
from runwright.messages import Effect, Json, Reply, WishId
from runwright.stored_form import NotUnderstood, reply_from_json, take_only_known

STEP_LIMIT_OF_A_TURN = 500
"""After so many steps in one turn the execution takes a breath, so that the others have theirs."""


@dataclass(frozen=True, slots=True)
class Start:
    """What an execution was started with. `parameters` are typed, `request` holds the members as they were sent.

    `via` is the role by which `role` is assumed, `in_location` says that TargetLocations gave it; `target` is what a
    child of a fan-out is for, `target_type` that of the document. `initiator` is the principal whose policies apply to
    what it asks of this server.
    """

    id: str
    family: str
    account: str
    region: str
    partition: str
    executed_by: str
    document: str
    version: str
    runbook_sha256: str
    request: dict[str, Json]
    parameters: dict[str, Json]
    role: str | None = None
    via: str | None = None
    in_location: bool = False
    parent: str | None = None
    target: str | None = None
    target_type: str | None = None
    skip_time: bool = False
    initiator: str = ""

    @property
    def interactive(self) -> bool:
        return self.request.get("Mode") == "Interactive"


@dataclass(slots=True)
class Answered:
    """A reply of the attempt in flight, with the time it came and the fingerprint of the effect it answers."""

    at: float
    effect: str
    reply: Reply


@dataclass(slots=True, eq=False)
class Activity:
    """A step execution under way.

    `fresh`: the attempt has not begun. `decided` is the status that an interruption settled; `interrupting` the reason
    that is thrown in as soon as the call in flight has been answered. `values`,
    `max_iterations` and `stopped` belong to loops: a stopped one ends Cancelled with its pass. `orphan` is the child to
    stop after a fault of ours. `doing`, `context` and `wish` are made again from `replies` after a crash.
    """

    name: str
    path: str
    visit: int
    position: int
    since: float
    attempt: int = 1
    attempt_since: float = 0.0
    fresh: bool = True
    inputs: dict[str, Json] = field(default_factory=dict)
    timeout_at: float | None = None
    decided: str | None = None
    interrupting: str | None = None
    closing_until: float | None = None
    values: list[Json] | None = None
    max_iterations: int = 0
    stopped: bool = False
    orphan: str | None = None
    replies: list[Answered] = field(default_factory=list)
    doing: Doing | None = None
    context: Context | None = None
    wish: Effect | None = None

    @property
    def wish_id(self) -> WishId:
        return WishId(self.path, self.visit, self.attempt, len(self.replies))


@dataclass(slots=True, eq=False)
class Frame:
    """A place in the flow: mainSteps, or one pass of a loop.

    `path` stands before the names of its steps (`each.1/3/`). `next` is the step to begin. `failed` is the (status,
    message) of the first failure that makes the frame end badly.
    """

    path: str = ""
    loop: str | None = None
    iteration: int = 0
    next: str | None = None
    activity: Activity | None = None
    visits: dict[str, int] = field(default_factory=dict)
    failed: tuple[str, str] | None = None


class StepRow(NamedTuple):
    """What is stored of a step execution: columns to search by, and its AWS-shaped record as JSON text."""

    position: int
    id: str
    name: str
    action: str
    status: str
    started_at: float
    ended_at: float | None
    parent_id: str | None
    iteration: int | None
    iterator_value: str | None
    record: str


@dataclass(slots=True, eq=False)
class State:
    start: Start
    runbook: Runbook
    now: float
    started_at: float
    status: str = "Pending"
    slot: str | None = "asked"
    ended_at: float | None = None
    frames: list[Frame] = field(default_factory=list)
    fanout: Fanout | None = None
    triggered_alarms: list[dict[str, str]] = field(default_factory=list)
    variables: dict[str, Json] = field(default_factory=dict)
    outputs: dict[str, dict[str, Json]] = field(default_factory=dict)
    output_bytes: int = 0
    unsuccessful: list[str] = field(default_factory=list)
    positions: int = 0
    seq: int = 0
    stop: str | None = None
    cancel_until: float | None = None
    failure_message: str | None = None
    breath: bool = False
    budget: int = STEP_LIMIT_OF_A_TURN
    rows: dict[int, StepRow] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.start.id

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    @property
    def activity(self) -> Activity | None:
        """The innermost step that is under way."""
        for frame in reversed(self.frames):
            if frame.activity is not None:
                return frame.activity
        return None

    @property
    def answered(self) -> tuple[tuple[str, int, int] | None, list[Answered]]:
        """The attempt that is under way, and the replies that it has had."""
        if self.fanout is not None:
            found = self.fanout.found
            return ("!targets", 1, 1), [Answered(self.fanout.found_at, "FindTargets", found)] if found else []
        activity = self.activity
        return (None, []) if activity is None else (activity.wish_id[:3], activity.replies)

    def step_of(self, activity: Activity) -> Step:
        return self.runbook.all_steps[activity.name]

    def step_execution_id(self, path: str, visit: int) -> str:
        return step_execution_id(self.id, path, visit)


def step_execution_id(execution_id: str, path: str, visit: int = 1) -> str:
    """The StepExecutionId of a step, known before it begins."""
    return derived_uuid(execution_id, "step", path, str(visit))


def new_state(start: Start, runbook: Runbook, at: float) -> State:
    """An execution that has been accepted and waits for a running slot."""
    state = State(start, runbook, now=at, started_at=at)
    if is_fanout(start.request):
        state.fanout = Fanout(target_type=start.target_type)
        return state
    state.frames = [Frame(next=None if start.interactive else runbook.steps[0].name)]
    if start.interactive:
        state.slot, state.status = None, "Waiting"
    state.variables = {name: first_value(variable, start, at) for name, variable in runbook.variables.items()}
    return state


# --------------------------------------------------------------------------------------------------- JSON form

_PLAIN = (
    "now", "started_at", "status", "slot", "ended_at", "variables", "outputs", "output_bytes", "unsuccessful",
    "positions", "seq", "triggered_alarms", "stop", "cancel_until", "failure_message", "breath",
)  # fmt: skip
_ACTIVITY = (
    "name", "path", "visit", "position", "since", "attempt", "attempt_since", "fresh", "inputs", "timeout_at",
    "decided", "interrupting", "closing_until", "values", "max_iterations", "stopped", "orphan",
)  # fmt: skip
_FRAME = ("path", "loop", "iteration", "next", "visits", "failed")
_KNOWN = {State: frozenset({*_PLAIN, "frames", "fanout"}), Frame: frozenset({*_FRAME, "activity"}),
          Activity: frozenset(_ACTIVITY)}  # fmt: skip
"""Members of the JSON form. What is not among them means something that this program does not do."""

_WORDS = {
    "status": ("Pending", "InProgress", "Waiting", "Cancelling"),
    "slot": (None, "asked", "held"),
    "stop": (None, "Complete", "Cancel", "Broke"),
    "decided": (None, "Failed", "TimedOut", "Cancelled"),
    "interrupting": (None, "timeout", "cancel"),
}
"""What members that steer say in an execution that has not ended."""


def _defaults(kind: type) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for each in dataclasses.fields(kind):
        made = each.default if each.default_factory is dataclasses.MISSING else each.default_factory()
        found[each.name] = made
    return found


_DEFAULTS: dict[type, dict[str, Json]] = {kind: _defaults(kind) for kind in (Start, State, Activity, Frame)}
"""What is at its default is left out of the JSON form; what is absent there is at its default."""
_ALWAYS_TOLD = {name for name, default in _DEFAULTS[Start].items() if default is dataclasses.MISSING}
"""Members of a start that have no default."""


def _told(thing: object, names: Iterable[str]) -> dict[str, Json]:
    defaults = _DEFAULTS[type(thing)]
    return {name: value for name in names if (value := getattr(thing, name)) != defaults[name]}


def cursor_of(state: State) -> dict[str, Json]:
    """All of the state that neither start nor runbook tell, without the replies of the attempt in flight."""
    cursor = _told(state, _PLAIN)
    cursor["frames"] = [
        _told(frame, _FRAME) | ({"activity": _told(frame.activity, _ACTIVITY)} if frame.activity else {})
        for frame in state.frames
    ]
    if state.fanout is not None:
        cursor["fanout"] = fanout_to_json(state.fanout)
    return cursor


def state_from(
    start: Start, runbook: Runbook, cursor: dict[str, Any], replies: list[tuple[WishId, float, str, dict[str, Json]]]
) -> State:
    """The state as it was stored; generators are made again by `flow.revive`. Raises NotUnderstood."""
    _understand(State, cursor, "state")
    state = State(start, runbook, now=0.0, started_at=0.0)
    for name in _PLAIN:
        if name in cursor:
            setattr(state, name, cursor[name])
    for stored in cursor["frames"]:
        _understand(Frame, stored, "frame")
        frame = Frame(**{name: stored[name] for name in _FRAME if name in stored})
        frame.failed = tuple(stored["failed"]) if stored.get("failed") else None
        if stored.get("activity"):
            _understand(Activity, stored["activity"], "activity")
            frame.activity = Activity(**stored["activity"])
        state.frames.append(frame)
    if cursor.get("fanout"):
        found = reply_from_json(replies[0][3]) if replies else None
        state.fanout = fanout_from_json(cursor["fanout"], found)
        return state
    activity = state.activity
    if activity is not None:
        activity.replies = [
            Answered(at, effect, reply_from_json(reply))
            for wish, at, effect, reply in sorted(replies, key=lambda row: row[0].replies)
            if wish[:3] == activity.wish_id[:3]
        ]
    return state


def _understand(kind: type, stored: dict[str, Json], where: str) -> None:
    take_only_known(stored, _KNOWN[kind], where)
    for name in stored.keys() & _WORDS.keys():
        if stored[name] not in _WORDS[name]:
            raise NotUnderstood(f"{stored[name]!r} as {where}.{name}")


def start_to_json(start: Start) -> dict[str, Json]:
    return _told(start, _DEFAULTS[Start])


def start_from_json(value: dict[str, Any]) -> Start:
    """As it was stored. Raises NotUnderstood."""
    take_only_known(value, _DEFAULTS[Start].keys(), "start")
    if missing := _ALWAYS_TOLD - value.keys():
        raise NotUnderstood(f"a start without {min(missing)}")
    understand(value["request"])
    return Start(**value)
