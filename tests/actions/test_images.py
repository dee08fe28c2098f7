from __future__ import annotations

import pytest

from runwright.actions.registry import EffectFailed
from runwright.actions.verdicts import VERDICTS, Done, Failed, Judgement, Pending
from runwright.messages import CallAws, Json, SleepUntil
from tests.actions.conversation import NOW, Conversation


def test_an_image_is_created_and_waited_for() -> None:
    talk = Conversation("aws:createImage", {"InstanceId": "i-1", "ImageName": "golden", "NoReboot": True})
    assert talk.effect.parameters == {"InstanceId": "i-1", "Name": "golden", "NoReboot": True}
    talk.reply({"ImageId": "ami-1"})
    assert talk.effect.call == CallAws("ec2", "DescribeImages", {"ImageIds": ["ami-1"]})
    assert talk.reply("available").values == {"ImageId": "ami-1", "ImageState": "available"}


def test_an_image_that_fails_is_named_in_the_outputs() -> None:
    talk = Conversation("aws:createImage", {"InstanceId": "i-1", "ImageName": "golden"}).reply({"ImageId": "ami-1"})
    failed = talk.fail("Image ami-1 entered unexpected state: failed").failure
    assert failed.outputs == {"ImageId": "ami-1"}


def test_an_image_is_copied_with_a_token() -> None:
    talk = Conversation(
        "aws:copyImage",
        {"SourceRegion": "us-east-1", "SourceImageId": "ami-0", "ImageName": "copy", "ImageDescription": "d"},
    )
    parameters = talk.effect.parameters
    assert parameters.pop("ClientToken")
    assert parameters == {"SourceRegion": "us-east-1", "SourceImageId": "ami-0", "Name": "copy", "Description": "d"}


@pytest.mark.parametrize(
    ("images", "judgement"),
    [
        ([], Pending()),
        ([{"ImageId": "ami-1", "State": "pending"}], Pending()),
        ([{"ImageId": "ami-1", "State": "available"}], Done("available")),
        (
            [{"ImageId": "ami-1", "State": "failed", "StateReason": {"Message": "no space"}}],
            Failed("Image ami-1 entered unexpected state: failed (no space)"),
        ),
    ],
)
def test_an_image_becomes_available_or_fails(images: Json, judgement: Judgement) -> None:
    assert VERDICTS["ec2.image_available"]({"Images": images}, {}) == judgement


def test_deleting_an_image_deletes_its_snapshots() -> None:
    talk = Conversation("aws:deleteImage", {"ImageId": "ami-1"})
    talk.reply({"ImageIds": ["ami-1"], "SnapshotIds": ["snap-1", "snap-2", "snap-1"]})
    assert talk.effect == CallAws("ec2", "DeregisterImage", {"ImageId": "ami-1"})
    assert talk.reply({}).effect == CallAws("ec2", "DeleteSnapshot", {"SnapshotId": "snap-1"})
    assert talk.reply({}).effect == CallAws("ec2", "DeleteSnapshot", {"SnapshotId": "snap-2"})
    assert talk.reply({}).values == {}


def test_a_snapshot_still_in_use_is_tried_once_more() -> None:
    talk = Conversation("aws:deleteImage", {"ImageId": "ami-1"})
    talk.reply({"ImageIds": ["ami-1"], "SnapshotIds": ["snap-1"]}).reply({})
    delete = talk.effect
    assert talk.fail("in use", "InvalidSnapshot.InUse").effect == SleepUntil(NOW + 2)
    assert talk.reply().effect == delete
    assert isinstance(talk.fail("in use", "InvalidSnapshot.InUse").failed, EffectFailed)


def test_an_image_that_does_not_exist_cannot_be_deleted() -> None:
    assert "There is no image ami-1" in Conversation("aws:deleteImage", {"ImageId": "ami-1"}).reply({}).failure.message
