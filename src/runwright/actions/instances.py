"""Actions on EC2 instances: change their state, run new ones."""

from __future__ import annotations

from runwright.actions.api_calls import POLL_SECONDS
from runwright.actions.phases import EXECUTING, POLLING, within
from runwright.actions.registry import Context, Doing, EffectFailed, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.messages import CallAws, Json, Poll, Selection

_READY = "verifying launched instance(s) are ready to be used"


@action(
    Declaration(
        "aws:changeInstanceState",
        "Starts, stops or terminates instances, or only waits for them.",
        (
            Input("InstanceIds", "StringList", "The instances.", required=True, minimum=1),
            Input(
                "DesiredState",
                "String",
                "The state that all of them shall have.",
                required=True,
                allowed=("running", "stopped", "terminated"),
            ),
            Input("CheckStateOnly", "Boolean", "Change nothing, only wait for the state."),
            Input("Force", "Boolean", "Stop without flushing caches; for stopped only."),
            Input("AdditionalInfo", "String", "Reserved."),
            Input("FailOnUnexpectedStopped", "Boolean", "Fail when an instance stops while it should run."),
        ),
        outputs={"InstanceStates": "StringList"},
    ),
    phase=POLLING,
)
def change_instance_state(context: Context) -> Doing:
    """[UG] `running` waits for both status checks too. One state is given for all instances [OBS, one instance]."""
    inputs, state = context.inputs, context.inputs["DesiredState"]
    if not inputs.get("CheckStateOnly"):
        yield from within(EXECUTING, _change(inputs, state))
    ids = inputs["InstanceIds"]
    if state == "running":
        poll = ready(ids, fail_on_stopped=bool(inputs.get("FailOnUnexpectedStopped")))
    else:
        describe = CallAws("ec2", "DescribeInstances", {"InstanceIds": ids})
        poll = Poll(describe, "ec2.instances_in_state", {"instance_ids": ids, "state": state}, POLL_SECONDS)
    yield from within(POLLING, poll)
    return {"InstanceStates": [state]}


def _change(inputs: dict[str, Json], state: str) -> CallAws:
    parameters: dict[str, Json] = {"InstanceIds": inputs["InstanceIds"]}
    match state:
        case "running":
            if "AdditionalInfo" in inputs:
                parameters["AdditionalInfo"] = inputs["AdditionalInfo"]
            return CallAws("ec2", "StartInstances", parameters)
        case "stopped":
            if inputs.get("Force"):
                parameters["Force"] = True
            return CallAws("ec2", "StopInstances", parameters)
        case _:
            return CallAws("ec2", "TerminateInstances", parameters)


def ready(instance_ids: list[str], *, fail_on_stopped: bool, tolerate: tuple[str, ...] = ()) -> Poll:
    """Wait until the instances run and both status checks of each have passed. Reply: a state each."""
    describe = CallAws("ec2", "DescribeInstanceStatus", {"InstanceIds": instance_ids, "IncludeAllInstances": True})
    args = {"instance_ids": instance_ids, "fail_on_stopped": fail_on_stopped}
    return Poll(describe, "ec2.instances_running", args, POLL_SECONDS, tolerate)


_SAME_NAMES = (
    "ImageId",
    "KeyName",
    "SubnetId",
    "SecurityGroupIds",
    "SecurityGroups",
    "UserData",
    "BlockDeviceMappings",
    "NetworkInterfaces",
    "Placement",
    "TagSpecifications",
    "MetadataOptions",
    "EbsOptimized",
    "DisableApiTermination",
    "InstanceInitiatedShutdownBehavior",
    "KernelId",
    "RamdiskId",
    "PrivateIpAddress",
    "AdditionalInfo",
)
"""Inputs that RunInstances takes under the same name."""


@action(
    Declaration(
        "aws:runInstances",
        "Launches instances and waits until they can be used.",
        (
            Input("ImageId", "String", "The image to launch from.", required=True),
            Input("InstanceType", "String", "The instance type, by default m1.small."),
            Input("MinInstanceCount", "Integer", "By default 1.", minimum=1, takes_text=True),
            Input("MaxInstanceCount", "Integer", "By default 1.", minimum=1, takes_text=True),
            Input("IamInstanceProfileArn", "String", "The ARN of the instance profile; or its name."),
            Input("IamInstanceProfileName", "String", "The name of the instance profile; or its ARN."),
            Input("KeyName", "String", "The key pair."),
            Input("SubnetId", "String", "The subnet."),
            Input("SecurityGroupIds", "StringList", "Security groups by id."),
            Input("SecurityGroups", "StringList", "Security groups by name, outside a VPC."),
            Input("UserData", "String", "User data, Base64-encoded."),
            Input("BlockDeviceMappings", "MapList", "Block device mappings, as RunInstances takes them."),
            Input("NetworkInterfaces", "MapList", "Network interfaces, as RunInstances takes them."),
            Input("Placement", "StringMap", "The placement, as RunInstances takes it."),
            Input("TagSpecifications", "MapList", "Tags for what is created, as RunInstances takes them."),
            Input("MetadataOptions", "StringMap", "Metadata options, as RunInstances takes them."),
            Input("Monitoring", "Boolean", "Detailed monitoring."),
            Input("EbsOptimized", "Boolean", "Optimized for EBS."),
            Input("DisableApiTermination", "Boolean", "Termination protection."),
            Input(
                "InstanceInitiatedShutdownBehavior",
                "String",
                "What a shutdown from within does.",
                allowed=("stop", "terminate"),
            ),
            Input("KernelId", "String", "The kernel."),
            Input("RamdiskId", "String", "The RAM disk."),
            Input("PrivateIpAddress", "String", "The primary IPv4 address."),
            Input("ClientToken", "String", "An idempotency token; by default one of the execution's own."),
            Input("AdditionalInfo", "String", "Reserved."),
        ),
        outputs={"InstanceIds": "StringList", "InstanceStates": "StringList"},
    ),
    phase=_READY,
)
def run_instances(context: Context) -> Doing:
    """[UG] Texts of both failures; the poll waits as for the state `running`."""
    call = CallAws(
        "ec2",
        "RunInstances",
        _launch(context),
        (Selection("InstanceIds", "$.Instances[*].InstanceId", "StringList"),),
    )
    try:
        launched = yield call
    except EffectFailed as failed:
        raise StepFailed(
            "Automation Step Execution fails when it's launching the instance(s). Get Exception from RunInstances API "
            f"of ec2 Service. Exception Message from RunInstances API: [{failed.failure.message}]",
            type=failed.failure.type,
        ) from failed
    ids = launched["InstanceIds"]
    try:
        states = yield ready(ids, fail_on_stopped=False, tolerate=("InvalidInstanceID.NotFound",))
    except EffectFailed as failed:
        raise StepFailed(
            f"Step fails when it's {_READY}. {failed.failure.message}",
            stage="PostVerification",
            type="Verification",
            outputs={"InstanceIds": ids},
        ) from failed
    return {"InstanceIds": ids, "InstanceStates": states}


def _launch(context: Context) -> dict[str, Json]:
    inputs = context.inputs
    parameters = {name: inputs[name] for name in _SAME_NAMES if name in inputs}
    parameters["InstanceType"] = inputs.get("InstanceType", "m1.small")
    parameters["MinCount"] = inputs.get("MinInstanceCount", 1)
    parameters["MaxCount"] = inputs.get("MaxInstanceCount", parameters["MinCount"])
    parameters["ClientToken"] = inputs.get("ClientToken") or context.token()
    if "IamInstanceProfileArn" in inputs:
        parameters["IamInstanceProfile"] = {"Arn": inputs["IamInstanceProfileArn"]}
    elif "IamInstanceProfileName" in inputs:
        parameters["IamInstanceProfile"] = {"Name": inputs["IamInstanceProfileName"]}
    if "Monitoring" in inputs:
        parameters["Monitoring"] = {"Enabled": inputs["Monitoring"]}
    return parameters
