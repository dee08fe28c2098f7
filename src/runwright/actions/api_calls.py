"""Actions that call any AWS API: once, once and then compared, or again and again until it says what is wanted."""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn

from runwright.actions.phases import EXECUTING, POLLING, failure_text, refuse_input, within
from runwright.actions.registry import Context, Doing, EffectFailed, Interrupted, StepFailed, TimedOutOn, action
from runwright.actions.verdicts import matches_desired
from runwright.language.declarations import Declaration, Input
from runwright.language.fields import shown
from runwright.language.selectors import problem_of
from runwright.messages import CallAws, Effect, Json, Poll, Selection

POLL_SECONDS = 2.0
"""Undocumented; AWS's own simulation waits as long between polls everywhere [CDK]."""

_SERVICE = Input("Service", "String", "The AWS service, as boto3 names its client: ec2, rds.", required=True)
_API = Input("Api", "String", "The API: DescribeInstances, or describe_instances as boto3 spells it.", required=True)
_SELECTOR = Input("PropertySelector", "String", "JSONPath of the property in the reply.", required=True)
_DESIRED = Input(
    "DesiredValues", "StringList", "The values of which the property must have one.", required=True, minimum=1
)
_PROPERTY_INPUTS = (_SERVICE, _API, _SELECTOR, _DESIRED)


@action(
    Declaration(
        "aws:executeAwsApi",
        "Calls an AWS API and takes outputs out of its reply.",
        (_SERVICE, _API),
        is_open=True,
        timeout_seconds=25,
        timeout_cap=25,
    ),
    phase=EXECUTING,
    selects=True,
)
def execute_aws_api(context: Context) -> Doing:
    """[UG] One call of at most 25 seconds; the selectors see its one page."""
    outputs: dict[str, Json] = yield _call(context.inputs, context.step.outputs)
    return outputs


@action(
    Declaration(
        "aws:assertAwsResourceProperty",
        "Calls an AWS API and fails unless a property of the reply has one of the desired values.",
        _PROPERTY_INPUTS,
        is_open=True,
        timeout_seconds=25,
    ),
    phase=EXECUTING,
)
def assert_aws_resource_property(context: Context) -> Doing:
    """[UG] One call. The failure's text is ours (unsourced)."""
    selector, desired = _property_of(context.inputs)
    reply = yield _call(context.inputs, (Selection("value", selector),))
    value = reply.get("value")
    if not matches_desired(value, desired):
        reason = _mismatch(selector, value, desired)
        raise StepFailed(failure_text(EXECUTING, reason), stage="PostVerification", type="Verification")
    return {}


@action(
    Declaration(
        "aws:waitForAwsResourceProperty",
        "Calls an AWS API until a property of the reply has one of the desired values.",
        _PROPERTY_INPUTS,
        is_open=True,
    ),
    phase=POLLING,
)
def wait_for_aws_resource_property(context: Context) -> Doing:
    """[UG] Until the step times out; errors other than throttling, 5xx and connection errors fail it (inferred)."""
    selector, desired = _property_of(context.inputs)
    args = {"selector": selector, "desired": desired}
    try:
        yield from within(POLLING, Poll(_call(context.inputs), "aws.property", args, POLL_SECONDS))
    except Interrupted as interrupted:
        if interrupted.reason == "timeout":
            yield from _tell_what_it_is(_call(context.inputs, (Selection("value", selector),)), selector, desired)
        raise
    return {}


def _tell_what_it_is(call: CallAws, selector: str, desired: list[str]) -> Generator[Effect, Json, NoReturn]:
    """Ask once more, since what a poll was answered is not kept, and time out on that (ours)."""
    try:
        reply = yield call
    except EffectFailed as failed:
        raise TimedOutOn(failed.failure.message) from failed
    value = reply.get("value")
    if matches_desired(value, desired):
        raise TimedOutOn(f"The property {selector} is {shown(value)} now, which is too late")
    raise TimedOutOn(_mismatch(selector, value, desired))


def _mismatch(selector: str, value: Json, desired: list[str]) -> str:
    return f"The property {selector} is {shown(value)}, which is none of the desired values {', '.join(desired)}"


def _call(inputs: dict[str, Json], select: tuple[Selection, ...] = ()) -> CallAws:
    ours = {one.name for one in _PROPERTY_INPUTS} if "PropertySelector" in inputs else {"Service", "Api"}
    arguments = {name: value for name, value in inputs.items() if name not in ours}
    return CallAws(inputs["Service"], inputs["Api"], arguments, select)


def _property_of(inputs: dict[str, Json]) -> tuple[str, list[str]]:
    selector = inputs["PropertySelector"]
    problem = problem_of(selector)
    if problem:
        refuse_input(f"PropertySelector cannot be used: {problem}")
    return selector, inputs["DesiredValues"]
