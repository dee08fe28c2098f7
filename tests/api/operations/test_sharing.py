"""Documents that an account shares with another, or with everybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from runwright.messages import Json
from tests.api.calling import ACCOUNT, REGION, Client
from tests.api.operations.test_documents import create
from tests.api.runbooks import PAUSE, SLEEP, text
from tests.api.serving import Backend, Story, with_backend

OTHER = "444455556666"
ARN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/Demo"


def served(story: Story) -> Callable[[], None]:
    """Beside a backend that has no documents of its own: a name that is not ours is nobody's."""

    async def told(client: Client, _: Backend) -> None:
        await story(client)

    def test() -> None:
        with_backend({}, told)

    test.__name__, test.__module__ = story.__name__, story.__module__
    return test


def other(client: Client) -> Client:
    return dataclasses.replace(client, account=OTHER)


async def share(client: Client, *accounts: str, name: str = "Demo", **more: Json) -> None:
    members = {"Name": name, "PermissionType": "Share", "AccountIdsToAdd": list(accounts)} | more
    assert await client.call("ModifyDocumentPermission", members) == {}


async def shares(client: Client, **more: Json) -> Json:
    return await client.call("DescribeDocumentPermission", {"Name": "Demo", "PermissionType": "Share"} | more)


async def listed(client: Client, *owners: str) -> list[str]:
    filters = [{"Key": "Owner", "Values": list(owners)}, {"Key": "SearchKeyword", "Values": ["demo"]}]
    answer = await client.call("ListDocuments", Filters=filters)
    return [each["Name"] for each in answer["DocumentIdentifiers"]]


@served
async def test_permissions_are_shown_by_account_with_the_versions_shared(client: Client) -> None:
    await create(client)
    assert await shares(client) == {"AccountIds": [], "AccountSharingInfoList": []}
    await share(client, OTHER, "111111111111")
    await share(client, "aLL", SharedDocumentVersion="$ALL")
    answer = await shares(client)
    assert answer["AccountIds"] == ["111111111111", OTHER, "All"]
    assert answer["AccountSharingInfoList"][1:] == [
        {"AccountId": OTHER, "SharedDocumentVersion": "$DEFAULT"},
        {"AccountId": "All", "SharedDocumentVersion": "$ALL"},
    ]


@served
async def test_permissions_come_in_pages(client: Client) -> None:
    await create(client)
    await share(client, *(f"{number:012}" for number in range(5)))
    first = await shares(client, MaxResults=3)
    rest = await shares(client, MaxResults=3, NextToken=first["NextToken"])
    assert first["AccountIds"] + rest["AccountIds"] == [f"{number:012}" for number in range(5)]
    assert "NextToken" not in rest
    members = {"Name": "Demo", "PermissionType": "Share", "NextToken": "x"}
    assert (await client.error("DescribeDocumentPermission", members))[0] == "InvalidNextToken"


@served
async def test_an_account_in_both_lists_is_removed(client: Client) -> None:
    await create(client)
    await share(client, OTHER)
    await share(client, OTHER, "111111111111", AccountIdsToRemove=[OTHER])
    assert (await shares(client))["AccountIds"] == ["111111111111"]


@served
async def test_permissions_that_cannot_be_are_refused(client: Client) -> None:
    await create(client)
    members: dict[str, Json] = {"Name": "Demo", "PermissionType": "Share"}
    code, message = await client.error("ModifyDocumentPermission", members)
    assert (code, message[:50]) == ("ValidationException", "AccountIdsToAdd or AccountIdsToRemove is required:")
    for wrong in (
        {"AccountIdsToAdd": ["1"]},
        {"AccountIdsToAdd": [OTHER] * 21},
        {"AccountIdsToAdd": [OTHER], "SharedDocumentVersion": "1"},
        {"AccountIdsToAdd": [OTHER], "PermissionType": "Give"},
    ):
        assert (await client.error("ModifyDocumentPermission", members | wrong))[0] == "ValidationException"
    nobodys = members | {"Name": "Nobody", "AccountIdsToAdd": [OTHER]}
    assert (await client.error("ModifyDocumentPermission", nobodys))[0] == "InvalidDocument"
    assert (await client.error("DescribeDocumentPermission", members | {"Name": "Nobody"}))[0] == "InvalidDocument"


@served
async def test_at_most_a_thousand_accounts_and_five_public_documents(client: Client) -> None:
    await create(client)
    for first in range(0, 1000, 20):
        await share(client, *(f"{first + number:012}" for number in range(20)))
    members: dict[str, Json] = {"Name": "Demo", "PermissionType": "Share", "AccountIdsToAdd": [OTHER]}
    code, message = await client.error("ModifyDocumentPermission", members)
    assert code == "DocumentPermissionLimit"
    assert message == "Document Demo would be shared with 1001 accounts; at most 1000 are allowed."
    for number in range(6):
        await create(client, f"Public{number}")
        if number < 5:
            await share(client, "All", name=f"Public{number}")
    public = {"Name": "Public5", "PermissionType": "Share", "AccountIdsToAdd": ["All"]}
    code, message = await client.error("ModifyDocumentPermission", public)
    assert code == "DocumentPermissionLimit"
    assert "6 public documents" in message


@served
async def test_a_shared_document_is_read_by_its_arn(client: Client) -> None:
    await create(client)
    for operation in ("GetDocument", "DescribeDocument"):
        assert (await other(client).error(operation, Name=ARN))[0] == "InvalidDocument"
    await share(client, OTHER)
    read = await other(client).call("GetDocument", Name=ARN)
    assert read["Name"] == ARN
    assert read["Content"] == text(SLEEP)
    described = (await other(client).call("DescribeDocument", Name=ARN))["Document"]
    assert (described["Name"], described["Owner"]) == (ARN, ACCOUNT)
    assert (await other(client).error("GetDocument", Name="Demo"))[0] == "InvalidDocument"
    elsewhere = ARN.replace(REGION, "us-east-1")
    assert (await other(client).error("GetDocument", Name=elsewhere))[0] == "InvalidDocument"


@served
async def test_only_the_shared_version_can_be_used(client: Client) -> None:
    await create(client)
    await client.call("UpdateDocument", Name="Demo", Content=text(PAUSE), DocumentVersion="$LATEST")

    async def version(**asked: str) -> str:
        return str((await other(client).call("GetDocument", Name=ARN, **asked))["DocumentVersion"])

    await share(client, OTHER)
    assert await version() == "1"
    assert await version(DocumentVersion="$DEFAULT") == "1"
    for asked in ("2", "$LATEST"):
        code, _ = await other(client).error("GetDocument", Name=ARN, DocumentVersion=asked)
        assert code == "InvalidDocumentVersion"
    await share(client, OTHER, SharedDocumentVersion="$LATEST")
    assert await version() == "2"
    assert (await other(client).error("GetDocument", Name=ARN, DocumentVersion="1"))[0] == "InvalidDocumentVersion"
    await share(client, OTHER, SharedDocumentVersion="$ALL")
    assert [await version(), await version(DocumentVersion="2")] == ["1", "2"]


@served
async def test_a_shared_document_is_listed_by_who_may_use_it(client: Client) -> None:
    await create(client)
    await create(client, "Demo2")
    await share(client, OTHER)
    await share(client, "All", name="Demo2")
    await create(other(client), "OwnDemo")
    assert await listed(other(client), "Self") == ["OwnDemo"]
    assert await listed(other(client), "Private") == ["OwnDemo", ARN]
    assert await listed(other(client), "Public") == [ARN + "2"]
    assert await listed(other(client), "All") == ["OwnDemo", ARN, ARN + "2"]
    assert await listed(dataclasses.replace(client, account="777777777777"), "All") == [ARN + "2"]


@served
async def test_a_list_of_shared_documents_comes_in_pages(client: Client) -> None:
    for number in range(5):
        await create(client, f"Demo{number}")
        await share(client, OTHER, name=f"Demo{number}")
    await create(other(client), "OwnDemo")
    found: list[str] = []
    members: dict[str, Json] = {"Filters": [{"Key": "Owner", "Values": ["Private"]}], "MaxResults": 2}
    for _ in range(5):
        page = await other(client).call("ListDocuments", members)
        found += [each["Name"] for each in page["DocumentIdentifiers"]]
        if "NextToken" not in page:
            break
        members["NextToken"] = page["NextToken"]
    assert found == ["OwnDemo", *(f"{ARN}{number}" for number in range(5))]


@served
async def test_a_document_that_is_still_shared_cannot_be_deleted(client: Client) -> None:
    await create(client)
    await share(client, OTHER)
    code, message = await client.error("DeleteDocument", Name="Demo")
    assert code == "InvalidDocumentOperation"
    assert message.startswith("You must stop sharing the document before you can delete it")
    await client.call("ModifyDocumentPermission", Name="Demo", PermissionType="Share", AccountIdsToRemove=[OTHER])
    await client.call("DeleteDocument", Name="Demo")


@served
async def test_a_shared_runbook_is_started_by_its_arn(client: Client) -> None:
    await create(client)
    code, message = await other(client).error("StartAutomationExecution", DocumentName=ARN)
    assert (code, message) == ("AutomationDefinitionNotFoundException", f"Document with name {ARN} does not exist.")
    await share(client, OTHER)
    code, _ = await other(client).error("StartAutomationExecution", DocumentName=ARN, DocumentVersion="7")
    assert code == "AutomationDefinitionVersionNotFoundException"
    parameters = {"Note": ["x"]}
    started = await other(client).call("StartAutomationExecution", DocumentName=ARN, Parameters=parameters)
    execution = (await other(client).call("GetAutomationExecution", started))["AutomationExecution"]
    assert execution["DocumentName"] == ARN
    assert (await client.error("GetAutomationExecution", started))[0] == "AutomationExecutionNotFoundException"
