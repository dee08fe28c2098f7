from __future__ import annotations

import pytest

from runwright.actions import DECLARATIONS
from runwright.actions.verdicts import VERDICTS, Done, Failed, Judgement, Pending
from runwright.language.inputs import fit
from runwright.messages import Json
from tests.actions.conversation import Conversation

CREATE = {"StackName": "web", "TemplateBody": "{}"}
ABSENT = ("An error occurred (ValidationError): Stack with id web does not exist", "ValidationError")


def test_a_stack_is_created_and_waited_for() -> None:
    written = [{"ParameterKey": "N", "ParameterValue": 2}, {"ParameterKey": "L", "ParameterValue": ["a", "b"]}]
    talk = Conversation("aws:createStack", CREATE | {"Parameters": written, "OnFailure": "DELETE"}).fail(*ABSENT)
    parameters = talk.effect.parameters
    assert parameters["Parameters"] == [
        {"ParameterKey": "N", "ParameterValue": "2"},
        {"ParameterKey": "L", "ParameterValue": "a,b"},
    ]
    assert parameters["ClientRequestToken"].startswith("runwright-")
    talk.reply({"StackId": "arn:web"})
    assert talk.effect.call.parameters == {"StackName": "arn:web"}
    assert talk.reply({"StackStatus": "CREATE_COMPLETE"}).values == {
        "StackId": "arn:web",
        "StackStatus": "CREATE_COMPLETE",
    }


def test_a_rolled_back_stack_of_the_name_is_deleted_first() -> None:
    talk = Conversation("aws:createStack", CREATE).reply({"StackId": "arn:0", "StackStatus": "CREATE_IN_PROGRESS"})
    assert talk.effect.args == {"wanted": None}
    talk.reply({"StackStatus": "ROLLBACK_COMPLETE"})
    assert (talk.effect.operation, talk.effect.parameters) == ("DeleteStack", {"StackName": "arn:0"})
    assert talk.reply({}).effect.args == {"wanted": "DELETE_COMPLETE"}
    assert talk.reply({"StackStatus": "DELETE_COMPLETE"}).effect.operation == "CreateStack"


def test_a_stack_that_is_not_created_is_named_in_the_outputs() -> None:
    talk = Conversation("aws:createStack", CREATE).fail(*ABSENT).reply({"StackId": "arn:web"})
    assert talk.fail("Stack web entered unexpected state: ROLLBACK_COMPLETE").failure.outputs == {"StackId": "arn:web"}


@pytest.mark.parametrize(
    ("stack", "wanted", "judgement"),
    [
        ({"StackStatus": "CREATE_IN_PROGRESS"}, "CREATE_COMPLETE", Pending()),
        ({"StackStatus": "ROLLBACK_IN_PROGRESS"}, "CREATE_COMPLETE", Pending()),
        ({"StackStatus": "CREATE_COMPLETE"}, "CREATE_COMPLETE", Done({"StackStatus": "CREATE_COMPLETE"})),
        ({"StackStatus": "DELETE_FAILED"}, None, Done({"StackStatus": "DELETE_FAILED"})),
        (
            {"StackName": "web", "StackStatus": "DELETE_FAILED", "StackStatusReason": "bucket not empty"},
            "DELETE_COMPLETE",
            Failed("Stack web entered unexpected state: DELETE_FAILED (bucket not empty)"),
        ),
    ],
)
def test_a_stack_settles(stack: Json, wanted: str | None, judgement: Judgement) -> None:
    assert VERDICTS["cloudformation.stack_settled"]({"Stacks": [stack]}, {"wanted": wanted}) == judgement


def test_a_stack_is_deleted_by_its_id() -> None:
    talk = Conversation("aws:deleteStack", {"StackName": "web", "ClientRequestToken": "mine"})
    talk.reply({"StackId": "arn:web", "StackStatus": "CREATE_COMPLETE"})
    assert talk.effect.parameters == {"StackName": "arn:web", "ClientRequestToken": "mine"}
    assert talk.reply({}).reply({"StackStatus": "DELETE_COMPLETE"}).values == {}


def test_a_stack_that_does_not_exist_needs_no_deletion() -> None:
    assert Conversation("aws:deleteStack", {"StackName": "web"}).fail(*ABSENT).values == {}


def test_another_error_of_the_lookup_fails_the_step() -> None:
    failed = Conversation("aws:deleteStack", {"StackName": "web"}).fail("denied", "AccessDenied", "Permission").failure
    assert (failed.message, failed.type) == ("Step fails when it is Execute/Cancelling action. denied", "Permission")


@pytest.mark.parametrize(
    "inputs",
    [
        {"StackName": "web"},
        CREATE | {"TemplateURL": "https://x"},
        CREATE | {"DisableRollback": True, "OnFailure": "DELETE"},
        CREATE | {"StackName": "9web"},
        CREATE | {"TimeoutInMinutes": "5"},
    ],
)
def test_inputs_that_a_stack_cannot_be_created_with(inputs: dict[str, Json]) -> None:
    with pytest.raises(ValueError, match="The input "):
        fit(DECLARATIONS["aws:createStack"], inputs)
