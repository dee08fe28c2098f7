from __future__ import annotations

import pytest

from runwright.actions.registry import Interrupted
from runwright.actions.verdicts import VERDICTS, Done, Failed, Pending
from runwright.messages import CallAws, CallWebhook, Json, Selection
from tests.actions.conversation import Conversation

FUNCTION = {"FunctionName": "f"}
MACHINE = {"stateMachineArn": "arn:m", "input": "{}"}


def test_a_function_is_invoked_with_its_payload() -> None:
    talk = Conversation("aws:invokeLambdaFunction", FUNCTION | {"InputPayload": {"a": 1}, "Payload": "old"})
    assert talk.effect.parameters == {
        "FunctionName": "f",
        "InvocationType": "RequestResponse",
        "LogType": "Tail",
        "Payload": '{"a":1}',
    }
    assert talk.effect.seconds == 300


@pytest.mark.parametrize(("payload", "text"), [('"done"', "done"), ('{"n":1}', '{"n":1}'), ("", "")])
def test_the_answer_is_text_without_its_outer_quotes(payload: str, text: str) -> None:
    talk = Conversation("aws:invokeLambdaFunction", FUNCTION).reply({"StatusCode": 200, "Payload": payload})
    assert talk.values == {"StatusCode": 200, "Payload": text}


@pytest.mark.parametrize(
    ("selection", "value"),
    [
        (Selection("X", "$.Payload.n", "Integer"), 1),
        (Selection("X", "$.n", "Integer"), 1),
        (Selection("X", "$.Payload", "StringMap"), {"n": 1}),
        (Selection("X", "$.Payload", "String"), '{"n": 1}'),
        (Selection("X", "$.StatusCode", "Integer"), 200),
    ],
)
def test_selectors_see_the_answer_by_either_path(selection: Selection, value: Json) -> None:
    talk = Conversation("aws:invokeLambdaFunction", FUNCTION, (selection,))
    assert talk.reply({"StatusCode": 200, "Payload": '{"n": 1}'}).values["X"] == value


def test_an_error_of_the_function_fails_the_step_with_its_outputs() -> None:
    talk = Conversation("aws:invokeLambdaFunction", FUNCTION)
    failed = talk.reply({"StatusCode": 200, "FunctionError": "Unhandled", "Payload": '{"errorMessage":"no"}'}).failure
    assert 'The function f failed (Unhandled): {"errorMessage":"no"}' in failed.message
    assert failed.outputs["FunctionError"] == "Unhandled"


def test_a_state_machine_is_started_under_a_name_of_its_own_and_waited_for() -> None:
    talk = Conversation("aws:executeStateMachine", MACHINE)
    assert talk.effect.parameters["name"] == Conversation("aws:executeStateMachine", MACHINE).effect.parameters["name"]
    poll = talk.reply({"executionArn": "arn:e"}).effect
    judge = VERDICTS[poll.verdict]
    assert judge({"status": "RUNNING"}, poll.args) == Pending()
    ended = {"executionArn": "arn:e", "status": "SUCCEEDED", "output": "{}"}
    assert judge(ended | {"other": 1, "stopDate": None}, poll.args) == Done(ended)
    assert judge({"executionArn": "arn:e", "status": "FAILED", "error": "E", "cause": "why"}, poll.args) == Failed(
        "State machine execution arn:e ended as FAILED (E: why)"
    )
    assert talk.reply(ended).values == ended


def test_an_interrupted_step_stops_its_state_machine() -> None:
    talk = Conversation("aws:executeStateMachine", MACHINE | {"name": "mine"})
    assert talk.effect.parameters["name"] == "mine"
    talk.reply({"executionArn": "arn:e"}).interrupt("timeout")
    assert talk.effect == CallAws(
        "stepfunctions", "StopExecution", {"executionArn": "arn:e", "cause": "The step was ended by timeout."}
    )
    assert isinstance(talk.reply({}).failed, Interrupted)


def test_a_webhook_is_named_and_never_told() -> None:
    talk = Conversation("aws:invokeWebhook", {"IntegrationName": "chat", "Body": "{}"})
    assert talk.effect == CallWebhook("chat", "{}")
    assert talk.reply({"Response": "ok", "ResponseCode": 200}).values == {"Response": "ok", "ResponseCode": 200}
