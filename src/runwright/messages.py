"""What the pure rooms and the runtime say to each other: effects out, events in, and their JSON form.

An *effect* is a wish to touch the world; an *event* is a recorded fact. Both hold JSON values only, so that they
can be stored, hashed and carried to another process. This module knows nothing else and imports nothing of ours.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

Json: TypeAlias = Any
"""None, bool, int, float, str, list of Json or dict of str to Json."""

VERSION = 1
"""Of the JSON form below; stored with what is written in it."""

_NAMESPACE = bytes.fromhex("6f2b9f0e6f0d5d0a9b5e2c1d6f1c7a11")


class WishId(NamedTuple):
    """Names one effect within its execution.

    `path` leads to the step through its loops with their attempt and pass (`each.1/3/copy`, and `each#2.1/3/copy` when
    the loop is visited for the second time), `visit` counts how often the flow came there, `attempt` the tries of the
    step, `replies` how many replies the attempt has had before.
    """

    path: str
    visit: int
    attempt: int
    replies: int

    def unique_in(self, execution_id: str) -> str:
        """A UUID that is the same whenever this wish of this execution is asked for (tokens, child executions)."""
        return derived_uuid(execution_id, f"{self.path}#{self.visit}.{self.attempt}.{self.replies}")


def derived_uuid(*parts: str) -> str:
    """A lower-case UUID (version 5) that depends on `parts` alone."""
    digest = bytearray(hashlib.sha1(_NAMESPACE + "\x1f".join(parts).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@dataclass(frozen=True, slots=True)
class Selection:
    """One named value to take out of a reply: `selector` is a JSONPath, `type` one of the six types or None (as is)."""

    name: str
    selector: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """An account and region to act in, and the name of the role that is assumed there."""

    account: str
    region: str
    role_name: str


# --------------------------------------------------------------------------------------------------- effects


@dataclass(frozen=True, slots=True)
class CallAws:
    """Call one AWS operation once. Reply: {selection name: value}; a selection that finds nothing is absent."""

    service: str
    operation: str
    parameters: dict[str, Json]
    select: tuple[Selection, ...] = ()
    seconds: float = 25.0


@dataclass(frozen=True, slots=True)
class Poll:
    """Repeat a call until a registered verdict on the whole reply is Done or Failed. Reply: the verdict's value.

    `call.select` is not looked at. Throttling, 5xx and connection errors are tried again; `tolerate` names further
    error codes that are.
    """

    call: CallAws
    verdict: str
    args: Json
    every_seconds: float
    tolerate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SleepUntil:
    """Wait for a time (seconds since the epoch, of the execution's own clock). Reply: None."""

    at: float


@dataclass(frozen=True, slots=True)
class AwaitSignal:
    """Wait for a person. Reply: the signal, as Signalled carries it (a mapping).

    `signals` are the SignalTypes that are taken; `approvers` who may decide (empty: anyone), `decided` who has;
    `outputs` are the step's outputs as they stand while it waits.
    """

    signals: tuple[str, ...]
    approvers: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    outputs: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunScript:
    """Run a script in a process of its own.

    `attachment` is the attached file that it needs, `files` the SHA-256 of each that the runbook has.
    Reply: {"Payload": what it returned, **selected from {"Payload": ...}}.
    """

    runtime: str
    script: str
    handler: str
    payload: Json
    context: dict[str, Json]
    select: tuple[Selection, ...] = ()
    attachment: str | None = None
    seconds: float = 600.0
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Send a request to a stored integration. Reply: {"Response": text, "ResponseCode": int}."""

    integration: str
    body: str | None
    seconds: float = 25.0


@dataclass(frozen=True, slots=True)
class RunChild:
    """See to it that the child execution named by this wish exists, and wait for its end.

    `request` holds the members of StartAutomationExecution. `target` is the value that a child of a fan-out is for;
    `place` is where a child of TargetLocations acts. Reply: {"ExecutionId", "Status", "Outputs": {key: [text]},
    "FailureMessage"}.
    """

    request: dict[str, Json]
    target: str | None = None
    place: Location | None = None


@dataclass(frozen=True, slots=True)
class StopChild:
    """Cancel a child execution and wait for its end. Reply: as RunChild's, or None when it never was."""

    execution_id: str


@dataclass(frozen=True, slots=True)
class FindTargets:
    """Find what an execution is to run on. Reply: a list.

    For `target` (a member of Targets: {"Key", "Values"}): the ids of the resources that match, of type `target_type`
    (`/AWS::EC2::Instance`; None or `/` for every type), in the account and region of the execution, without repetition.
    For `locations` (the list TargetLocations) or `url` (of a JSON file that holds that list): {"Locations": the list as
    read, "Pairs": [[index of the item in that list, account, region], ...]} with organizational units expanded,
    excluded accounts taken out, no pair twice, in the order of the items, their accounts, their regions.
    """

    target: dict[str, Json] | None = None
    target_type: str | None = None
    locations: list[dict[str, Json]] | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WatchAlarm:
    """Ask for the state of a CloudWatch alarm every ten seconds.

    Reply, as soon as there is one: {"Name", "State": "ALARM"}, or {"Name", "State": "UNKNOWN"} when it cannot be read
    (or is not there) and `ignore_failure` is false. OK and INSUFFICIENT_DATA go on.
    """

    name: str
    ignore_failure: bool


Effect: TypeAlias = (
    CallAws
    | Poll
    | SleepUntil
    | AwaitSignal
    | RunScript
    | CallWebhook
    | RunChild
    | StopChild
    | FindTargets
    | WatchAlarm
)


# ---------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an effect or a step failed.

    `type` is a FailureType: Action, Permission, Throttling, Verification or Internal; `code` an AWS error code or one
    of ours (OutcomeUnknown); `message` is complete text for a person.
    """

    message: str
    code: str = ""
    type: str = "Action"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an effect: a value, or a failure, or word that the attempt is interrupted (`timeout`, `cancel`)."""

    value: Json = None
    failure: Failure | None = None
    interrupted: str | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """The execution has a running slot."""

    at: float


@dataclass(frozen=True, slots=True)
class Replied:
    """An effect has been answered; ignored when its wish is no longer awaited."""

    at: float
    wish: WishId
    reply: Reply


@dataclass(frozen=True, slots=True)
class Signalled:
    """A signal that `requests.answer` let through. `step_path` is the step it is for; `by` the sender's ARN."""

    at: float
    signal: str
    step_path: str
    by: str
    payload: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stop that `requests.answer` let through. `type` is Cancel or Complete."""

    at: float
    type: str
    by: str


@dataclass(frozen=True, slots=True)
class Broke:
    """A fault of ours: the execution ends Failed with AWS's internal-error text and the log id to look for."""

    at: float
    log_id: str


@dataclass(frozen=True, slots=True)
class Outdated:
    """The stored replies of the attempt in flight do not fit what this version of the program asks for."""

    at: float


Event: TypeAlias = Admitted | Replied | Signalled | Stopped | Broke | Outdated


# ------------------------------------------------------------------------------------------------- JSON form


def as_json(message: Effect | Event | Reply) -> dict[str, Json]:
    """The message as a mapping of JSON values, with its kind and the version of this form."""
    return {"kind": type(message).__name__, "v": VERSION, **dataclasses.asdict(message)}


def fingerprint(effect: Effect) -> str:
    """Kind and content of an effect as one short text: what a stored reply answers."""
    text = json.dumps(dataclasses.asdict(effect), sort_keys=True, separators=(",", ":"))
    return f"{type(effect).__name__}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


class NotUnderstood(Exception):
    """Something stored that this program does not know: it is left as it is, and never run on a guess."""

    def __init__(self, what: str) -> None:
        super().__init__(f"What is stored has {what}, which this program does not know: use the one that wrote it.")


def take_only_known(stored: dict[str, Json], known: AbstractSet[str], where: str) -> None:
    """Raise NotUnderstood for a member of `stored`, which stands at `where`, that is none of `known`."""
    if not stored.keys() <= known:
        raise NotUnderstood(f"{where}.{min(stored.keys() - known)}")


_OF_A_REPLY = frozenset({"kind", "v", "value", "failure", "interrupted"})
_OF_A_FAILURE = frozenset(each.name for each in dataclasses.fields(Failure))


def reply_from_json(value: dict[str, Json]) -> Reply:
    """A stored reply as it was. Raises NotUnderstood."""
    take_only_known(value, _OF_A_REPLY, "reply")
    if value["kind"] != "Reply" or value["v"] != VERSION:
        raise NotUnderstood(f"a reply of kind {value['kind']!r}, version {value['v']!r}")
    failure = value.get("failure")
    if failure:
        take_only_known(failure, _OF_A_FAILURE, "reply.failure")
    return Reply(value.get("value"), Failure(**failure) if failure else None, value.get("interrupted"))
