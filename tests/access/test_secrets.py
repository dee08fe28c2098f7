"""Secrets that are planted wherever the server meets any, and looked for in everything that it writes or answers."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from typing import Any

import boto3
import pytest

from runwright.access.audit import AuditLog
from runwright.cli import logs
from runwright.messages import Json
from runwright.runtime.backup import back_up
from runwright.runtime.webhooks import PARAMETER_PREFIX
from tests.access.secured import EVERYTHING, Options, Secured, key, secured

ANA = key("ana", EVERYTHING)
IN_ENVIRONMENT = "planted-in-the-environment-of-the-server"
IN_WEBHOOK = "planted-in-the-header-of-a-webhook"

TELLING = """
import base64, json, os
def tell(events, context):
    print(json.dumps(dict(os.environ)))
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SSM")
    hidden = [base64.b64encode(os.environ.get(name, "").encode()).decode() for name in names]
    return {"all": dict(os.environ), "hidden": hidden, os.environ["AWS_SECRET_ACCESS_KEY"]: 1}
def fail(events, context):
    raise ValueError(json.dumps(dict(os.environ)))
"""


def script(name: str, handler: str, **more: Json) -> Json:
    inputs = {"Runtime": "python3.11", "Handler": handler, "Script": TELLING}
    return {"name": name, "action": "aws:executeScript", "onFailure": "Continue", "inputs": inputs, **more}


RUNBOOK: Json = {
    "schemaVersion": "0.3",
    "assumeRole": "arn:aws:iam::111122223333:role/Operator",
    "mainSteps": [
        script("tell", "tell", outputs=[{"Name": "All", "Selector": "$.Payload.all", "Type": "StringMap"}]),
        script("fail", "fail"),
        {
            "name": "call",
            "action": "aws:invokeWebhook",
            "onFailure": "Continue",
            "inputs": {"IntegrationName": "chat", "Body": "{}"},
        },
    ],
    "outputs": ["tell.All", "tell.OutputPayload"],
}


def client_of_the_role(service: str, url: str) -> Any:
    """What moto keeps in the account of the role, only the role finds."""
    where = {"endpoint_url": url, "region_name": "eu-central-1"}
    keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "any"}
    given = boto3.client("sts", **where, **keys).assume_role(RoleArn=RUNBOOK["assumeRole"], RoleSessionName="test")
    return boto3.client(
        service,
        **where,
        aws_access_key_id=given["Credentials"]["AccessKeyId"],
        aws_secret_access_key=given["Credentials"]["SecretAccessKey"],
        aws_session_token=given["Credentials"]["SessionToken"],
    )


def test_planted_secrets_are_nowhere_to_be_found(
    moto_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PLANTED", IN_ENVIRONMENT)
    data, told = tmp_path / "data", []
    logs.configure(logging.DEBUG, secrets=[ANA.secret])
    store = client_of_the_role("ssm", moto_url)
    webhook = {"url": f"https://127.0.0.1:9/{IN_WEBHOOK}", "headers": {"Authorization": IN_WEBHOOK}}
    name = f"{PARAMETER_PREFIX}chat"
    store.put_parameter(Name=name, Type="SecureString", Value=json.dumps(webhook), Overwrite=True)

    async def story(server: Secured) -> None:
        content = {"Name": "Tell", "DocumentType": "Automation", "Content": json.dumps(RUNBOOK)}
        assert (await server.call(ANA, "CreateDocument", content))[0] is None
        _, answer = await server.call(ANA, "StartAutomationExecution", {"DocumentName": "Tell"})
        execution = {"AutomationExecutionId": answer["AutomationExecutionId"]}
        await server.host.engine.wait(execution["AutomationExecutionId"])
        asked = ("GetAutomationExecution", "DescribeAutomationStepExecutions")
        told.extend([json.dumps((await server.call(ANA, operation, execution))[1]) for operation in asked])
        told.append(json.dumps((await server.call(key("ana"), "ListDocuments"))[1]))
        logging.getLogger("runwright").warning("a line that holds %s", ANA.secret)
        back_up(data, tmp_path / "backup")

    settings = {"data": data, "script_sandbox": "none"}
    audit = AuditLog(tmp_path / "audit.jsonl")
    secured([ANA], story, Options(aws=moto_url, audit=audit, settings=settings))
    audit.close()

    execution = json.loads(told[0])["AutomationExecution"]
    payload = json.loads(execution["StepExecutions"][0]["Outputs"]["OutputPayload"][0])["Payload"]
    credentials = [base64.b64decode(each).decode() for each in payload["hidden"]]
    secrets = [ANA.secret, IN_ENVIRONMENT, IN_WEBHOOK, *credentials[:2], credentials[2].rpartition("/")[2]]
    assert all(len(secret) >= 16 for secret in secrets)
    assert "cannot be reached" in execution["StepExecutions"][2]["FailureMessage"]
    assert payload["all"]["AWS_SECRET_ACCESS_KEY"] == "***"
    everything = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any("/backup" in name for name in everything)
    assert any(name.endswith("audit.jsonl") for name in everything)
    everything |= {"answers": "".join(told).encode(), "output": "".join(capsys.readouterr()).encode()}
    assert "a line that holds ***" in everything["output"].decode()
    found = [
        (place, secret) for place, content in everything.items() for secret in secrets if secret.encode() in content
    ]
    assert found == []
