"""Actions that wait for people: aws:approve and aws:pause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from runwright.actions.approvers import is_approver
from runwright.actions.phases import EXECUTING, failure_text
from runwright.actions.registry import Context, Doing, Interrupted, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.language.fields import as_whole_number, one_of
from runwright.messages import AwaitSignal, CallAws, Json

_WEEK = 604800.0
_LONGEST = 2592000.0
APPROVER_TYPES = ("IamUser", "IamGroup", "IamRole", "SSOUser", "SSOGroup")
"""[UG] Change Manager."""


class Line(NamedTuple):
    """Of whom so many approvals are required, whatever the others say."""

    approver: str
    type: str | None
    least: int

    def name_in(self, context: Context) -> str:
        """The approver as Approvers names it: a role that is given by its name is one of the execution's account."""
        if self.type != "IamRole" or self.approver.startswith("arn:"):
            return self.approver
        return f"arn:{context.partition}:iam::{context.account}:role/{self.approver.rpartition('/')[2]}"


def lines_of(enhanced: Json) -> tuple[Line, ...]:
    """The approvers that a change template lists. ValueError says what is wrong with them.

    [UG] each has a name, a type and a number of approvals that it has to give (0: it may give one), of a role by any of
    its sessions. Who belongs to a group is not known here: a group approves as who bears its name.
    """
    entries = enhanced.get("Approvers") if isinstance(enhanced, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ValueError("a list Approvers is expected in it, of maps with approver, type and minRequiredApprovals")
    lines = []
    for number, entry in enumerate(entries):
        name = entry.get("approver") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name:
            raise ValueError(f"Approvers[{number}] names no approver")
        kind = entry.get("type")
        if kind not in (None, *APPROVER_TYPES) and "{{" not in str(kind):
            raise ValueError(f"Approvers[{number}] has the type {kind}; it can be {one_of(APPROVER_TYPES)}")
        written = entry.get("minRequiredApprovals", 1)
        least = 1 if "{{" in str(written) else as_whole_number(written)
        if least is None or least < 0:
            raise ValueError(f"Approvers[{number}] has no whole number of minRequiredApprovals")
        lines.append(Line(name, kind, least))
    return tuple(lines)


def _enough_approvers(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What is written with references is looked at when they have their values."""
    if (inputs.get("Approvers") is None) == (inputs.get("EnhancedApprovals") is None):
        yield "Approvers", "exactly one of Approvers and EnhancedApprovals is required"
    if isinstance(enhanced := inputs.get("EnhancedApprovals"), dict):
        try:
            lines_of(enhanced)
        except ValueError as wrong:
            yield "EnhancedApprovals", str(wrong)
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
                "User names, ARNs of users or roles, or assumed-role ARNs; or EnhancedApprovals.",
                minimum=1,
                maximum=10,
            ),
            Input(
                "EnhancedApprovals",
                "StringMap",
                "Approvers as change templates list them: each with approver, type and minRequiredApprovals.",
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
    enhanced = inputs.get("EnhancedApprovals") or {}
    required = [(line.name_in(context), line.least) for line in lines_of(enhanced)] if enhanced else []
    approvers = tuple(name for name, _ in required) or tuple(inputs["Approvers"])
    least = inputs.get("MinRequiredApprovals", 1)
    decisions: list[dict[str, Json]] = []
    if topic := inputs.get("NotificationArn") or enhanced.get("NotificationArn"):
        yield _notification(context, topic)
    while len(decisions) < least or not _have_approved(required, decisions):
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


def _have_approved(required: list[tuple[str, int]], decisions: list[dict[str, Json]]) -> bool:
    """[UG] each line has its approvals, besides the least number of all."""
    given = [each["Approver"] for each in decisions]
    return all(sum(is_approver(arn, (approver,)) for arn in given) >= least for approver, least in required)


def _decision(signal: dict[str, Json]) -> dict[str, Json]:
    """An entry of ApproverDecisions; its keys are unverified (inferred)."""
    comment = next(iter(signal["payload"].get("Comment", ())), None)
    at = datetime.fromtimestamp(signal["at"], UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"Approver": signal["by"], "Decision": signal["signal"], "DecisionTime": at} | (
        {"Comment": comment} if comment else {}
    )


def _notification(context: Context, topic: str) -> CallAws:
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
            "TopicArn": topic,
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
