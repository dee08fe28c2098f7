"""Actions that hand the work to something else that runs: a Lambda function, a state machine, a webhook."""

from __future__ import annotations

from runwright.actions.api_calls import POLL_SECONDS
from runwright.actions.phases import EXECUTING, POLLING, failure_text, within
from runwright.actions.registry import Context, Doing, Interrupted, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.language.json_values import json_value
from runwright.language.selectors import WrongType, take
from runwright.language.templates import as_embedded_text
from runwright.messages import CallAws, CallWebhook, Json, Poll, Selection

_LAMBDA_SECONDS = 300.0


@action(
    Declaration(
        "aws:invokeLambdaFunction",
        "Invokes a Lambda function.",
        (
            Input("FunctionName", "String", "The function, by name or ARN.", required=True),
            Input("Qualifier", "String", "A version or an alias."),
            Input(
                "InvocationType",
                "String",
                "By default RequestResponse.",
                allowed=("RequestResponse", "Event", "DryRun"),
            ),
            Input("LogType", "String", "By default Tail; only with RequestResponse.", allowed=("Tail", "None")),
            Input("ClientContext", "String", "Client-specific information, Base64-encoded."),
            Input("InputPayload", "StringMap", "The function's input; wins over Payload."),
            Input("Payload", "String", "The function's input as JSON."),
        ),
        outputs={"StatusCode": "Integer", "FunctionError": "String", "LogResult": "String", "Payload": "String"},
        timeout_seconds=_LAMBDA_SECONDS,
        timeout_cap=_LAMBDA_SECONDS,
    ),
    phase=EXECUTING,
    selects=True,
)
def invoke_lambda_function(context: Context) -> Doing:
    """[UG] At most 300 seconds. An error of the function fails the step (inferred). An invocation cannot be stopped."""
    inputs = context.inputs
    reply = yield CallAws(
        "lambda",
        "Invoke",
        _invocation(inputs),
        tuple(Selection(name, f"$.{name}") for name in ("StatusCode", "FunctionError", "LogResult", "Payload")),
        _LAMBDA_SECONDS,
    )
    text = reply.get("Payload", "")
    payload = _parsed(text)
    outputs = dict(reply)
    if text:
        # [CDK] A JSON text is given without its quotes.
        outputs["Payload"] = payload if isinstance(payload, str) else text
    if reply.get("FunctionError"):
        reason = f"The function {inputs['FunctionName']} failed ({reply['FunctionError']}): {text}"
        raise StepFailed(failure_text(EXECUTING, reason), outputs=outputs)
    try:
        return outputs | _selected(context.step.outputs, outputs, payload)
    except WrongType as wrong:
        raise StepFailed(failure_text(EXECUTING, str(wrong)), stage="PostVerification", type="Verification") from wrong


def _invocation(inputs: dict[str, Json]) -> dict[str, Json]:
    kind = inputs.get("InvocationType", "RequestResponse")
    request = {"FunctionName": inputs["FunctionName"], "InvocationType": kind}
    if kind == "RequestResponse":
        request["LogType"] = inputs.get("LogType", "Tail")
    elif "LogType" in inputs:
        request["LogType"] = inputs["LogType"]
    if "InputPayload" in inputs:
        request["Payload"] = as_embedded_text(inputs["InputPayload"])
    elif "Payload" in inputs:
        request["Payload"] = inputs["Payload"]
    return request | {name: inputs[name] for name in ("Qualifier", "ClientContext") if name in inputs}


def _parsed(text: str) -> Json:
    try:
        return json_value(text) if text else None
    except ValueError:  # a function may answer with anything
        return text


def _selected(selections: tuple[Selection, ...], outputs: dict[str, Json], payload: Json) -> dict[str, Json]:
    """The declared outputs: from the function's answer as `$.Payload.x`, or directly as `$.x`.

    The documentation shows both (ambiguous, both are taken). `$.Payload` as a String is the answer's text.
    """
    taken: dict[str, Json] = {}
    for each in selections:
        for document in (outputs | {"Payload": payload}, payload):
            try:
                found = take((each,), document)
            except WrongType:
                found = take((each,), outputs)
            if found:
                taken |= found
                break
    return taken


_EXECUTION_OUTPUTS = {
    "executionArn": "String",
    "input": "String",
    "name": "String",
    "output": "String",
    "startDate": "String",
    "stateMachineArn": "String",
    "status": "String",
    "stopDate": "String",
}


@action(
    Declaration(
        "aws:executeStateMachine",
        "Runs a Step Functions state machine and waits for its end.",
        (
            Input("stateMachineArn", "String", "The state machine.", required=True),
            Input("name", "String", "The execution's name; by default one of this execution's own."),
            Input("input", "String", "The execution's input as JSON."),
        ),
        outputs=_EXECUTION_OUTPUTS,
    ),
    phase=POLLING,
)
def execute_state_machine(context: Context) -> Doing:
    """[UG] Fails unless the state machine succeeds; a cancelled or timed-out step stops it."""
    inputs = context.inputs
    request = {"stateMachineArn": inputs["stateMachineArn"], "name": inputs.get("name") or context.token()}
    if "input" in inputs:
        request["input"] = inputs["input"]
    arn = Selection("executionArn", "$.executionArn", "String")
    started = yield from within(EXECUTING, CallAws("stepfunctions", "StartExecution", request, (arn,)))
    execution = {"executionArn": started["executionArn"]}
    describe = CallAws("stepfunctions", "DescribeExecution", execution)
    members = {"members": list(_EXECUTION_OUTPUTS)}
    try:
        ended: dict[str, Json] = yield from within(
            POLLING, Poll(describe, "states.execution_succeeded", members, POLL_SECONDS)
        )
    except Interrupted as stop:
        cause = f"The step was ended by {stop.reason}."
        yield CallAws("stepfunctions", "StopExecution", execution | {"cause": cause})
        raise
    except StepFailed as failed:
        failed.outputs = dict(execution)
        raise
    return ended


@action(
    Declaration(
        "aws:invokeWebhook",
        "Calls a webhook integration that is stored in Parameter Store.",
        (
            Input("IntegrationName", "String", "The name of the integration.", required=True),
            Input("Body", "String", "The body to send instead of the integration's payload."),
        ),
        outputs={"Response": "String", "ResponseCode": "Integer"},
    ),
    phase=EXECUTING,
)
def invoke_webhook(context: Context) -> Doing:
    """[UG] The integration's address and headers are read where the request is sent, never here."""
    outputs: dict[str, Json] = yield CallWebhook(context.inputs["IntegrationName"], context.inputs.get("Body"))
    return outputs
