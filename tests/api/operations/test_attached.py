"""Attachments of documents: given with CreateDocument, told by Describe and Get, and used by steps."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from runwright import client as in_process
from runwright.api.app import create_app
from runwright.config import Settings
from runwright.engine import Engine
from runwright.errors import ServiceError
from runwright.messages import Json
from tests.api.calling import Client
from tests.api.runbooks import text
from tests.api.serving import NOBODY

CODE = b"def greet(events, context):\n    return {'said': 'hello ' + events['name']}\n"


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tools/greeting.py", content)
    return packed.getvalue()


def runbook(name: str, content: bytes, handler: str = "greeting.greet") -> Json:
    return {
        "schemaVersion": "0.3",
        "files": {name: {"checksums": {"sha256": hashlib.sha256(content).hexdigest()}}},
        "mainSteps": [
            {
                "name": "greet",
                "action": "aws:executeScript",
                "inputs": {
                    "Runtime": "python3.11",
                    "Handler": handler,
                    "InputPayload": {"name": "you"},
                    "Attachment": name,
                },
                "outputs": [{"Name": "Said", "Selector": "$.Payload.said", "Type": "String"}],
            }
        ],
        "outputs": ["greet.Said"],
    }


def served(folder: Path, story: Callable[[Client], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        settings = Settings(aws=NOBODY, skip_time=True, attachments=(folder,), script_sandbox="none")
        async with await Engine.open(settings) as engine:
            await story(Client(create_app(engine)))

    asyncio.run(all_of_it())


def given(value: str, key: str = "SourceUrl", **more: str) -> list[Json]:
    return [{"Key": key, "Values": [value], **more}]


async def create(client: Client, content: Json, **more: Json) -> Json:
    members = {"Name": "Greeting", "DocumentType": "Automation", "Content": text(content)} | more
    return (await client.call("CreateDocument", members))["DocumentDescription"]


async def ended(client: Client, document: str = "Greeting") -> Json:
    identity = (await client.call("StartAutomationExecution", DocumentName=document))["AutomationExecutionId"]
    while True:
        found = (await client.call("GetAutomationExecution", AutomationExecutionId=identity))["AutomationExecution"]
        if found["AutomationExecutionStatus"] in ("Success", "Failed"):
            return found
        await asyncio.sleep(0)  # nothing else here lets the engine have its turn


def test_a_file_of_a_folder_is_stored_with_the_document(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "greeting.py").write_bytes(CODE)

    async def story(client: Client) -> None:
        made = await create(client, runbook("greeting.py", CODE), Attachments=given((tmp_path / "sub").as_uri()))
        assert made["AttachmentsInformation"] == [{"Name": "greeting.py"}]
        (tmp_path / "sub" / "greeting.py").unlink()

        described = (await client.call("DescribeDocument", Name="Greeting"))["Document"]
        assert described["AttachmentsInformation"] == [{"Name": "greeting.py"}]
        (content,) = (await client.call("GetDocument", Name="Greeting"))["AttachmentsContent"]
        assert (content["Name"], content["Size"], content["HashType"]) == ("greeting.py", len(CODE), "Sha256")
        found = await ended(client)
        assert found["Outputs"] == {"greet.Said": ["hello you"]}, found.get("FailureMessage")

    served(tmp_path, story)


def test_a_zip_file_in_a_named_folder_needs_no_request(tmp_path: Path) -> None:
    packed = zipped(CODE)
    (tmp_path / "greeting.zip").write_bytes(packed)

    async def story(client: Client) -> None:
        await create(client, runbook("greeting.zip", packed, "tools/greeting.greet"))
        found = await ended(client)
        assert found["Outputs"] == {"greet.Said": ["hello you"]}, found.get("FailureMessage")

    served(tmp_path, story)


def test_a_document_is_taken_without_its_file_and_the_step_says_which_is_missing(tmp_path: Path) -> None:
    async def story(client: Client) -> None:
        made = await create(client, runbook("greeting.py", CODE))
        assert "AttachmentsInformation" not in made
        found = await ended(client)
        assert found["AutomationExecutionStatus"] == "Failed"
        assert "needs the attached file 'greeting.py'" in found["FailureMessage"]

    served(tmp_path, story)


def test_a_file_is_taken_over_from_another_document(tmp_path: Path) -> None:
    (tmp_path / "greeting.py").write_bytes(CODE)

    async def story(client: Client) -> None:
        await create(client, runbook("greeting.py", CODE), Attachments=given(tmp_path.as_uri()))
        (tmp_path / "greeting.py").unlink()
        reference = given("Greeting/1/greeting.py", "AttachmentReference", Name="greeting.py")
        again = runbook("greeting.py", CODE) | {"description": "again"}
        await create(client, again, Name="Other", Attachments=reference)
        assert (await ended(client, "Other"))["AutomationExecutionStatus"] == "Success"

    served(tmp_path, story)


@pytest.mark.parametrize(
    ("attachments", "reason"),
    [
        (lambda folder: given(folder.as_uri()), "has the SHA-256"),
        (lambda folder: given((folder / "none").as_uri()), "There is no file"),
        (lambda folder: given("file:///etc"), "in no folder"),
        (lambda folder: given((folder / "..").as_uri()), "in no folder"),
        (lambda folder: given(folder.as_uri(), Name="other.py"), "does not stand under files"),
        (lambda folder: [{"Values": [folder.as_uri()]}], "An attachment has no Key:"),
        (lambda folder: given("ftp://bucket/x", "S3FileUrl", Name="greeting.py"), "is no place in S3"),
        (lambda folder: given("Nothing/1/greeting.py", "AttachmentReference", Name="greeting.py"), "does not exist"),
    ],
)
def test_what_is_not_the_file_is_refused(tmp_path: Path, attachments: Any, reason: str) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "greeting.py").write_bytes(b"something else")

    async def story(client: Client) -> None:
        members = {"Name": "Greeting", "DocumentType": "Automation", "Content": text(runbook("greeting.py", CODE))}
        code, message = await client.error("CreateDocument", members | {"Attachments": attachments(folder)})
        assert (code, reason in message) == ("InvalidDocumentContent", True), message

    served(folder, story)


def test_a_file_is_read_from_s3_through_the_backend(moto_url: str) -> None:
    keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "any"}
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=moto_url, **keys)
    bucket = f"files-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="books/greeting.py", Body=CODE)
    s3.close()

    with in_process(aws=moto_url, skip_time=True) as ssm:
        for name, attachments in (
            ("Folder", given(f"s3://{bucket}/books")),
            (
                "File",
                given(
                    f"https://{bucket}.s3.us-east-1.amazonaws.com/books/greeting.py", "S3FileUrl", Name="greeting.py"
                ),
            ),
        ):
            made = ssm.create_document(
                Name=name,
                DocumentType="Automation",
                Content=text(runbook("greeting.py", CODE)),
                Attachments=attachments,
            )
            assert made["DocumentDescription"]["AttachmentsInformation"] == [{"Name": "greeting.py"}]
        with pytest.raises(ssm.exceptions.InvalidDocumentContent, match="cannot be read"):
            ssm.update_document(
                Name="File", DocumentVersion="$LATEST", Content=text(runbook("greeting.py", CODE), description="new"),
                Attachments=given(f"s3://{bucket}/nowhere"),
            )  # fmt: skip


def test_an_object_of_s3_is_read_for_those_alone_who_may_read_it() -> None:
    asked: list[tuple[str, str]] = []

    def refuse_objects(initiator: str, action: str, resource: str) -> None:
        if action.startswith("s3:"):
            asked.append((action, resource))
            raise ServiceError("AccessDeniedException", f"not authorized to perform: {action}")

    async def story() -> None:
        settings = Settings(aws=NOBODY, script_sandbox="none")
        async with await Engine.open(settings, authorize=refuse_objects) as engine:
            members = {
                "Name": "Greeting",
                "DocumentType": "Automation",
                "Content": text(runbook("greeting.py", CODE)),
                "Attachments": given("s3://vault/code/greeting.py", "S3FileUrl", Name="greeting.py"),
            }
            answered = await Client(create_app(engine)).post("CreateDocument", json.dumps(members).encode())
            assert answered.json()["__type"] == "AccessDeniedException"

    asyncio.run(story())
    assert asked == [("s3:GetObject", "arn:aws:s3:::vault/code/greeting.py")]
