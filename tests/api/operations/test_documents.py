from __future__ import annotations

import hashlib
import json

import yaml

from tests.api.calling import ACCOUNT, REGION, Client
from tests.api.runbooks import PAUSE, SLEEP, SLEEP_YAML, text
from tests.api.serving import Backend, served, with_backend


async def create(client: Client, name: str = "Demo", content: str | None = None, **more: object) -> dict[str, object]:
    members = {"Name": name, "DocumentType": "Automation", "Content": content or text(SLEEP)} | more
    answer = await client.call("CreateDocument", members)
    description: dict[str, object] = answer["DocumentDescription"]
    return description


@served()
async def test_a_created_document_is_described_by_what_it_says(client: Client) -> None:
    content = text(SLEEP)
    made = await create(
        client, TargetType="/AWS::EC2::Instance", VersionName="first", Tags=[{"Key": "a", "Value": "b"}]
    )
    described = (await client.call("DescribeDocument", Name="Demo"))["Document"]

    assert made == described | {"Status": "Creating"}
    assert isinstance(described.pop("CreatedDate"), float)
    assert described == {
        "Hash": hashlib.sha256(content.encode()).hexdigest(),
        "HashType": "Sha256",
        "Name": "Demo",
        "VersionName": "first",
        "Owner": ACCOUNT,
        "Status": "Active",
        "DocumentVersion": "1",
        "Description": "Waits.",
        "Parameters": [
            {"Name": "Duration", "Type": "String", "Description": "How long.", "DefaultValue": "PT1S"},
            {"Name": "Names", "Type": "StringList", "DefaultValue": '["a","b"]'},
            {"Name": "Note", "Type": "String"},
        ],
        "PlatformTypes": ["Windows", "Linux", "MacOS"],
        "DocumentType": "Automation",
        "SchemaVersion": "0.3",
        "LatestVersion": "1",
        "DefaultVersion": "1",
        "DocumentFormat": "JSON",
        "TargetType": "/AWS::EC2::Instance",
        "Tags": [{"Key": "a", "Value": "b"}],
    }


@served()
async def test_a_document_is_had_in_the_other_format(client: Client) -> None:
    await create(client, content=SLEEP_YAML, DocumentFormat="YAML")
    await create(client, name="Other")

    as_yaml = await client.call("GetDocument", Name="Demo", DocumentFormat="YAML")
    as_json = await client.call("GetDocument", Name="Demo")
    other = await client.call("GetDocument", Name="Other", DocumentFormat="YAML")

    assert as_yaml["Content"] == SLEEP_YAML
    assert as_json["DocumentFormat"] == "JSON"
    assert json.loads(as_json["Content"])["parameters"]["Day"]["default"] == "2024-01-01"
    assert yaml.safe_load(other["Content"]) == SLEEP
    assert (await client.error("GetDocument", Name="Demo", DocumentFormat="TEXT"))[0] == "ValidationException"


@served()
async def test_a_document_is_found_by_its_arn(client: Client) -> None:
    await create(client)
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/Demo"

    assert (await client.call("DescribeDocument", Name=arn))["Document"]["Name"] == "Demo"


@served()
async def test_versions_are_made_named_and_made_the_default(client: Client) -> None:
    await create(client)
    made = await client.call(
        "UpdateDocument", Name="Demo", Content=text(PAUSE), DocumentVersion="$LATEST", VersionName="b"
    )
    assert made["DocumentDescription"]["Status"] == "Updating"
    assert (made["DocumentDescription"]["DocumentVersion"], made["DocumentDescription"]["DefaultVersion"]) == ("2", "1")

    moved = await client.call("UpdateDocumentDefaultVersion", Name="Demo", DocumentVersion="2")
    assert moved == {"Description": {"Name": "Demo", "DefaultVersion": "2", "DefaultVersionName": "b"}}

    listed = await client.call("ListDocumentVersions", Name="Demo")
    assert [(each["DocumentVersion"], each["IsDefaultVersion"]) for each in listed["DocumentVersions"]] == [
        ("2", True),
        ("1", False),
    ]
    assert "NextToken" not in listed


@served()
async def test_versions_come_in_pages(client: Client) -> None:
    await create(client)
    await client.call("UpdateDocument", Name="Demo", Content=text(PAUSE))

    first = await client.call("ListDocumentVersions", Name="Demo", MaxResults=1)
    second = await client.call("ListDocumentVersions", Name="Demo", MaxResults=1, NextToken=first["NextToken"])

    assert [page["DocumentVersions"][0]["DocumentVersion"] for page in (first, second)] == ["2", "1"]
    assert "NextToken" not in second


def test_a_deleted_document_is_no_more() -> None:
    async def story(client: Client, backend: Backend) -> None:
        await create(client)
        assert await client.call("DeleteDocument", Name="Demo") == {}
        assert (await client.error("GetDocument", Name="Demo"))[0] == "InvalidDocument"
        assert (await client.error("DeleteDocument", Name="Demo"))[0] == "InvalidDocument"

    with_backend({}, story)


@served()
async def test_every_problem_of_a_content_is_listed_with_its_place(client: Client) -> None:
    content = json.dumps(
        {
            "schemaVersion": "0.3",
            "mainSteps": [
                {"name": "a", "action": "aws:nothing", "inputs": {}},
                {"name": "b", "action": "aws:sleep", "inputs": {"Duration": "{{ Nowhere }}"}, "nextStep": "c"},
            ],
        },
        indent=1,
    )
    code, message = await client.error("CreateDocument", Name="Demo", DocumentType="Automation", Content=content)

    assert code == "InvalidDocumentContent"
    lines = message.split("\n")
    assert len(lines) >= 3
    assert all(" at Line: " in line and ", Column: " in line for line in lines)
    assert any("aws:nothing" in line for line in lines)
    assert any("Nowhere" in line for line in lines)


@served()
async def test_a_content_that_is_no_json_is_refused_with_its_place(client: Client) -> None:
    members = {"Name": "Demo", "DocumentType": "Automation", "Content": '{"schemaVersion": "0.3",\n}'}
    code, message = await client.error("CreateDocument", members)

    assert code == "InvalidDocumentContent"
    assert message.startswith("JSON not well-formed.")
    assert "at Line: 2, Column: 1" in message


@served()
async def test_what_cannot_be_a_runbook_of_ours_is_refused_by_name(client: Client) -> None:
    ours = {"Name": "Demo", "DocumentType": "Automation", "Content": text(SLEEP)}
    refusals = [
        (ours | {"Name": "AWS-Demo"}, "ValidationException"),
        (ours | {"Name": "no"}, "ValidationException"),
        (ours | {"Content": text(SLEEP, schemaVersion="2.2")}, "InvalidDocumentSchemaVersion"),
        (ours | {"Content": text(SLEEP, description="x" * 70_000)}, "MaxDocumentSizeExceeded"),
        (ours | {"DocumentFormat": "TEXT"}, "InvalidDocumentContent"),
        (ours | {"Tags": [{"Key": "aws:a", "Value": "b"}]}, "ValidationException"),
        (ours | {"Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]}, "ValidationException"),
    ]
    for members, code in refusals:
        assert (await client.error("CreateDocument", members))[0] == code, members
    await create(client)
    assert (await client.error("CreateDocument", ours))[0] == "DocumentAlreadyExists"
    assert (await client.error("UpdateDocument", Name="Demo", Content=text(SLEEP)))[0] == "DuplicateDocumentContent"
    assert (await client.error("UpdateDocument", Name="Demo", Content="{}"))[0] == "InvalidDocumentContent"


TEMPLATE: dict[str, object] = {
    "schemaVersion": "0.3",
    "templateInformation": "### What is it for?",
    "executableRunBooks": [{"name": "AWS-StopEC2Instance", "version": "$DEFAULT"}],
    "emergencyChange": False,
    "autoApprovable": "false",
    "mainSteps": [
        {
            "name": "First",
            "action": "aws:approve",
            "inputs": {"EnhancedApprovals": {"Approvers": [{"approver": "ann", "type": "IamUser"}]}},
        }
    ],
}


@served()
async def test_a_change_template_is_kept_and_listed_and_not_started(client: Client) -> None:
    template = {"Name": "Change", "DocumentType": "Automation.ChangeTemplate", "Content": json.dumps(TEMPLATE)}
    made = (await client.call("CreateDocument", template))["DocumentDescription"]
    assert (made["DocumentType"], made["SchemaVersion"]) == ("Automation.ChangeTemplate", "0.3")
    other = json.dumps(TEMPLATE | {"emergencyChange": True})
    updated = await client.call("UpdateDocument", Name="Change", DocumentVersion="$LATEST", Content=other)
    assert updated["DocumentDescription"]["LatestVersion"] == "2"
    assert json.loads((await client.call("GetDocument", Name="Change"))["Content"]) == TEMPLATE
    assert (await client.call("DescribeDocument", Name="Change"))["Document"]["Status"] == "Active"
    wanted = [{"Key": "DocumentType", "Values": ["Automation.ChangeTemplate"]}]
    listed = (await client.call("ListDocuments", Filters=wanted))["DocumentIdentifiers"]
    assert [each["Name"] for each in listed] == ["Change"]
    code, message = await client.error("StartAutomationExecution", DocumentName="Change")
    assert code == "AutomationDefinitionNotFoundException"
    assert "only Automation documents can be started" in message
    request = {"DocumentName": "Change", "Runbooks": [{"DocumentName": "AWS-StopEC2Instance"}]}
    code, message = await client.error("StartChangeRequestExecution", request)
    assert code == "NoLongerSupportedException"
    assert "AWS has closed Change Manager to new customers" in message


@served()
async def test_a_change_template_is_checked(client: Client) -> None:
    wrong: list[tuple[dict[str, object], str]] = [
        ({"emergencyChange": "perhaps"}, "emergencyChange has to be true or false"),
        ({"executableRunBooks": "AWS-StopEC2Instance"}, "executableRunBooks has to be a list"),
        ({"executableRunBooks": [{"version": "1"}]}, "a map with name and version"),
        ({"executableRunBooks": [{"name": "A", "of": "1"}]}, 'no property "of"'),
        ({"templateInformation": ["x"]}, "templateInformation has to be a text"),
    ]
    for member, told in wrong:
        content = json.dumps(TEMPLATE | member)
        code, message = await client.error(
            "CreateDocument", Name="Change", DocumentType="Automation.ChangeTemplate", Content=content
        )
        assert code == "InvalidDocumentContent"
        assert told in message


@served()
async def test_a_runbook_without_a_type_is_told_that_it_needs_one(client: Client) -> None:
    for content in (text(SLEEP), SLEEP_YAML):
        assert await client.error("CreateDocument", Name="Demo", Content=content) == (
            "InvalidDocumentSchemaVersion",
            "Document type is required for schema version 0.3",
        )


@served()
async def test_multi_byte_characters_count_in_bytes(client: Client) -> None:
    content = text(SLEEP, description="").replace('"description": ""', f'"description": "{"é" * 33_000}"')
    members = {"Name": "Demo", "DocumentType": "Automation", "Content": content}

    assert (await client.error("CreateDocument", members))[0] == "MaxDocumentSizeExceeded"


OWN = {"Filters": [{"Key": "Owner", "Values": ["Self"]}]}
"""Leaves out the documents that come with the program."""


@served()
async def test_documents_are_listed_as_filters_allow(client: Client) -> None:
    await create(client, "Alpha", Tags=[{"Key": "team", "Value": "a"}])
    await create(client, "Beta", TargetType="/AWS::EC2::Instance")

    async def names(*filters: tuple[str, list[str]], **more: object) -> list[str]:
        members = {"Filters": [{"Key": key, "Values": values} for key, values in filters]} | more
        return [each["Name"] for each in (await client.call("ListDocuments", members))["DocumentIdentifiers"]]

    everything = await names()
    assert (everything[-2:], "AWS-StopEC2Instance" in everything) == (["Alpha", "Beta"], True)
    assert await names(("Owner", ["Self"])) == ["Alpha", "Beta"]
    assert await names(("Owner", ["Self"]), ("tag:team", ["a"])) == ["Alpha"]
    assert await names(("Owner", ["Amazon"])) == everything[:-2]
    assert await names(("Owner", ["ThirdParty"])) == []
    assert await names(("Name", ["Bet", "AWS-StopEC2Instance"]), ("DocumentType", ["Automation"])) == [
        "AWS-StopEC2Instance", "AWS-StopEC2InstanceWithApproval", "Beta"
    ]  # fmt: skip
    assert await names(("DocumentType", ["Command"])) == []
    assert await names(("TargetType", ["/AWS::EC2::Instance"])) == ["Beta"]
    assert await names(DocumentFilterList=[{"key": "Name", "value": "Al"}]) == ["Alpha"]
    assert (await client.error("ListDocuments", Filters=[{"Key": "Color", "Values": ["x"]}]))[0] == "InvalidFilterKey"
    assert await client.error("ListDocuments", Filters=[{"Key": "Name", "Values": ["x"] * 201}]) == (
        "ValidationException",
        "The filter 'Name' has 201 values; it takes at most 200.",
    )


def test_a_list_shows_ours_and_then_the_backends_page_by_page() -> None:
    theirs = {"DocumentIdentifiers": [{"Name": "AWS-Theirs"}]}

    async def story(client: Client, backend: Backend) -> None:
        for name in ("A-one", "A-two"):
            await create(client, name)
        names, token, pages = [], None, 0
        while pages == 0 or token:
            page = await client.call("ListDocuments", OWN, MaxResults=1, **({"NextToken": token} if token else {}))
            names += [each["Name"] for each in page["DocumentIdentifiers"]]
            token, pages = page.get("NextToken"), pages + 1
        assert names == ["A-one", "A-two", "AWS-Theirs"]
        whole = await client.call("ListDocuments", OWN)
        assert [each["Name"] for each in whole["DocumentIdentifiers"]] == names
        assert backend.bodies()[-1] == OWN | {"MaxResults": 48}

    with_backend({"ListDocuments": theirs}, story)


def test_the_backends_token_leads_to_its_next_page() -> None:
    theirs = {"DocumentIdentifiers": [{"Name": "AWS-Theirs"}], "NextToken": "their-token"}

    async def story(client: Client, backend: Backend) -> None:
        first = await client.call("ListDocuments", OWN, MaxResults=5)
        await client.call("ListDocuments", OWN, MaxResults=5, NextToken=first["NextToken"])
        assert backend.bodies() == [OWN | {"MaxResults": 5}, OWN | {"MaxResults": 5, "NextToken": "their-token"}]

    with_backend({"ListDocuments": theirs}, story)


def test_ours_are_listed_when_the_backend_has_no_list() -> None:
    async def story(client: Client, backend: Backend) -> None:
        await create(client)
        assert [each["Name"] for each in (await client.call("ListDocuments", OWN))["DocumentIdentifiers"]] == ["Demo"]

    with_backend({}, story)


@served()
async def test_ours_are_listed_when_no_backend_can_be_reached(client: Client) -> None:
    await create(client)
    assert [each["Name"] for each in (await client.call("ListDocuments", OWN))["DocumentIdentifiers"]] == ["Demo"]


@served()
async def test_a_document_is_shared_with_nobody(client: Client) -> None:
    await create(client)
    members = {"Name": "Demo", "PermissionType": "Share"}

    assert await client.call("DescribeDocumentPermission", members) == {"AccountIds": [], "AccountSharingInfoList": []}


@served()
async def test_documents_of_amazon_can_be_read_and_not_changed(client: Client) -> None:
    name = "AWS-StopEC2Instance"
    described = (await client.call("DescribeDocument", Name=name))["Document"]
    assert (described["Owner"], described["DocumentVersion"], described["DocumentFormat"]) == ("Amazon", "1", "YAML")
    assert "schemaVersion" in (await client.call("GetDocument", Name=name, DocumentVersion="$LATEST"))["Content"]
    assert len((await client.call("ListDocumentVersions", Name=name))["DocumentVersions"]) == 1

    changes = {"Name": name, "Content": text(SLEEP), "DocumentVersion": "$LATEST"}
    assert (await client.error("UpdateDocument", changes))[0] == "InvalidDocumentOperation"
    assert (await client.error("DeleteDocument", Name=name))[0] == "InvalidDocumentOperation"
    default = {"Name": name, "DocumentVersion": "1"}
    assert (await client.error("UpdateDocumentDefaultVersion", default))[0] == "InvalidDocumentVersion"
    assert (await client.error("DescribeDocument", Name=name, DocumentVersion="2"))[0] == "InvalidDocumentVersion"
    new = {"Name": name, "Content": text(SLEEP), "DocumentType": "Automation"}
    assert (await client.error("CreateDocument", new))[0] == "ValidationException"
