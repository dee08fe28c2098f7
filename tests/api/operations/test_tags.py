from __future__ import annotations

from tests.api.calling import Client
from tests.api.runbooks import PAUSE, text
from tests.api.serving import served


@served()
async def test_tags_are_added_replaced_listed_and_removed(client: Client) -> None:
    await client.call("CreateDocument", Name="Demo", DocumentType="Automation", Content=text(PAUSE))
    execution = (await client.call("StartAutomationExecution", DocumentName="Demo"))["AutomationExecutionId"]

    for kind, name in (("Document", "Demo"), ("Automation", execution)):
        resource = {"ResourceType": kind, "ResourceId": name}
        await client.call("AddTagsToResource", resource, Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}])
        await client.call("AddTagsToResource", resource, Tags=[{"Key": "b", "Value": "2"}])
        assert await client.call("ListTagsForResource", resource) == {
            "TagList": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]
        }
        await client.call("RemoveTagsFromResource", resource, TagKeys=["a", "never"])
        assert await client.call("ListTagsForResource", resource) == {"TagList": [{"Key": "b", "Value": "2"}]}


@served()
async def test_a_resource_has_at_most_fifty_tags(client: Client) -> None:
    await client.call("CreateDocument", Name="Demo", DocumentType="Automation", Content=text(PAUSE))
    resource = {"ResourceType": "Document", "ResourceId": "Demo"}
    await client.call("AddTagsToResource", resource, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])

    assert (await client.error("AddTagsToResource", resource, Tags=[{"Key": "x", "Value": ""}]))[
        0
    ] == "TooManyTagsError"
    many = [{"Key": f"x{n}", "Value": ""} for n in range(51)]
    assert (await client.error("AddTagsToResource", resource, Tags=many))[0] == "TooManyTagsError"
    assert len((await client.call("ListTagsForResource", resource))["TagList"]) == 50
    reserved = [{"Key": "aws:x", "Value": ""}]
    assert (await client.error("AddTagsToResource", resource, Tags=reserved))[0] == "ValidationException"


@served()
async def test_tags_of_an_execution_that_there_is_not_are_refused(client: Client) -> None:
    resource = {"ResourceType": "Automation", "ResourceId": "8a5f5be8-5d93-437a-adbb-394f70000000"}

    assert (await client.error("ListTagsForResource", resource))[0] == "InvalidResourceId"
    assert (await client.error("AddTagsToResource", resource, Tags=[]))[0] == "InvalidResourceId"
    assert (await client.error("RemoveTagsFromResource", resource, TagKeys=[]))[0] == "InvalidResourceId"
