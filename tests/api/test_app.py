from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from runwright.api.operations import NEVER_PASSED, OPERATIONS
from runwright.constraints import known_operations
from tests.api.calling import ACCOUNT, REGION, Client
from tests.api.runbooks import SLEEP, text
from tests.api.serving import Backend, in_server, served, with_backend

UNSERVED = b"<!doctype html><title>500 Internal Server Error</title>"


@served()
async def test_hostile_bodies_are_refused_as_json(client: Client) -> None:
    bodies: list[tuple[bytes, int, str]] = [
        (b"", 400, "SerializationException"),
        (b"<xml/>", 400, "SerializationException"),
        (b"[]", 400, "SerializationException"),
        (b"null", 400, "SerializationException"),
        (b'"text"', 400, "SerializationException"),
        (b"[" * 1_000_000, 400, "SerializationException"),
        (b'{"DocumentName": "\\ud800"}', 400, "SerializationException"),
        (b'{"DocumentName": "\xed\xa0\x80"}', 400, "SerializationException"),
        (b'{"DocumentName": NaN}', 400, "SerializationException"),
        (b'{"DocumentName": {"a": []}}', 400, "SerializationException"),
        (b'{"DocumentName": "%s"}' % (b"x" * 15_000_000), 400, "ValidationException"),
        (b" " * (16 * 1024 * 1024 + 1), 413, "RequestEntityTooLargeException"),
        (b" " * (70 * 1024 * 1024), 413, "RequestEntityTooLargeException"),
    ]
    for body, status, code in bodies:
        answered = await client.post("StartAutomationExecution", body)
        assert (answered.status, answered.json()["__type"]) == (status, code), body[:50]
        assert len(answered.body) < 2000
        assert answered.headers["content-type"] == "application/x-amz-json-1.1"


@served()
async def test_every_answer_has_a_request_id_of_its_own(client: Client) -> None:
    answers = [await client.post("DescribeAutomationExecutions", body) for body in (b"{}", b"{}", b"[]")]

    assert len({answered.headers["x-amzn-requestid"] for answered in answers}) == 3


@served()
async def test_a_call_lacking_what_a_web_page_cannot_send_is_refused(client: Client) -> None:
    for missing in ({"x-amz-target": None}, {"content-type": None}, {"content-type": "text/plain"}):
        answered = await client.post("DescribeAutomationExecutions", b"{}", missing)
        assert (answered.status, answered.json()["__type"]) == (400, "UnknownOperationException")


@served()
async def test_a_request_to_a_foreign_name_is_refused_everywhere(client: Client) -> None:
    headers = {"host": "evil.example", "x-runwright": "1"}
    for answered in (
        await client.post("DescribeAutomationExecutions", b"{}", headers),
        await client.request("GET", "/_runwright/health", headers=headers),
        await client.request("POST", "/_runwright/reset", headers=headers),
        await client.request("GET", "/", headers={}),
    ):
        assert (answered.status, answered.json()["__type"]) == (403, "AccessDeniedException")


@served()
async def test_other_paths_and_methods_are_answered_in_json(client: Client) -> None:
    for method, path, status in (
        ("GET", "/", 404),
        ("GET", "/nothing/here", 404),
        ("POST", "/nothing", 404),
        ("GET", "/_runwright/health/", 404),
        ("DELETE", "/_runwright/health", 405),
        ("GET", "/_runwright/reset", 405),
    ):
        answered = await client.request(method, path)
        assert answered.status == status, (method, path)
        assert {"__type", "Message"} <= answered.json().keys()


@served()
async def test_health_shows_quotas_and_who_holds_their_slots(client: Client) -> None:
    await client.call("CreateDocument", Name="Demo", DocumentType="Automation", Content=text(SLEEP))
    await client.call("StartAutomationExecution", DocumentName="Demo", Parameters={"Note": ["n"], "Duration": ["P1D"]})
    answered = await client.request("GET", "/_runwright/health")

    assert answered.status == 200
    shown = answered.json()
    assert shown["status"] == "ok"
    assert shown["quotas"] == {"running": 100, "queued": 1000, "rate-controlled": 25}
    assert shown["slots"].keys() == {f"{ACCOUNT}/{REGION} running"}
    assert shown["slots"][f"{ACCOUNT}/{REGION} running"].keys() == {"held", "queued"}


@served()
async def test_a_reset_empties_a_server_that_keeps_nothing(client: Client) -> None:
    await client.call("CreateDocument", Name="Demo", DocumentType="Automation", Content=text(SLEEP))
    assert (await client.request("POST", "/_runwright/reset")).status == 403

    headers = {"host": "localhost", "x-runwright": "please"}
    assert (await client.request("POST", "/_runwright/reset", headers=headers)).status == 200

    assert (await client.call("ListDocuments", Filters=[{"Key": "Owner", "Values": ["Self"]}]))[
        "DocumentIdentifiers"
    ] == []


def test_a_server_that_keeps_its_data_is_not_reset(tmp_path: Path) -> None:
    @served(data=tmp_path)
    async def story(client: Client) -> None:
        headers = {"host": "localhost", "x-runwright": "please"}
        assert (await client.request("POST", "/_runwright/reset", headers=headers)).status == 409

    story()


@served()
async def test_an_account_is_that_of_the_key_and_a_region_that_of_the_signature(client: Client) -> None:
    await client.call("CreateDocument", Name="Demo", DocumentType="Automation", Content=text(SLEEP))
    for other in (Client(client.app, account="999999999999"), Client(client.app, region="us-west-2")):
        assert (await other.call("ListDocuments", Filters=[{"Key": "Owner", "Values": ["Self"]}]))[
            "DocumentIdentifiers"
        ] == []

    own = b'{"Filters": [{"Key": "Owner", "Values": ["Self"]}]}'
    unsigned = await client.post("ListDocuments", own, {"authorization": None})
    assert unsigned.json()["DocumentIdentifiers"] == []


def test_every_operation_that_is_served_is_in_the_model() -> None:
    assert OPERATIONS.keys() | NEVER_PASSED.keys() <= known_operations()


@served()
async def test_an_operation_that_ssm_does_not_have_is_unknown(client: Client) -> None:
    for operation in ("DoWhatIMean", "startautomationexecution", "x" * 100_000, "../secret"):
        assert (await client.error(operation))[0] == "UnknownOperationException"


# ------------------------------------------------------------------------------------------ what is not ours


def test_what_is_not_ours_goes_to_the_backend_as_it_came() -> None:
    async def story(client: Client, backend: Backend) -> None:
        body = b'{ "Name":"/a" , "Unknown": 1}'
        answered = await client.post("GetParameter", body)
        assert (answered.status, answered.json()) == (200, {"Parameter": {"Name": "/a"}})
        ((head, came),) = backend.came
        assert came == body
        assert b"authorization: AWS4-HMAC-SHA256 Credential=111122223333/" in head
        assert b"amazonssm.getparameter" in head.lower()

    with_backend({"GetParameter": {"Parameter": {"Name": "/a"}}}, story)


def test_an_unsigned_request_goes_to_the_backend_in_the_name_of_its_account() -> None:
    async def story(client: Client, backend: Backend) -> None:
        assert (await client.post("GetParameter", b"{}", {"authorization": None})).status == 200
        ((head, _),) = backend.came
        assert head.count(b"authorization: AWS4-HMAC-SHA256 Credential=123456789012/") == 1
        assert b"/us-east-1/ssm/aws4_request" in head

    with_backend({"GetParameter": {}}, story)


def test_a_refusal_of_the_backend_is_passed_on() -> None:
    refused = (400, "application/x-amz-json-1.1", b'{"__type": "ParameterNotFound", "message": "gone"}')

    async def story(client: Client, backend: Backend) -> None:
        answered = await client.post("GetParameter", b'{"Name": "/a"}')
        assert (answered.status, answered.json()["__type"]) == (400, "ParameterNotFound")

    with_backend({"GetParameter": refused}, story)


@pytest.mark.parametrize(
    "answer",
    [
        (500, "text/html", UNSERVED),
        (200, "text/html", UNSERVED),
        (404, "application/json", b"{}"),
        (302, "text/plain", b""),
    ],
)
def test_an_answer_that_is_none_becomes_an_unknown_operation(answer: tuple[int, str, bytes]) -> None:
    async def story(client: Client, backend: Backend) -> None:
        code, message = await client.error("GetParameter", Name="/a")
        assert code == "UnknownOperationException"
        assert "GetParameter" in message
        assert str(answer[0]) in message
        assert "http://127.0.0.1:" in message

    with_backend({"GetParameter": answer}, story)


@served()
async def test_a_backend_that_cannot_be_reached_is_unavailable(client: Client) -> None:
    answered = await client.post("GetParameter", b'{"Name": "/a"}')

    assert (answered.status, answered.json()["__type"]) == (503, "ServiceUnavailable")


def test_a_document_that_we_do_not_have_is_asked_of_the_backend() -> None:
    async def story(client: Client, backend: Backend) -> None:
        assert await client.call("GetDocument", Name="AWS-Theirs") == {"Name": "AWS-Theirs"}
        assert await client.call("ListTagsForResource", ResourceType="Document", ResourceId="AWS-Theirs") == {
            "TagList": []
        }

    with_backend({"GetDocument": {"Name": "AWS-Theirs"}, "ListTagsForResource": {"TagList": []}}, story)


def test_a_backend_without_an_operation_of_ours_leaves_our_own_not_found_error() -> None:
    async def story(client: Client, backend: Backend) -> None:
        assert (await client.error("ListDocumentVersions", Name="AWS-Theirs"))[0] == "InvalidDocument"
        tags = {"ResourceType": "Document", "ResourceId": "AWS-Theirs"}
        assert (await client.error("ListTagsForResource", tags))[0] == "InvalidResourceId"
        assert len(backend.came) == 2

    with_backend({}, story)


def test_documents_of_other_types_are_the_backends() -> None:
    theirs = {"DocumentDescription": {"Name": "Shell"}}

    async def story(client: Client, backend: Backend) -> None:
        members = {"Name": "Shell", "Content": json.dumps({"schemaVersion": "2.2"})}
        assert await client.call("CreateDocument", members | {"DocumentType": "Command"}) == theirs
        assert await client.call("CreateDocument", members) == theirs
        await client.call("CreateDocument", Name="Demo", DocumentType="Automation", Content=text(SLEEP))
        taken = members | {"Name": "Demo", "DocumentType": "Command"}
        assert (await client.error("CreateDocument", taken))[0] == "DocumentAlreadyExists"
        assert len(backend.came) == 2

    with_backend({"CreateDocument": theirs}, story)


def test_what_belongs_to_automation_is_never_passed_on() -> None:
    setting = "/ssm/automation/customer-script-log-destination"
    execution = "8a5f5be8-5d93-437a-adbb-394f70000000"

    async def story(client: Client, backend: Backend) -> None:
        for operation, members in (
            ("GetServiceSetting", {"SettingId": setting}),
            ("GetServiceSetting", {"SettingId": f"arn:aws:ssm:us-east-1:123456789012:servicesetting{setting}"}),
            ("StartExecutionPreview", {"DocumentName": "Demo"}),
            ("GetAutomationExecution", {"AutomationExecutionId": execution}),
            ("ListTagsForResource", {"ResourceType": "Automation", "ResourceId": execution}),
            ("StartAutomationExecution", {"DocumentName": "AWS-Theirs"}),
        ):
            await client.error(operation, members)
        assert backend.came == []
        other = {"SettingId": "/ssm/parameter-store/high-throughput-enabled"}
        assert await client.call("GetServiceSetting", other) == {}

    with_backend({"GetServiceSetting": {}}, story)


def test_one_endpoint_serves_all_of_ssm(moto_url: str) -> None:
    async def story(client: Client) -> None:
        await client.call("PutParameter", Name="/one/endpoint", Value="b", Type="String")
        assert (await client.call("GetParameter", Name="/one/endpoint"))["Parameter"]["Value"] == "b"
        shell = json.dumps({"schemaVersion": "2.2", "mainSteps": []})
        await client.call("CreateDocument", Name="Shell", DocumentType="Command", Content=shell)
        await client.call("CreateDocument", Name="Demo", DocumentType="Automation", Content=text(SLEEP))
        listed = (await client.call("ListDocuments"))["DocumentIdentifiers"]
        assert {"Demo", "Shell"} <= {each["Name"] for each in listed}
        assert (await client.error("ListNodes"))[0] == "UnknownOperationException"
        assert (await client.error("ListDocumentVersions", Name="Shell"))[0] == "InvalidDocument"
        await client.call("DeleteDocument", Name="Shell")
        assert (await client.error("DescribeDocument", Name="Shell"))[0] == "InvalidDocument"

    asyncio.run(in_server(story, aws=moto_url))
