from __future__ import annotations

import pytest

from runwright.actions import DECLARATIONS
from runwright.language.inputs import fit
from runwright.messages import Json, RunScript, Selection
from tests.actions.conversation import Conversation

SCRIPT = {"Runtime": "python3.11", "Handler": "main", "Script": "def main(events, context): return {{ 1 }}"}


def test_a_script_gets_its_payload_and_gives_what_is_selected() -> None:
    outputs = (Selection("N", "$.Payload.n", "Integer"),)
    talk = Conversation("aws:executeScript", SCRIPT | {"InputPayload": {"a": 1}}, outputs)
    assert talk.effect == RunScript(
        "python3.11", SCRIPT["Script"], "main", {"a": 1}, {"global:REGION": "eu-west-1"}, outputs
    )
    given = talk.reply({"Payload": {"n": 3}, "N": 3}).values
    assert given == {"Payload": {"n": 3}, "N": 3, "OutputPayload": '{"Payload":{"n":3}}'}


@pytest.mark.parametrize(
    ("written", "payload"), [(None, {}), ('{"a": [1]}', {"a": [1]}), ("plain", "plain"), ([1, 2], [1, 2])]
)
def test_a_payload_may_be_json_text(written: Json, payload: Json) -> None:
    assert Conversation("aws:executeScript", SCRIPT | {"InputPayload": written}).effect.payload == payload


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"Runtime": "python3.11", "Script": "x"}, "Handler"),
        ({"Runtime": "python3.11", "Handler": "main"}, "Script and Attachment"),
        ({"Runtime": "PowerShell 7.4"}, "needs a Script"),
        ({"Runtime": "ruby"}, "it can be python3.6"),
    ],
)
def test_what_a_script_cannot_do_without(inputs: dict[str, Json], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fit(DECLARATIONS["aws:executeScript"], inputs)


def test_a_failed_script_reaches_the_interpreter_as_it_is() -> None:
    talk = Conversation("aws:executeScript", SCRIPT).fail("Traceback")
    assert str(talk.failed) == "Traceback"
