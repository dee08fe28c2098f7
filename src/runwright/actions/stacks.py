"""Actions on CloudFormation stacks: create and delete them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping

from runwright.actions.api_calls import POLL_SECONDS
from runwright.actions.phases import EXECUTING, POLLING, step_failure, within
from runwright.actions.registry import Context, Doing, EffectFailed, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.language.templates import as_embedded_text
from runwright.messages import CallAws, Effect, Json, Poll, Selection

_EXCLUSIVE = (("TemplateBody", "TemplateURL"), ("DisableRollback", "OnFailure"), ("StackPolicyBody", "StackPolicyURL"))


def _exclusive_inputs(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for first, second in _EXCLUSIVE:
        if first in inputs and second in inputs:
            yield second, f"{first} and {second} exclude each other"
    if "TemplateBody" not in inputs and "TemplateURL" not in inputs:
        yield "TemplateBody", "one of TemplateBody and TemplateURL is required"


@action(
    Declaration(
        "aws:createStack",
        "Creates a CloudFormation stack and waits until it is complete.",
        (
            Input(
                "StackName",
                "String",
                "The name of the stack.",
                required=True,
                max_chars=128,
                pattern="[A-Za-z][-A-Za-z0-9]*",
            ),
            Input("TemplateBody", "String", "The template; or its URL."),
            Input("TemplateURL", "String", "Where the template is; or its body."),
            Input("Parameters", "MapList", "Maps with ParameterKey and ParameterValue."),
            Input("Capabilities", "StringList", "What the template may do: CAPABILITY_IAM, ..."),
            Input(
                "ClientRequestToken",
                "String",
                "An idempotency token; by default one of the execution's own.",
                max_chars=128,
                pattern="[a-zA-Z0-9][-a-zA-Z0-9]*",
            ),
            Input("DisableRollback", "Boolean", "Keep what was created when the creation fails."),
            Input("OnFailure", "String", "What a failed creation does.", allowed=("DO_NOTHING", "ROLLBACK", "DELETE")),
            Input("NotificationARNs", "StringList", "Topics for the stack's events.", maximum=5),
            Input("ResourceTypes", "StringList", "The resource types that the template may use."),
            Input("RoleARN", "String", "The role that CloudFormation assumes.", max_chars=2048),
            Input("StackPolicyBody", "String", "The stack policy; or its URL.", max_chars=16384),
            Input("StackPolicyURL", "String", "Where the stack policy is; or its body.", max_chars=1350),
            Input("Tags", "MapList", "Tags of the stack.", maximum=10),
            Input("TimeoutInMinutes", "Integer", "Minutes until the creation counts as failed.", minimum=1),
        ),
        outputs={"StackId": "String", "StackStatus": "String", "StackStatusReason": "String"},
        rule=_exclusive_inputs,
    ),
    phase=POLLING,
)
def create_stack(context: Context) -> Doing:
    """[UG] Inputs. [CDK] A stack of the name that is busy is waited for; one that was rolled back is deleted first."""
    name = context.inputs["StackName"]
    present = yield from _find(name)
    if present and present["StackStatus"].endswith("_IN_PROGRESS"):
        present |= yield from within(POLLING, _settled(present["StackId"], None))
    if present and present["StackStatus"] == "ROLLBACK_COMPLETE":
        yield from within(EXECUTING, CallAws("cloudformation", "DeleteStack", {"StackName": present["StackId"]}))
        yield from within(POLLING, _settled(present["StackId"], "DELETE_COMPLETE"))
    stack_id = Selection("StackId", "$.StackId", "String")
    call = CallAws("cloudformation", "CreateStack", _creation(context), (stack_id,))
    created = yield from within(EXECUTING, call)
    try:
        status = yield from within(POLLING, _settled(created["StackId"], "CREATE_COMPLETE"))
    except StepFailed as failed:
        failed.outputs = {"StackId": created["StackId"]}
        raise
    return {"StackId": created["StackId"], **status}


@action(
    Declaration(
        "aws:deleteStack",
        "Deletes a CloudFormation stack and waits until it is gone.",
        (
            Input("StackName", "String", "The name or the id of the stack.", required=True),
            Input("RoleARN", "String", "The role that CloudFormation assumes.", max_chars=2048),
            Input("RetainResources", "StringList", "Resources to keep, by logical id."),
            Input(
                "ClientRequestToken",
                "String",
                "An idempotency token; by default one of the execution's own.",
                max_chars=128,
                pattern="[a-zA-Z][-a-zA-Z0-9]*",
            ),
        ),
        outputs={},
    ),
    phase=POLLING,
)
def delete_stack(context: Context) -> Doing:
    """[CDK] The stack's id is looked up first, because a deleted stack is found by its id alone.

    A stack that does not exist needs no deletion (inferred: so says DeleteStack itself).
    """
    inputs = context.inputs
    present = yield from _find(inputs["StackName"])
    if present is None or present["StackStatus"] == "DELETE_COMPLETE":
        return {}
    parameters = {
        "StackName": present["StackId"],
        # A token of CloudFormation's begins with a letter.
        "ClientRequestToken": inputs.get("ClientRequestToken") or f"runwright-{context.token()}",
    } | {name: inputs[name] for name in ("RoleARN", "RetainResources") if name in inputs}
    yield from within(EXECUTING, CallAws("cloudformation", "DeleteStack", parameters))
    yield from within(POLLING, _settled(present["StackId"], "DELETE_COMPLETE"))
    return {}


def _find(name: str) -> Generator[Effect, Json, dict[str, Json] | None]:
    """The id and status of a stack, or None."""
    call = CallAws(
        "cloudformation",
        "DescribeStacks",
        {"StackName": name},
        (
            Selection("StackId", "$.Stacks[0].StackId", "String"),
            Selection("StackStatus", "$.Stacks[0].StackStatus", "String"),
        ),
    )
    try:
        found: dict[str, Json] = yield call
    except EffectFailed as failed:
        if failed.failure.code == "ValidationError" and "does not exist" in failed.failure.message:
            return None
        raise step_failure(EXECUTING, call, failed.failure) from failed
    return found or None


def _settled(stack_id: str, wanted: str | None) -> Poll:
    describe = CallAws("cloudformation", "DescribeStacks", {"StackName": stack_id})
    return Poll(describe, "cloudformation.stack_settled", {"wanted": wanted}, POLL_SECONDS)


def _creation(context: Context) -> dict[str, Json]:
    inputs = context.inputs
    parameters = dict(inputs)
    parameters["ClientRequestToken"] = inputs.get("ClientRequestToken") or f"runwright-{context.token()}"
    if "Parameters" in inputs:
        parameters["Parameters"] = [_parameter(each) for each in inputs["Parameters"]]
    return parameters


def _parameter(written: dict[str, Json]) -> dict[str, Json]:
    """CloudFormation takes texts alone; a list is a CommaDelimitedList there."""
    value = written.get("ParameterValue")
    if isinstance(value, list):
        return written | {"ParameterValue": ",".join(as_embedded_text(each) for each in value)}
    if value is None or isinstance(value, str):
        return written
    return written | {"ParameterValue": as_embedded_text(value)}
