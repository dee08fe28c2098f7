from __future__ import annotations

import pytest

from runwright.actions import DECLARATIONS
from runwright.actions.approvals import Line, lines_of
from runwright.actions.approvers import is_approver
from runwright.language.inputs import fit
from runwright.messages import AwaitSignal, Json
from tests.actions.conversation import NOW, Conversation

ACCOUNT = "arn:aws:iam::123456789012"
ANN, BOB = "arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/bob"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:AutomationApprovals"


def signal(kind: str, by: str, **payload: list[str]) -> dict[str, Json]:
    return {"signal": kind, "by": by, "payload": payload, "at": NOW}


def test_enough_approvals_approve() -> None:
    talk = Conversation("aws:approve", {"Approvers": ["ann", "bob"], "MinRequiredApprovals": "2"})
    waiting = {"ApprovalStatus": "Waiting", "ApproverDecisions": []}
    assert talk.effect == AwaitSignal(("Approve", "Reject"), ("ann", "bob"), (), waiting)
    talk.reply(signal("Approve", ANN, Comment=["fine"]))
    assert talk.effect.decided == (ANN,)
    assert talk.reply(signal("Approve", BOB)).values == {
        "ApprovalStatus": "Approved",
        "ApproverDecisions": [
            {"Approver": ANN, "Decision": "Approve", "DecisionTime": "2023-11-14T22:13:20Z", "Comment": "fine"},
            {"Approver": BOB, "Decision": "Approve", "DecisionTime": "2023-11-14T22:13:20Z"},
        ],
    }


def test_each_line_of_a_change_template_has_to_have_its_approvals() -> None:
    lines = [{"approver": "ann", "type": "IamUser", "minRequiredApprovals": 1}, {"approver": "ops", "type": "IamRole"}]
    enhanced = {"NotificationArn": TOPIC, "Approvers": lines}
    talk = Conversation("aws:approve", {"EnhancedApprovals": enhanced})
    assert talk.effect.parameters["TopicArn"] == TOPIC
    assert talk.reply({}).effect.approvers == ("ann", f"{ACCOUNT}:role/ops")
    talk.reply(signal("Approve", f"{ACCOUNT}:role/ops"))
    assert isinstance(talk.effect, AwaitSignal)
    assert talk.reply(signal("Approve", ANN)).values["ApprovalStatus"] == "Approved"


def test_sessions_of_a_role_approve_for_a_role_that_is_given_by_its_name() -> None:
    lines = [{"approver": "Admin", "type": "IamRole", "minRequiredApprovals": 2}]
    talk = Conversation("aws:approve", {"EnhancedApprovals": {"Approvers": lines}})
    first, second = (f"arn:aws:sts::123456789012:assumed-role/Admin/{name}" for name in ("ann", "bob"))
    other = "arn:aws:sts::123456789012:assumed-role/Intern/Admin"
    assert [is_approver(arn, talk.effect.approvers) for arn in (first, second, other)] == [True, True, False]
    talk.reply(signal("Approve", first))
    assert talk.effect.decided == (first,)
    assert talk.reply(signal("Approve", second)).values["ApprovalStatus"] == "Approved"


def test_sessions_of_a_role_with_a_path_approve_for_it() -> None:
    role = f"{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0a1b"
    sessions = (f"arn:aws:sts::123456789012:assumed-role/{name}/ann" for name in ("AWSReservedSSO_Admin_0a1b", "Admin"))
    assert [is_approver(arn, [role]) for arn in (*sessions, role)] == [True, False, True]


def test_approvers_of_a_change_template_may_be_given_by_parameters() -> None:
    lines = [{"approver": "{{ Who }}", "type": "{{ Kind }}", "minRequiredApprovals": "{{ Least }}"}]
    assert list(lines_of({"Approvers": lines})) == [Line("{{ Who }}", "{{ Kind }}", 1)]


def test_the_least_number_of_all_approvals_holds_beside_the_lines() -> None:
    lines = [{"approver": name, "minRequiredApprovals": 0} for name in ("ann", "bob", "cid")]
    talk = Conversation("aws:approve", {"MinRequiredApprovals": 2, "EnhancedApprovals": {"Approvers": lines}})
    talk.reply(signal("Approve", ANN))
    assert talk.effect.decided == (ANN,)
    assert talk.reply(signal("Approve", BOB)).values["ApprovalStatus"] == "Approved"


def test_one_rejection_rejects() -> None:
    talk = Conversation("aws:approve", {"Approvers": ["ann", "bob"], "MinRequiredApprovals": 2})
    failed = talk.reply(signal("Approve", ANN)).reply(signal("Reject", BOB)).failure
    assert failed.outputs["ApprovalStatus"] == "Rejected"
    assert len(failed.outputs["ApproverDecisions"]) == 2
    assert failed.final


def test_approvers_are_notified_first() -> None:
    talk = Conversation("aws:approve", {"Approvers": "ann", "NotificationArn": TOPIC, "Message": "Deploy?"})
    assert talk.effect.parameters["TopicArn"] == TOPIC
    assert talk.effect.parameters["Message"].startswith("Deploy?\n")
    assert isinstance(talk.reply({}).effect, AwaitSignal)


def test_decisions_are_kept_when_the_wait_is_interrupted() -> None:
    talk = Conversation("aws:approve", {"Approvers": ["ann", "bob"], "MinRequiredApprovals": 2})
    given = talk.reply(signal("Approve", ANN)).interrupt("timeout").values
    assert given["ApprovalStatus"] == "Waiting"
    assert [each["Approver"] for each in given["ApproverDecisions"]] == [ANN]


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"Approvers": ["ann"], "MinRequiredApprovals": 2}, "2 approvals are required of 1 approvers"),
        ({"Approvers": ["ann"], "NotificationArn": TOPIC.replace("Automation", "My")}, "begin with Automation"),
        ({}, "exactly one of Approvers and EnhancedApprovals"),
        ({"Approvers": ["ann"], "EnhancedApprovals": {"Approvers": [{"approver": "bob"}]}}, "exactly one of"),
        ({"EnhancedApprovals": {"Approvers": []}}, "a list Approvers is expected"),
        ({"EnhancedApprovals": {"Approvers": [{"type": "IamUser"}]}}, "names no approver"),
        ({"EnhancedApprovals": {"Approvers": [{"approver": "a", "type": "User"}]}}, "it can be IamUser"),
        ({"EnhancedApprovals": {"Approvers": [{"approver": "a", "minRequiredApprovals": -1}]}}, "no whole number"),
        ({"Approvers": []}, "at least 1"),
        ({"Approvers": ["a"] * 11}, "at most 10"),
        ({"Approvers": ["ann"], "MinRequiredApprovals": 0}, "at least 1"),
    ],
)
def test_approvals_that_could_never_be_given_are_refused(inputs: dict[str, Json], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fit(DECLARATIONS["aws:approve"], inputs)


def test_a_pause_waits_for_resume() -> None:
    talk = Conversation("aws:pause", {})
    assert talk.effect == AwaitSignal(("Resume",))
    assert talk.reply(signal("Resume", ANN)).values == {}
