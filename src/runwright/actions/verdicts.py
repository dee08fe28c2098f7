"""Verdicts: pure functions that say of a poll's reply whether the wait is over.

They are registered by name because a Poll travels as data. Each gets the whole reply and the poll's `args`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from runwright.language.conditions import is_written_as
from runwright.language.selectors import find
from runwright.messages import Json
from runwright.records import record


@record
class Pending:
    """Ask again."""


@record
class Done:
    """The wait is over; `value` is the poll's reply."""

    value: Json = None


@record
class Failed:
    """What was waited for will not come."""

    reason: str


Judgement: TypeAlias = Pending | Done | Failed
Verdict: TypeAlias = Callable[[Json, Json], Judgement]

VERDICTS: dict[str, Verdict] = {}

_LOST_STATES = ("shutting-down", "terminated")
_LOST_IMAGES = ("failed", "invalid", "deregistered", "error")
_UNFIT_STATUSES = ("impaired", "insufficient-data", "not-applicable")
_COMMAND_STATUSES = ("Success", "Failed", "Cancelled", "TimedOut")


def verdict(name: str) -> Callable[[Verdict], Verdict]:
    """Register the decorated function under `name`."""

    def register(judge: Verdict) -> Verdict:
        VERDICTS[name] = judge
        return judge

    return register


@verdict("aws.property")
def property_has_desired_value(reply: Json, args: Json) -> Judgement:
    """`args`: selector and desired values. What selects nothing does not match yet [UG]."""
    try:
        value = selected(reply, args["selector"])
    except ValueError as wrong:
        return Failed(str(wrong))
    return Done() if matches_desired(value, args["desired"]) else Pending()


def selected(reply: Json, selector: str) -> Json:
    """What `selector` finds: a value, a list when it is not definite, None for nothing."""
    found = find(selector, reply)
    if found is None:
        return None
    return found.matches[0] if found.definite else found.matches


def matches_desired(value: Json, desired: list[str]) -> bool:
    """Whether `value` equals one of the desired texts; see `is_written_as` for booleans and lists."""
    return value is not None and any(is_written_as(value, each) for each in desired)


@verdict("ec2.instances_running")
def instances_are_running(reply: Json, args: Json) -> Judgement:
    """Of DescribeInstanceStatus; `args`: instance_ids, fail_on_stopped. Running with both status checks passed [UG].

    What ends the wait badly: an instance that is lost, a check that cannot pass ([CDK]'s list).
    """
    statuses = {each["InstanceId"]: each for each in reply.get("InstanceStatuses", ())}
    judgements = [_readiness(statuses.get(each), args) for each in args["instance_ids"]]
    return _all_of(judgements, ["running"] * len(judgements))


def _readiness(status: Json, args: Json) -> Judgement:
    state = (status or {}).get("InstanceState", {}).get("Name")
    if state in _LOST_STATES or (state == "stopped" and args.get("fail_on_stopped")):
        return Failed(f"Instance {status['InstanceId']} entered unexpected state: {state}")
    if state != "running":
        return Pending()
    for check in ("InstanceStatus", "SystemStatus"):
        outcome = status.get(check, {}).get("Status")
        if outcome in _UNFIT_STATUSES:
            return Failed(f"Instance {status['InstanceId']} has {check} {outcome}")
        if outcome != "ok":
            return Pending()
    return Done()


@verdict("ec2.instances_in_state")
def instances_are_in_state(reply: Json, args: Json) -> Judgement:
    """Of DescribeInstances; `args`: instance_ids and state (stopped or terminated)."""
    states = {each["InstanceId"]: each["State"]["Name"] for each in _instances(reply)}
    wanted = args["state"]
    judgements: list[Judgement] = []
    for instance_id in args["instance_ids"]:
        state = states.get(instance_id)
        if state == wanted:
            judgements.append(Done())
        elif wanted == "stopped" and state in _LOST_STATES:
            judgements.append(Failed(f"Instance {instance_id} entered unexpected state: {state}"))
        else:
            judgements.append(Pending())
    return _all_of(judgements, [wanted] * len(judgements))


def _instances(reply: Json) -> Iterator[Json]:
    for reservation in reply.get("Reservations", ()):
        yield from reservation.get("Instances", ())


def _all_of(judgements: list[Judgement], value: Json) -> Judgement:
    """Failed when one is, Done when all are."""
    for each in judgements:
        if isinstance(each, Failed):
            return each
    return Done(value) if all(isinstance(each, Done) for each in judgements) else Pending()


@verdict("ec2.image_available")
def image_is_available(reply: Json, args: Json) -> Judgement:
    """Of DescribeImages for one image. Done with its state."""
    images = reply.get("Images") or [{}]
    state = images[0].get("State")
    if state == "available":
        return Done(state)
    if state in _LOST_IMAGES:
        reason = images[0].get("StateReason", {}).get("Message", "no reason given")
        return Failed(f"Image {images[0].get('ImageId')} entered unexpected state: {state} ({reason})")
    return Pending()


@verdict("cloudformation.stack_settled")
def stack_has_settled(reply: Json, args: Json) -> Judgement:
    """Of DescribeStacks for one stack; `args`: `wanted`, the only good status (None: any that lasts)."""
    stack = (reply.get("Stacks") or [{}])[0]
    status = stack.get("StackStatus", "")
    if not status or status.endswith("_IN_PROGRESS"):
        return Pending()
    reason = stack.get("StackStatusReason")
    if args["wanted"] in (None, status):
        return Done({"StackStatus": status} | ({"StackStatusReason": reason} if reason else {}))
    return Failed(
        f"Stack {stack.get('StackName')} entered unexpected state: {status}" + (f" ({reason})" if reason else "")
    )


@verdict("ssm.command_ended")
def command_has_ended(reply: Json, args: Json) -> Judgement:
    """Of ListCommands for one command. Done with its status and how many instances it was sent to."""
    command = (reply.get("Commands") or [{}])[0]
    if command.get("Status") not in _COMMAND_STATUSES:
        return Pending()
    return Done({"Status": command["Status"], "TargetCount": command.get("TargetCount", 0)})


@verdict("ssm.agents_online")
def agents_are_online(reply: Json, args: Json) -> Judgement:
    """Of DescribeInstanceInformation; `args`: instance_ids."""
    online = {each["InstanceId"] for each in reply.get("InstanceInformationList", ()) if each["PingStatus"] == "Online"}
    return Done() if online.issuperset(args["instance_ids"]) else Pending()


@verdict("states.execution_succeeded")
def state_machine_has_succeeded(reply: Json, args: Json) -> Judgement:
    """Of DescribeExecution; `args`: the members of the reply to give."""
    status = reply.get("status")
    if status in ("RUNNING", "PENDING_REDRIVE"):
        return Pending()
    if status != "SUCCEEDED":
        why = ": ".join(reply[each] for each in ("error", "cause") if reply.get(each))
        return Failed(
            f"State machine execution {reply.get('executionArn')} ended as {status}" + (f" ({why})" if why else "")
        )
    return Done({name: reply[name] for name in args["members"] if reply.get(name) is not None})
