"""What a later program has stored is taken for what it says, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from botocore.loaders import Loader

from runwright.interpreter.fanout_state import Fanout, Group, fanout_from_json, fanout_to_json
from runwright.interpreter.start_request import known_part
from runwright.interpreter.state import cursor_of, start_from_json, start_to_json, state_from
from runwright.messages import Failure, Json, Reply
from runwright.stored_form import NotUnderstood, as_json, reply_from_json
from tests.interpreter.conversation import Conversation

LOOP = """
mainSteps:
  - name: each
    action: aws:loop
    inputs: {Iterators: [a], Steps: [{name: hold, action: aws:pause, inputs: {}}]}
"""

Change = Callable[[dict[str, Json]], object]
CHANGES: dict[str, Change] = {
    "state.pace": lambda cursor: cursor.update(pace="slow"),
    "frame.lane": lambda cursor: cursor["frames"][1].update(lane=2),
    "activity.patience": lambda cursor: cursor["frames"][0]["activity"].update(patience=1),
    "'lent' as state.slot": lambda cursor: cursor.update(slot="lent"),
    "'Resting' as state.status": lambda cursor: cursor.update(status="Resting"),
    "'Pause' as state.stop": lambda cursor: cursor.update(stop="Pause"),
    "'Skipped' as activity.decided": lambda cursor: cursor["frames"][1]["activity"].update(decided="Skipped"),
}


@pytest.mark.parametrize(("named", "change"), CHANGES.items(), ids=CHANGES)
def test_a_state_with_something_unknown_is_not_taken_up_and_the_unknown_is_named(named: str, change: Change) -> None:
    talk = Conversation(LOOP)
    cursor = json.loads(json.dumps(cursor_of(talk.state)))
    assert state_from(talk.state.start, talk.runbook, cursor, []).status == "Waiting"
    change(cursor)
    with pytest.raises(NotUnderstood, match=re.escape(f"What is stored has {named}, which this program does not know")):
        state_from(talk.state.start, talk.runbook, cursor, [])


def test_an_unknown_member_of_a_start_is_named() -> None:
    stored = start_to_json(Conversation(LOOP).state.start)
    assert start_from_json(stored) == Conversation(LOOP).state.start
    with pytest.raises(NotUnderstood, match=r"start\.deadline"):
        start_from_json(stored | {"deadline": 5})


def test_a_start_that_lacks_something_is_named() -> None:
    stored = start_to_json(Conversation(LOOP).state.start)
    del stored["family"]
    with pytest.raises(NotUnderstood, match="a start without family"):
        start_from_json(stored)


ALARM: Json = {"Alarms": [{"Name": "red"}], "IgnorePollAlarmFailure": True}
TARGETS: Json = [{"Key": "ParameterValues", "Values": ["a"]}]
LOCATION: Json = {
    "Accounts": ["111122223333"],
    "Regions": ["eu-west-1"],
    "ExecutionRoleName": "Runner",
    "ExcludeAccounts": ["444455556666"],
    "IncludeChildOrganizationUnits": False,
    "TargetLocationMaxConcurrency": "1",
    "TargetLocationMaxErrors": "1",
    "TargetLocationAlarmConfiguration": ALARM,
    "Targets": TARGETS,
    "TargetsMaxConcurrency": "1",
    "TargetsMaxErrors": "1",
}
REQUEST: dict[str, Json] = {
    "DocumentName": "D",
    "DocumentVersion": "1",
    "ClientToken": "8a5c4d1e-6f0b-4f7e-9d35-2f1f3f0f9a10",
    "Parameters": {"Who": ["a"]},
    "Mode": "Auto",
    "Targets": TARGETS,
    "TargetMaps": [{"Who": ["a"]}],
    "TargetParameterName": "Who",
    "TargetLocations": [LOCATION],
    "TargetLocationsURL": "https://bucket.s3.amazonaws.com/key",
    "MaxConcurrency": "10%",
    "MaxErrors": "1",
    "AlarmConfiguration": ALARM,
    "Tags": [{"Key": "k", "Value": "v"}],
}
"""Every member of StartAutomationExecution, though they do not go together."""


def stored_with(request: Json) -> dict[str, Json]:
    return start_to_json(Conversation(LOOP).state.start) | {"request": request}


def test_every_member_of_a_request_is_read_again_as_it_was_stored() -> None:
    assert known_part(REQUEST) == REQUEST
    assert start_from_json(json.loads(json.dumps(stored_with(REQUEST)))).request == REQUEST


@pytest.mark.parametrize(
    ("member", "value", "named"),
    [
        ("Priority", "high", "request.Priority"),
        ("Mode", "Careful", "'Careful' as request.Mode"),
        ("Parameters", ["a"], "request.Parameters of type list, not dict"),
        ("MaxErrors", 1, "request.MaxErrors of type int, not str"),
        ("Targets", [{"Key": "ParameterValues"}], "request.Targets without Values"),
        ("Targets", ["i-1"], "request.Targets of type str, not dict"),
        ("TargetLocations", [LOCATION | {"Zones": ["a"]}], "request.TargetLocations.Zones"),
        ("TargetLocations", [{"Accounts": ["1"]}], "request.TargetLocations without Regions"),
        ("AlarmConfiguration", {"Alarms": []}, "request.AlarmConfiguration.Alarms with 0 items"),
        ("AlarmConfiguration", {"Alarms": [{"Arn": "a"}]}, "request.AlarmConfiguration.Alarms.Arn"),
    ],
)
def test_a_request_with_something_unknown_or_misshapen_is_named(member: str, value: Json, named: str) -> None:
    with pytest.raises(NotUnderstood, match=re.escape(f"What is stored has {named}, which this program")):
        start_from_json(stored_with(REQUEST | {member: value}))


def test_targets_need_the_parameter_that_takes_them() -> None:
    with pytest.raises(NotUnderstood, match=r"request\.Targets without TargetParameterName"):
        start_from_json(stored_with({"Targets": TARGETS}))


def test_what_a_newer_service_model_has_beside_the_known_members_is_not_kept() -> None:
    """It would be accepted, and not understood when it is loaded."""
    newer = REQUEST | {"Priority": "high", "TargetLocations": [LOCATION | {"Zones": ["a"]}]}
    assert known_part(newer) == REQUEST


def test_every_member_of_the_service_model_is_known() -> None:
    """REQUEST holds them all, and `known_part` keeps what REQUEST holds."""
    shapes = Loader().load_service_model("ssm", "service-2")["shapes"]

    def told_of(name: str, value: Json) -> None:
        shape = shapes[name]
        if shape["type"] == "structure":
            assert value.keys() == shape["members"].keys(), name
            for member, inner in shape["members"].items():
                told_of(inner["shape"], value[member])
        elif shape["type"] == "list":
            told_of(shape["member"]["shape"], value[0])

    told_of("StartAutomationExecutionRequest", REQUEST)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"partial": True}, r"reply\.partial"),
        ({"v": 2}, "a reply of kind 'Reply', version 2"),
        ({"kind": "Part"}, "a reply of kind 'Part', version 1"),
        ({"failure": {"message": "m", "advice": "wait"}}, r"reply\.failure\.advice"),
    ],
)
def test_an_unknown_member_of_a_reply_is_named(more: dict[str, Json], named: str) -> None:
    reply = Reply(failure=Failure("m", "c"))
    assert reply_from_json(as_json(reply)) == reply
    with pytest.raises(NotUnderstood, match=named):
        reply_from_json(as_json(reply) | more)


def test_an_unknown_member_of_a_fan_out_is_named() -> None:
    stored = json.loads(json.dumps(fanout_to_json(Fanout(groups=[Group(0, 1, 1, 0, 1, 0)]))))
    assert fanout_from_json(stored, None).groups[0].count == 1
    with pytest.raises(NotUnderstood, match=r"fanout\.waves"):
        fanout_from_json(stored | {"waves": []}, None)
    stored["groups"][0].append("more")
    with pytest.raises(NotUnderstood, match=r"fanout\.groups with other members than first, count"):
        fanout_from_json(stored, None)
