"""aws:createTags: tags for EC2 resources and for three kinds of Systems Manager resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runwright.actions.phases import EXECUTING
from runwright.actions.registry import Context, Doing, action
from runwright.language.declarations import Declaration, Input
from runwright.language.templates import as_embedded_text
from runwright.messages import CallAws, Json


def _one_id_outside_ec2(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    ids = inputs.get("ResourceIds")
    if inputs.get("ResourceType", "EC2") != "EC2" and isinstance(ids, list) and len(ids) != 1:
        yield "ResourceIds", f"a {inputs['ResourceType']} is tagged alone: give exactly one id"


@action(
    Declaration(
        "aws:createTags",
        "Adds tags to resources.",
        (
            Input("ResourceIds", "StringList", "The resources; exactly one unless they are EC2's.", required=True),
            Input("Tags", "MapList", "Maps with Key and Value.", required=True),
            Input(
                "ResourceType",
                "String",
                "The kind of the resources, by default EC2.",
                allowed=("EC2", "ManagedInstance", "MaintenanceWindow", "Parameter"),
            ),
        ),
        outputs={},
        rule=_one_id_outside_ec2,
    ),
    phase=EXECUTING,
)
def create_tags(context: Context) -> Doing:
    """[UG] EC2's own call for EC2 resources, AddTagsToResource for the others. Both answer when the tags are there."""
    inputs, kind = context.inputs, context.inputs.get("ResourceType", "EC2")
    tags = [{key: as_embedded_text(value) for key, value in tag.items()} for tag in inputs["Tags"]]
    if kind == "EC2":
        yield CallAws("ec2", "CreateTags", {"Resources": inputs["ResourceIds"], "Tags": tags})
    else:
        parameters = {"ResourceType": kind, "ResourceId": inputs["ResourceIds"][0], "Tags": tags}
        yield CallAws("ssm", "AddTagsToResource", parameters)
    return {}
