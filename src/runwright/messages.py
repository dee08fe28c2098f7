"""What the pure rooms and the runtime say to each other: effects out, events in.

An *effect* is a wish to touch the world; an *event* is a recorded fact. Both hold JSON values only, so that they
can be stored, hashed and carried to another process; `stored_form` does that.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from runwright.records import field, record

Json: TypeAlias = Any
"""None, bool, int, float, str, list of Json or dict of str to Json."""


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
        from runwright.derived_ids import derived_uuid  # hashlib loads OpenSSL: reading a runbook does without

        return derived_uuid(execution_id, f"{self.path}#{self.visit}.{self.attempt}.{self.replies}")


@record
class Selection:
    """One named value to take out of a reply: `selector` is a JSONPath, `type` one of the six types or None (as is)."""

    name: str
    selector: str
    type: str | None = None


@record
class Location:
    """An account and region to act in, and the name of the role that is assumed there."""

    account: str
    region: str
    role_name: str


# --------------------------------------------------------------------------------------------------- effects


@record
class CallAws:
    """Call one AWS operation once. Reply: {selection name: value}; a selection that finds nothing is absent."""

    service: str
    operation: str
    parameters: dict[str, Json]
    select: tuple[Selection, ...] = ()
    seconds: float = 25.0


@record
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


@record
class SleepUntil:
    """Wait for a time (seconds since the epoch, of the execution's own clock). Reply: None."""

    at: float


@record
class AwaitSignal:
    """Wait for a person. Reply: the signal, as Signalled carries it (a mapping).

    `signals` are the SignalTypes that are taken; `approvers` who may decide (empty: anyone), `decided` who has;
    `outputs` are the step's outputs as they stand while it waits.
    """

    signals: tuple[str, ...]
    approvers: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    outputs: dict[str, Json] = field(factory=dict)


@record
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
    files: dict[str, str] = field(factory=dict)


@record
class CallWebhook:
    """Send a request to a stored integration. Reply: {"Response": text, "ResponseCode": int}."""

    integration: str
    body: str | None
    seconds: float = 25.0


@record
class RunChild:
    """See to it that the child execution named by this wish exists, and wait for its end.

    `request` holds the members of StartAutomationExecution. `target` is the value that a child of a fan-out is for;
    `place` is where a child of TargetLocations acts. Reply: {"ExecutionId", "Status", "Outputs": {key: [text]},
    "FailureMessage"}.
    """

    request: dict[str, Json]
    target: str | None = None
    place: Location | None = None


@record
class StopChild:
    """Cancel a child execution and wait for its end. Reply: as RunChild's, or None when it never was."""

    execution_id: str


@record
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


@record
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


@record
class Failure:
    """Why an effect or a step failed.

    `type` is a FailureType: Action, Permission, Throttling, Verification or Internal; `code` an AWS error code or one
    of ours (OutcomeUnknown); `message` is complete text for a person.
    """

    message: str
    code: str = ""
    type: str = "Action"


@record
class Reply:
    """The answer to an effect: a value, or a failure, or word that the attempt is interrupted (`timeout`, `cancel`)."""

    value: Json = None
    failure: Failure | None = None
    interrupted: str | None = None


@record
class Admitted:
    """The execution has a running slot."""

    at: float


@record
class Replied:
    """An effect has been answered; ignored when its wish is no longer awaited."""

    at: float
    wish: WishId
    reply: Reply


@record
class Signalled:
    """A signal that `requests.answer` let through. `step_path` is the step it is for; `by` the sender's ARN."""

    at: float
    signal: str
    step_path: str
    by: str
    payload: dict[str, list[str]]


@record
class Stopped:
    """A stop that `requests.answer` let through. `type` is Cancel or Complete."""

    at: float
    type: str
    by: str


@record
class Broke:
    """A fault of ours: the execution ends Failed with AWS's internal-error text and the log id to look for."""

    at: float
    log_id: str


@record
class Outdated:
    """The stored replies of the attempt in flight do not fit what this version of the program asks for."""

    at: float


Event: TypeAlias = Admitted | Replied | Signalled | Stopped | Broke | Outdated
