from __future__ import annotations

from runwright.messages import Json, RunChild, StopChild, WishId
from tests.actions.conversation import Conversation

ENDED: dict[str, Json] = {
    "ExecutionId": "c-1",
    "Status": "Success",
    "Outputs": {"a.X": ["1", "2"], "b.Y": ["3"]},
    "FailureMessage": None,
}


def test_a_child_gets_its_parameters_as_lists_of_texts() -> None:
    parameters = {
        "Id": "i-1",
        "Ids": ["i-1", "i-2"],
        "On": True,
        "N": 3,
        "Map": {"a": 1},
        "Maps": [{"a": 1}],
        "None": None,
    }
    talk = Conversation("aws:executeAutomation", {"DocumentName": "Child", "RuntimeParameters": parameters})
    assert talk.effect == RunChild(
        {
            "DocumentName": "Child",
            "Parameters": {
                "Id": ["i-1"],
                "Ids": ["i-1", "i-2"],
                "On": ["true"],
                "N": ["3"],
                "Map": ['{"a":1}'],
                "Maps": ['{"a":1}'],
            },
        }
    )
    assert talk.reply(ENDED).values == {"ExecutionId": "c-1", "Status": "Success", "Output": ["1", "2", "3"]}


def test_rate_control_is_passed_on() -> None:
    talk = Conversation(
        "aws:executeAutomation",
        {
            "DocumentName": "Child",
            "TargetParameterName": "Id",
            "Targets": [{"Key": "ParameterValues", "Values": "i-1"}],
            "MaxConcurrency": 2,
        },
    )
    assert talk.effect.request == {
        "DocumentName": "Child",
        "TargetParameterName": "Id",
        "Targets": [{"Key": "ParameterValues", "Values": ["i-1"]}],
        "MaxConcurrency": "2",
    }


def test_locations_and_tags_are_passed_on_as_texts_and_lists() -> None:
    place = {"Accounts": 111122223333, "Regions": ["eu-west-1"], "TargetLocationMaxConcurrency": 2}
    inputs = {"DocumentName": "Child", "TargetLocations": [place], "Tags": [{"Key": "cost", "Value": 7}]}
    assert Conversation("aws:executeAutomation", inputs).effect.request == {
        "DocumentName": "Child",
        "TargetLocations": [
            {"Accounts": ["111122223333"], "Regions": ["eu-west-1"], "TargetLocationMaxConcurrency": "2"}
        ],
        "Tags": [{"Key": "cost", "Value": "7"}],
    }


def test_a_child_that_does_not_succeed_fails_the_step() -> None:
    talk = Conversation("aws:executeAutomation", {"DocumentName": "Child"})
    failed = talk.reply(ENDED | {"Status": "TimedOut", "FailureMessage": "too slow"}).failure
    assert failed.message == (
        "Step fails when it is Executing. Automation execution c-1 ended in status TimedOut: too slow"
    )
    assert failed.outputs == {"ExecutionId": "c-1", "Status": "TimedOut", "Output": ["1", "2", "3"]}


def test_a_child_that_cannot_start_is_told_in_aws_words() -> None:
    failed = Conversation("aws:executeAutomation", {"DocumentName": "Child"}).fail("Rate exceeded").failure
    assert failed.message == "Step fails when it is Executing. Fail to start automation, errorMessage: Rate exceeded"


def test_an_interrupted_step_stops_its_child() -> None:
    talk = Conversation("aws:executeAutomation", {"DocumentName": "Child"})
    child = WishId("step", 1, 1, 0).unique_in("e-1")
    assert talk.interrupt().effect == StopChild(child)
    assert talk.reply(ENDED | {"Status": "Cancelled"}).values["Status"] == "Cancelled"
    never = Conversation("aws:executeAutomation", {"DocumentName": "Child"}).interrupt()
    assert never.reply(None).values == {}
