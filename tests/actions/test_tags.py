from __future__ import annotations

import pytest

from runwright.actions import DECLARATIONS
from runwright.language.inputs import fit
from runwright.messages import CallAws
from tests.actions.conversation import Conversation

TAGS = [{"Key": "Patched", "Value": True}]


def test_ec2_resources_are_tagged_together() -> None:
    talk = Conversation("aws:createTags", {"ResourceIds": ["i-1", "vol-1"], "Tags": TAGS})
    tags = [{"Key": "Patched", "Value": "true"}]
    assert talk.effect == CallAws("ec2", "CreateTags", {"Resources": ["i-1", "vol-1"], "Tags": tags})
    assert talk.reply({}).values == {}


def test_systems_manager_resources_are_tagged_alone() -> None:
    inputs = {"ResourceIds": ["/db"], "Tags": TAGS, "ResourceType": "Parameter"}
    assert Conversation("aws:createTags", inputs).effect == CallAws(
        "ssm",
        "AddTagsToResource",
        {"ResourceType": "Parameter", "ResourceId": "/db", "Tags": [{"Key": "Patched", "Value": "true"}]},
    )
    with pytest.raises(ValueError, match="exactly one id"):
        fit(DECLARATIONS["aws:createTags"], inputs | {"ResourceIds": ["/a", "/b"]})
