"""Actions on machine images: create, copy and delete them."""

from __future__ import annotations

from runwright.actions.api_calls import POLL_SECONDS
from runwright.actions.phases import EXECUTING, POLLING, failure_text, within
from runwright.actions.registry import Context, Doing, EffectFailed, StepFailed, action
from runwright.language.declarations import Declaration, Input
from runwright.messages import CallAws, Json, Poll, Selection, SleepUntil

_IMAGE_OUTPUTS = {"ImageId": "String", "ImageState": "String"}
_IMAGE_ID = Selection("ImageId", "$.ImageId", "String")
_IN_USE_SECONDS = 2.0
"""A snapshot stays in use for a moment after its image is deregistered [CDK]."""


@action(
    Declaration(
        "aws:copyImage",
        "Copies an image from a region into the current one and waits until it is available.",
        (
            Input("SourceRegion", "String", "The region of the image.", required=True),
            Input("SourceImageId", "String", "The image.", required=True),
            Input("ImageName", "String", "The name of the copy.", required=True),
            Input("ImageDescription", "String", "A description of the copy."),
            Input("Encrypted", "Boolean", "Encrypt the snapshots of the copy."),
            Input("KmsKeyId", "String", "The key to encrypt with."),
            Input("ClientToken", "String", "An idempotency token; by default one of the execution's own."),
        ),
        outputs=_IMAGE_OUTPUTS,
    ),
    phase=POLLING,
    payload=True,
)
def copy_image(context: Context) -> Doing:
    """[UG] Inputs and outputs."""
    inputs = context.inputs
    parameters = {
        "SourceRegion": inputs["SourceRegion"],
        "SourceImageId": inputs["SourceImageId"],
        "Name": inputs["ImageName"],
        "ClientToken": inputs.get("ClientToken") or context.token(),
    } | _renamed(inputs, {"ImageDescription": "Description", "Encrypted": "Encrypted", "KmsKeyId": "KmsKeyId"})
    return (yield from _available(CallAws("ec2", "CopyImage", parameters, (_IMAGE_ID,))))


@action(
    Declaration(
        "aws:createImage",
        "Creates an image of an instance and waits until it is available.",
        (
            Input("InstanceId", "String", "The instance.", required=True),
            Input("ImageName", "String", "The name of the image.", required=True),
            Input("ImageDescription", "String", "A description of the image."),
            Input("NoReboot", "Boolean", "Do not restart the instance."),
            Input("BlockDeviceMappings", "MapList", "Block device mappings, as CreateImage takes them."),
        ),
        outputs=_IMAGE_OUTPUTS,
    ),
    phase=POLLING,
    payload=True,
)
def create_image(context: Context) -> Doing:
    """[UG] Inputs, [OBS] outputs. CreateImage has no idempotency token."""
    inputs = context.inputs
    names = {"ImageDescription": "Description", "NoReboot": "NoReboot", "BlockDeviceMappings": "BlockDeviceMappings"}
    parameters = {"InstanceId": inputs["InstanceId"], "Name": inputs["ImageName"]} | _renamed(inputs, names)
    return (yield from _available(CallAws("ec2", "CreateImage", parameters, (_IMAGE_ID,))))


@action(
    Declaration(
        "aws:deleteImage",
        "Deregisters an image and deletes its snapshots.",
        (Input("ImageId", "String", "The image.", required=True),),
        outputs={},
    ),
    phase=EXECUTING,
)
def delete_image(context: Context) -> Doing:
    """[CDK] The order of calls, and one more try for a snapshot that is still in use."""
    image_id = context.inputs["ImageId"]
    found = yield CallAws(
        "ec2",
        "DescribeImages",
        {"ImageIds": [image_id]},
        (
            Selection("ImageIds", "$.Images[*].ImageId", "StringList"),
            Selection("SnapshotIds", "$.Images[*].BlockDeviceMappings[*].Ebs.SnapshotId", "StringList"),
        ),
    )
    if not found.get("ImageIds"):
        raise StepFailed(failure_text(EXECUTING, f"There is no image {image_id}"))
    yield CallAws("ec2", "DeregisterImage", {"ImageId": image_id})
    for snapshot_id in dict.fromkeys(found.get("SnapshotIds", ())):
        delete = CallAws("ec2", "DeleteSnapshot", {"SnapshotId": snapshot_id})
        try:
            yield delete
        except EffectFailed as failed:
            if failed.failure.code != "InvalidSnapshot.InUse":
                raise
            yield SleepUntil(context.now + _IN_USE_SECONDS)
            yield delete
    return {}


def _available(create: CallAws) -> Doing:
    created = yield from within(EXECUTING, create)
    image_id = created["ImageId"]
    describe = CallAws("ec2", "DescribeImages", {"ImageIds": [image_id]})
    try:
        poll = Poll(describe, "ec2.image_available", {}, POLL_SECONDS, ("InvalidAMIID.NotFound",))
        state = yield from within(POLLING, poll)
    except StepFailed as failed:
        failed.outputs = {"ImageId": image_id}
        raise
    return {"ImageId": image_id, "ImageState": state}


def _renamed(inputs: dict[str, Json], names: dict[str, str]) -> dict[str, Json]:
    return {api_name: inputs[name] for name, api_name in names.items() if name in inputs}
