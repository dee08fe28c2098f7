"""boto3, as users have it, against the server on a port of loopback."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import ClientError

from runwright.api.app import create_app
from runwright.config import Settings
from runwright.engine import Engine
from tests.api.calling import ACCOUNT, REGION
from tests.api.runbooks import PAUSE, SLEEP, SLEEP_YAML, text
from tests.api.serving import NOBODY

ACCOUNTS = itertools.count(1)
UNKNOWN = "8a5f5be8-5d93-437a-adbb-394f70000000"


class Port:
    """A server in a thread of its own."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        async with await Engine.open(Settings(aws=NOBODY, skip_time=True)) as engine:
            config = uvicorn.Config(create_app(engine), port=0, log_config=None, lifespan="off")
            self._server = uvicorn.Server(config)
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
                await asyncio.sleep(0.01)
            self.url = f"http://localhost:{self._server.servers[0].sockets[0].getsockname()[1]}"
            self._ready.set()
            await serving

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = Port()
    yield port.url
    port.close()


@pytest.fixture
def ssm(url: str) -> Iterator[Any]:
    """A client in an account of the test's own."""
    client = boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=f"{next(ACCOUNTS):012}",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


def create(ssm: Any, name: str = "Halt", content: str | None = None, **more: Any) -> None:
    ssm.create_document(Name=name, Content=content or text(PAUSE), DocumentType="Automation", **more)


def test_a_runbook_is_created_started_and_watched(ssm: Any) -> None:
    create(ssm, "Rest", text(SLEEP), Tags=[{"Key": "a", "Value": "b"}])
    execution = ssm.start_automation_execution(DocumentName="Rest", Parameters={"Note": ["x"], "Duration": ["PT1H"]})
    identity = execution["AutomationExecutionId"]
    status = "Pending"
    while status in ("Pending", "InProgress"):
        record = ssm.get_automation_execution(AutomationExecutionId=identity)["AutomationExecution"]
        status = record["AutomationExecutionStatus"]

    assert status == "Success"
    assert record["ExecutionEndTime"] > record["ExecutionStartTime"]
    assert record["Parameters"] == {"Note": ["x"], "Duration": ["PT1H"]}
    assert record["StepExecutions"][0]["Inputs"] == {"Duration": '"PT1H"'}


def test_paginators_walk_through_lists(ssm: Any) -> None:
    create(ssm)
    started = [ssm.start_automation_execution(DocumentName="Halt")["AutomationExecutionId"] for _ in range(5)]

    pages = ssm.get_paginator("describe_automation_executions").paginate(PaginationConfig={"PageSize": 2})
    found = [each for page in pages for each in page["AutomationExecutionMetadataList"]]
    assert [each["AutomationExecutionId"] for each in found] == started[::-1]
    assert {(each["LogFile"], each["AutomationType"]) for each in found} == {("", "Local")}

    steps = ssm.get_paginator("describe_automation_step_executions").paginate(
        AutomationExecutionId=started[0], PaginationConfig={"PageSize": 1}
    )
    assert [each["StepName"] for page in steps for each in page["StepExecutions"]] == ["halt", "rest"]


def test_documents_are_kept_by_version(ssm: Any) -> None:
    create(ssm, "Rest", SLEEP_YAML, DocumentFormat="YAML")
    ssm.update_document(Name="Rest", Content=text(PAUSE), DocumentVersion="$LATEST")
    ssm.update_document_default_version(Name="Rest", DocumentVersion="2")

    assert ssm.get_document(Name="Rest", DocumentVersion="1", DocumentFormat="YAML")["Content"] == SLEEP_YAML
    described = ssm.describe_document(Name="Rest")["Document"]
    assert (described["DefaultVersion"], described["LatestVersion"]) == ("2", "2")
    pages = ssm.get_paginator("list_document_versions").paginate(Name="Rest", PaginationConfig={"PageSize": 1})
    assert [each["DocumentVersion"] for page in pages for each in page["DocumentVersions"]] == ["2", "1"]
    listed = ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"]
    assert [each["Name"] for each in listed] == ["Rest"]
    ssm.delete_document(Name="Rest")


REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("get_automation_execution", {"AutomationExecutionId": UNKNOWN}, "AutomationExecutionNotFoundException"),
    ("stop_automation_execution", {"AutomationExecutionId": UNKNOWN}, "AutomationExecutionNotFoundException"),
    (
        "send_automation_signal",
        {"AutomationExecutionId": UNKNOWN, "SignalType": "Approve"},
        "AutomationExecutionNotFoundException",
    ),
    (
        "describe_automation_executions",
        {"Filters": [{"Key": "ExecutionStatus", "Values": ["No"]}]},
        "InvalidFilterValue",
    ),
    ("describe_automation_executions", {"NextToken": "x"}, "InvalidNextToken"),
    ("start_automation_execution", {"DocumentName": "Nothing"}, "AutomationDefinitionNotFoundException"),
    (
        "start_automation_execution",
        {"DocumentName": "Halt", "DocumentVersion": "9"},
        "AutomationDefinitionVersionNotFoundException",
    ),
    (
        "start_automation_execution",
        {"DocumentName": "Halt", "Parameters": {"No": ["x"]}},
        "InvalidAutomationExecutionParametersException",
    ),
    (
        "create_document",
        {"Name": "Halt", "Content": text(PAUSE), "DocumentType": "Automation"},
        "DocumentAlreadyExists",
    ),
    ("create_document", {"Name": "New", "Content": "{}", "DocumentType": "Automation"}, "InvalidDocumentContent"),
    ("create_document", {"Name": "New", "Content": text(PAUSE)}, "InvalidDocumentSchemaVersion"),
    (
        "create_document",
        {"Name": "New", "Content": "x" * 66_000, "DocumentType": "Automation"},
        "MaxDocumentSizeExceeded",
    ),
    ("update_document", {"Name": "Halt", "Content": text(PAUSE)}, "DuplicateDocumentContent"),
    ("update_document", {"Name": "Halt", "Content": text(SLEEP), "DocumentVersion": "7"}, "InvalidDocumentVersion"),
    ("get_document", {"Name": "Halt", "DocumentVersion": "7"}, "InvalidDocumentVersion"),
    ("delete_document", {"Name": "Halt", "DocumentVersion": "1"}, "InvalidDocumentOperation"),
    ("list_documents", {"Filters": [{"Key": "Shape", "Values": ["x"]}]}, "InvalidFilterKey"),
    ("list_tags_for_resource", {"ResourceType": "Automation", "ResourceId": UNKNOWN}, "InvalidResourceId"),
]


@pytest.mark.parametrize(("method", "arguments", "code"), REFUSALS)
def test_a_refusal_is_the_exception_that_the_client_declares(
    ssm: Any, method: str, arguments: dict[str, Any], code: str
) -> None:
    create(ssm)

    with pytest.raises(getattr(ssm.exceptions, code)) as caught:
        getattr(ssm, method)(**arguments)
    assert caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_what_the_client_does_not_check_is_a_validation_exception(ssm: Any) -> None:
    with pytest.raises(ClientError, match="1 validation error detected: Value '0' at 'maxConcurrency'") as caught:
        ssm.start_automation_execution(DocumentName="Halt", MaxConcurrency="0")
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_the_caller_is_known_by_the_account_of_the_key(ssm: Any) -> None:
    create(ssm)
    identity = ssm.start_automation_execution(DocumentName="Halt")["AutomationExecutionId"]
    record = ssm.get_automation_execution(AutomationExecutionId=identity)["AutomationExecution"]

    owner = ssm.describe_document(Name="Halt")["Document"]["Owner"]
    assert owner != ACCOUNT
    assert record["ExecutedBy"] == f"arn:aws:iam::{owner}:user/{owner}"
