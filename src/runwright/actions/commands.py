"""aws:runCommand: sends a command document to managed instances and waits for its end."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping

from runwright.actions.api_calls import POLL_SECONDS
from runwright.actions.phases import EXECUTING, failure_text, step_failure, within
from runwright.actions.registry import Context, Doing, EffectFailed, Interrupted, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.language.templates import as_embedded_text
from runwright.messages import CallAws, Effect, Json, Poll, Selection

_COMPLETION = "verifying the command has completed"
_AVAILABILITY = "verifying the SSM Agent availability on the target instance(s)"


def _has_targets(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if "InstanceIds" not in inputs and "Targets" not in inputs:
        yield "InstanceIds", "one of InstanceIds and Targets is required"


@action(
    Declaration(
        "aws:runCommand",
        "Runs a command document on managed instances.",
        (
            Input("DocumentName", "String", "The command document, by name or ARN.", required=True),
            Input("Parameters", "StringMap", "The document's parameters; each a text or a list."),
            Input("InstanceIds", "StringList", "The instances; or Targets.", maximum=50),
            Input("Targets", "MapList", "Maps with Key and Values; or InstanceIds."),
            Input("Comment", "String", "A comment on the command."),
            Input("MaxConcurrency", "String", "How many instances at the same time; a number or a percentage."),
            Input("MaxErrors", "String", "How many errors end it; a number or a percentage."),
            Input("TimeoutSeconds", "Integer", "Seconds to reach an instance.", minimum=30, takes_text=True),
            Input("DocumentVersion", "String", "The document's version."),
            Input("DocumentHash", "String", "The document's hash."),
            Input("DocumentHashType", "String", "The kind of the hash: Sha256 or Sha1."),
            Input("CloudWatchOutputConfig", "StringMap", "Where in CloudWatch Logs the output goes."),
            Input("NotificationConfig", "StringMap", "Notifications on the command's status."),
            Input("OutputS3BucketName", "String", "The bucket for the output."),
            Input("OutputS3KeyPrefix", "String", "The prefix in that bucket."),
            Input("ServiceRoleArn", "String", "The role for notifications."),
        ),
        outputs={"CommandId": "String", "Status": "String", "ResponseCode": "Integer", "Output": "String"},
        rule=_has_targets,
    ),
    phase=_COMPLETION,
    payload=True,
)
def run_command(context: Context) -> Doing:
    """[OBS] Outputs and the failure's text. A cancelled or timed-out step cancels its command."""
    command_id = yield from _send(context)
    try:
        ended = yield from _ended(command_id)
        outputs = yield from _outputs(context, command_id, ended)
    except Interrupted:
        yield CallAws("ssm", "CancelCommand", {"CommandId": command_id})
        raise
    if ended["Status"] != "Success":
        raise StepFailed(
            failure_text(
                _COMPLETION,
                f"Command {command_id} returns unexpected invocation result: \n{_as_java_map(outputs)}",
            ),
            stage="PostVerification",
            type="Verification",
            outputs=outputs,
        )
    return outputs


def _send(context: Context) -> Generator[Effect, Json, str]:
    """Send the command, at once if the instances are known to Systems Manager and else as soon as they are.

    [OBS] the real service verifies the agents first; asking only when the send was refused saves a call (ours).
    SendCommand has no idempotency token.
    """
    call = CallAws("ssm", "SendCommand", _request(context.inputs), (Selection("Id", "$.Command.CommandId", "String"),))
    try:
        sent = yield call
    except EffectFailed as failed:
        instance_ids = context.inputs.get("InstanceIds")
        if failed.failure.code != "InvalidInstanceId" or not instance_ids:
            raise step_failure(EXECUTING, call, failed.failure) from failed
        describe = CallAws(
            "ssm", "DescribeInstanceInformation", {"Filters": [{"Key": "InstanceIds", "Values": instance_ids}]}
        )
        poll = Poll(describe, "ssm.agents_online", {"instance_ids": instance_ids}, POLL_SECONDS, ("InvalidInstanceId",))
        try:
            yield from within(_AVAILABILITY, poll)
        except Interrupted as interrupted:
            raise _unavailable(instance_ids) from interrupted
        sent = yield from within(EXECUTING, call)
    command_id: str = sent["Id"]
    return command_id


def _unavailable(instance_ids: list[str]) -> StepFailed:
    """[OBS] the text of a time-out while the agents are waited for."""
    return StepFailed(
        f"Step timed out while step is {_AVAILABILITY}. "
        f"SSM Agent on Instances: [{', '.join(instance_ids)}] are not functioning",
        stage="PreVerification",
        type="Verification",
    )


def _ended(command_id: str) -> Generator[Effect, Json, dict[str, Json]]:
    """The status and the number of targets of the ended command."""
    describe = CallAws("ssm", "ListCommands", {"CommandId": command_id})
    ended: dict[str, Json] = yield from within(
        _COMPLETION, Poll(describe, "ssm.command_ended", {}, POLL_SECONDS, ("InvalidCommandId",))
    )
    return ended


def _outputs(context: Context, command_id: str, ended: dict[str, Json]) -> Generator[Effect, Json, dict[str, Json]]:
    """[OBS] one instance and one plugin: all outputs; more of either: Status and CommandId alone."""
    outputs: dict[str, Json] = {"Status": ended["Status"]}
    instance_id = yield from _only_instance(context, command_id, ended)
    if instance_id is not None:
        call = CallAws(
            "ssm",
            "GetCommandInvocation",
            {"CommandId": command_id, "InstanceId": instance_id},
            (
                Selection("Code", "$.ResponseCode", "Integer"),
                Selection("Out", "$.StandardOutputContent", "String"),
                Selection("Err", "$.StandardErrorContent", "String"),
            ),
        )
        try:
            got = yield call
        except EffectFailed as failed:
            # Without a plugin's name it answers only for documents that have one plugin.
            if failed.failure.code not in ("InvalidPluginName", "InvocationDoesNotExist"):
                raise step_failure(_COMPLETION, call, failed.failure) from failed
        else:
            error = f"\n----------ERROR-------\n{got['Err']}" if got.get("Err") else ""
            outputs |= {"ResponseCode": got.get("Code", -1), "Output": got.get("Out", "") + error}
    return outputs | {"CommandId": command_id}


def _only_instance(context: Context, command_id: str, ended: dict[str, Json]) -> Generator[Effect, Json, str | None]:
    instance_ids = context.inputs.get("InstanceIds", [])
    if len(instance_ids) == 1 and "Targets" not in context.inputs:
        only: str = instance_ids[0]
        return only
    if instance_ids or ended["TargetCount"] != 1:
        return None
    found = Selection("InstanceId", "$.CommandInvocations[0].InstanceId", "String")
    try:
        got = yield CallAws("ssm", "ListCommandInvocations", {"CommandId": command_id}, (found,))
    except EffectFailed:
        # Some backends lack the operation; the command has ended all the same, only its text is not to be had.
        return None
    instance_id: str | None = got.get("InstanceId")
    return instance_id


def _request(inputs: dict[str, Json]) -> dict[str, Json]:
    request = dict(inputs)
    if "Parameters" in inputs:
        request["Parameters"] = {name: _texts(value) for name, value in inputs["Parameters"].items()}
    if "Targets" in inputs:
        request["Targets"] = [
            each | ({"Values": [each["Values"]]} if isinstance(each.get("Values"), str) else {})
            for each in inputs["Targets"]
        ]
    for name in ("CloudWatchOutputConfig", "NotificationConfig"):
        if name in inputs:
            # Records of the real service show these keys in lower camel case, so both are taken [OBS].
            request[name] = {key[:1].upper() + key[1:]: value for key, value in inputs[name].items()}
    return request


def _texts(value: Json) -> list[str]:
    """A parameter as SendCommand takes it: a list of texts; a single text is accepted [OBS]."""
    return [as_embedded_text(each) for each in (value if isinstance(value, list) else [value])]


def _as_java_map(outputs: dict[str, Json]) -> str:
    """[OBS] `{Status=[Failed], ResponseCode=[1], Output=[...], OutputPayload=[{...}], CommandId=[...]}`"""
    shown = {name: value for name, value in outputs.items() if name != "CommandId"}
    shown["OutputPayload"] = json.dumps(outputs, separators=(",", ":"), ensure_ascii=False)
    shown["CommandId"] = outputs["CommandId"]
    return "{" + ", ".join(f"{name}=[{value}]" for name, value in shown.items()) + "}"
