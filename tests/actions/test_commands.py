from __future__ import annotations

import pytest

from runwright.actions.registry import Interrupted
from runwright.actions.verdicts import VERDICTS, Done, Pending
from runwright.messages import CallAws
from tests.actions.conversation import Conversation

ONE = {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1"], "Parameters": {"commands": "true"}}


def test_a_command_is_sent_and_its_result_read() -> None:
    talk = Conversation(
        "aws:runCommand",
        ONE | {"TimeoutSeconds": "60", "CloudWatchOutputConfig": {"cloudWatchOutputEnabled": True}},
    )
    assert talk.effect.parameters == {
        "DocumentName": "AWS-RunShellScript",
        "InstanceIds": ["i-1"],
        "Parameters": {"commands": ["true"]},
        "TimeoutSeconds": 60,
        "CloudWatchOutputConfig": {"CloudWatchOutputEnabled": True},
    }
    assert talk.reply({"Id": "c-1"}).effect.call == CallAws("ssm", "ListCommands", {"CommandId": "c-1"})
    assert talk.reply({"Status": "Success", "TargetCount": 1}).effect.operation == "GetCommandInvocation"
    talk.reply({"Code": 0, "Out": "hello", "Err": ""})
    assert list(talk.values.items()) == [
        ("Status", "Success"),
        ("ResponseCode", 0),
        ("Output", "hello"),
        ("CommandId", "c-1"),
    ]


def test_a_failed_command_is_shown_as_aws_shows_it() -> None:
    talk = Conversation("aws:runCommand", ONE).reply({"Id": "c-1"}).reply({"Status": "Failed", "TargetCount": 1})
    failed = talk.reply({"Code": 1, "Out": "", "Err": "exit status 1"}).failure
    assert failed.message == (
        "Step fails when it is verifying the command has completed. "
        "Command c-1 returns unexpected invocation result: \n"
        "{Status=[Failed], ResponseCode=[1], Output=[\n----------ERROR-------\nexit status 1], "
        'OutputPayload=[{"Status":"Failed","ResponseCode":1,"Output":"\\n----------ERROR-------\\nexit status 1",'
        '"CommandId":"c-1"}], CommandId=[c-1]}'
    )
    assert failed.outputs["ResponseCode"] == 1


def test_several_instances_give_no_output_text() -> None:
    talk = Conversation("aws:runCommand", ONE | {"InstanceIds": ["i-1", "i-2"]}).reply({"Id": "c-1"})
    assert talk.reply({"Status": "Success", "TargetCount": 2}).values == {"Status": "Success", "CommandId": "c-1"}


def test_several_plugins_give_no_output_text() -> None:
    talk = Conversation("aws:runCommand", ONE).reply({"Id": "c-1"}).reply({"Status": "Success", "TargetCount": 1})
    assert talk.fail("name a plugin", "InvalidPluginName").values == {"Status": "Success", "CommandId": "c-1"}


def test_targets_that_come_to_one_instance_give_its_output() -> None:
    targets = [{"Key": "tag:Name", "Values": "web"}]
    talk = Conversation("aws:runCommand", {"DocumentName": "D", "Targets": targets})
    assert talk.effect.parameters["Targets"] == [{"Key": "tag:Name", "Values": ["web"]}]
    talk.reply({"Id": "c-1"}).reply({"Status": "Success", "TargetCount": 1})
    assert talk.effect.operation == "ListCommandInvocations"
    assert talk.reply({"InstanceId": "i-7"}).effect.parameters == {"CommandId": "c-1", "InstanceId": "i-7"}


def test_an_agent_that_is_not_there_yet_is_waited_for() -> None:
    talk = Conversation("aws:runCommand", ONE)
    send = talk.effect
    poll = talk.fail("Instances not in a valid state", "InvalidInstanceId").effect
    judge = VERDICTS[poll.verdict]
    assert judge({"InstanceInformationList": []}, poll.args) == Pending()
    assert judge({"InstanceInformationList": [{"InstanceId": "i-1", "PingStatus": "Online"}]}, poll.args) == Done()
    assert talk.reply().effect == send


@pytest.mark.parametrize("reason", ["cancel", "timeout"])
def test_an_interrupted_step_cancels_its_command(reason: str) -> None:
    talk = Conversation("aws:runCommand", ONE).reply({"Id": "c-1"}).interrupt(reason)
    assert talk.effect == CallAws("ssm", "CancelCommand", {"CommandId": "c-1"})
    assert isinstance(talk.reply({}).failed, Interrupted)


def test_a_command_has_ended_in_any_final_status() -> None:
    judge = VERDICTS["ssm.command_ended"]
    assert judge({"Commands": []}, {}) == Pending()
    assert judge({"Commands": [{"Status": "Cancelling"}]}, {}) == Pending()
    assert judge({"Commands": [{"Status": "TimedOut", "TargetCount": 3}]}, {}) == Done(
        {"Status": "TimedOut", "TargetCount": 3}
    )
