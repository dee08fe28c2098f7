"""What a later program has stored is taken for what it says, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from runwright.interpreter.fanout_state import Fanout, Group, fanout_from_json, fanout_to_json
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
