"""Actions that wait for people: aws:approve and aws:pause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from runwright.actions.phases import EXECUTING, failure_text
from runwright.actions.registry import Context, Doing, Interrupted, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.messages import AwaitSignal, CallAws, Json

_WEEK = 604800.0
_LONGEST = 2592000.0


def _enough_approvers(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What is written with references is looked at when they have their values."""
    topic, approvers, least = (inputs.get(name) for name in ("NotificationArn", "Approvers", "MinRequiredApprovals"))
    if isinstance(topic, str) and "{{" not in topic and not topic.rpartition(":")[2].startswith("Automation"):
        yield "NotificationArn", f"the topic's name has to begin with Automation: {topic}"
    known = approvers if isinstance(approvers, list) and not any("{{" in str(each) for each in approvers) else None
    if known is not None and isinstance(least, int) and least > len(known):
        yield "MinRequiredApprovals", f"{least} approvals are required of {len(known)} approvers"


@action(
    Declaration(
        "aws:approve",
        "Waits until enough of the approvers have approved, or one has rejected.",
        (
            Input("NotificationArn", "String", "An SNS topic to notify; its name begins with Automation."),
            Input("Message", "String", "The notification's text.", max_chars=4096),
            Input("MinRequiredApprovals", "Integer", "By default 1.", minimum=1, takes_text=True),
            Input(
                "Approvers",
                "StringList",
                "User names, ARNs of users or roles, or assumed-role ARNs.",
                required=True,
                minimum=1,
                maximum=10,
            ),
        ),
        outputs={"ApprovalStatus": "String", "ApproverDecisions": "MapList"},
        timeout_seconds=_WEEK,
        timeout_cap=_LONGEST,
        rule=_enough_approvers,
    ),
    phase=EXECUTING,
)
def approve(context: Context) -> Doing:
    """[UG] Approvals of different approvers count; a single rejection rejects (inferred)."""
    inputs = context.inputs
    approvers, least = tuple(inputs["Approvers"]), inputs.get("MinRequiredApprovals", 1)
    decisions: list[dict[str, Json]] = []
    if "NotificationArn" in inputs:
        yield _notification(context)
    while len(decisions) < least:
        outputs = {"ApprovalStatus": "Waiting", "ApproverDecisions": list(decisions)}
        decided = tuple(each["Approver"] for each in decisions)
        try:
            signal = yield AwaitSignal(("Approve", "Reject"), approvers, decided, outputs)
        except Interrupted:
            return outputs
        decisions.append(_decision(signal))
        if signal["signal"] == "Reject":
            raise StepFailed(
                failure_text(EXECUTING, f"The approval was rejected by {signal['by']}"),
                outputs={"ApprovalStatus": "Rejected", "ApproverDecisions": decisions},
                final=True,
            )
    return {"ApprovalStatus": "Approved", "ApproverDecisions": decisions}


def _decision(signal: dict[str, Json]) -> dict[str, Json]:
    """An entry of ApproverDecisions; its keys are unverified (inferred)."""
    comment = next(iter(signal["payload"].get("Comment", ())), None)
    at = datetime.fromtimestamp(signal["at"], UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"Approver": signal["by"], "Decision": signal["signal"], "DecisionTime": at} | (
        {"Comment": comment} if comment else {}
    )


def _notification(context: Context) -> CallAws:
    """The text is ours: AWS's is unsourced."""
    execution, step = context.execution_id, context.step.name
    lines = [
        context.inputs.get("Message") or "An Automation execution waits for your approval.",
        "",
        f"Execution: {execution}",
        f"Step: {step}",
        f"Account: {context.account}, region: {context.region}",
        "",
        "To approve:",
        f"aws ssm send-automation-signal --automation-execution-id {execution} --signal-type Approve",
        "To reject:",
        f"aws ssm send-automation-signal --automation-execution-id {execution} --signal-type Reject",
    ]
    return CallAws(
        "sns",
        "Publish",
        {
            "TopicArn": context.inputs["NotificationArn"],
            "Subject": f"Automation approval required: {step}"[:100],
            "Message": "\n".join(lines),
        },
    )


@action(
    Declaration(
        "aws:pause",
        "Waits until somebody resumes the execution.",
        (Input("Message", "String", "What the person who resumes should know."),),
        outputs={},
        timeout_seconds=_WEEK,
    ),
    phase=EXECUTING,
)
def pause(context: Context) -> Doing:
    """[UG] The signal Resume ends it."""
    yield AwaitSignal(("Resume",))
    return {}
