"""Full disks, folders that cannot be used, strange databases, and a server that is told to stop while it works."""

from __future__ import annotations

import resource
import signal
import sqlite3
import threading
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cli.conftest import Serve, Server, failing_serve
from tests.runtime.servers import Answer, Request, server

NOBODY = "http://127.0.0.1:9"
PAUSE = "{schemaVersion: '0.3', mainSteps: [{name: wait, action: 'aws:pause', inputs: {}}]}"
CALL = (
    "{schemaVersion: '0.3', mainSteps: ["
    "{name: call, action: 'aws:executeAwsApi', inputs: {Service: dynamodb, Api: ListTables}},"
    "{name: after, action: 'aws:executeAwsApi', inputs: {Service: dynamodb, Api: ListTables}}]}"
)


def client_of(running: Server) -> Any:
    return boto3.client(
        "ssm", endpoint_url=running.url, region_name="us-east-1", aws_access_key_id="123456789012",
        aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip


def create(ssm: Any, text: str) -> None:
    ssm.create_document(Name="Book", DocumentType="Automation", DocumentFormat="YAML", Content=text)


def test_a_full_disk_gives_errors_and_nothing_is_lost_or_corrupted(serve: Serve, tmp_path: Path) -> None:
    data = tmp_path / "data"
    arguments = ("--data", str(data), "--aws", NOBODY, "--quota", "queued=0")
    running = serve(*arguments)
    ssm = client_of(running)
    create(ssm, PAUSE)
    acknowledged = [ssm.start_automation_execution(DocumentName="Book")["AutomationExecutionId"]]
    unlimited = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))

    with pytest.raises(ClientError) as refused:  # noqa: PT012 - it fails when the file has grown to the limit
        while len(acknowledged) < 2000:
            acknowledged.append(ssm.start_automation_execution(DocumentName="Book")["AutomationExecutionId"])
    assert refused.value.response["Error"]["Code"] == "InternalServerError"
    assert ssm.get_automation_execution(AutomationExecutionId=acknowledged[0])

    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, unlimited)
    acknowledged.append(ssm.start_automation_execution(DocumentName="Book")["AutomationExecutionId"])
    running.process.kill()
    running.process.wait()
    again = client_of(serve(*arguments))
    for id_ in acknowledged:
        again.get_automation_execution(AutomationExecutionId=id_)
    file = sqlite3.connect(data / "runwright.sqlite3")
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert file.execute("SELECT count(*) FROM executions").fetchone() == (len(acknowledged),)
    file.close()


def test_a_folder_that_cannot_be_made_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    ended = failing_serve(tmp_path, "--data", str(tmp_path / "file" / "data"), "--aws", NOBODY)

    assert ended.returncode == 2
    assert ended.stderr == (
        f"runwright serve: cannot use the data directory {tmp_path}/file/data: {tmp_path}/file is no directory\n"
    )


@pytest.mark.parametrize("content", [b"no database at all" * 400, b"SQLite format 3\0" + b"\xff" * 8000])
def test_what_is_no_database_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "runwright.sqlite3").write_bytes(content)

    ended = failing_serve(tmp_path, "--data", str(data), "--aws", NOBODY)

    assert ended.returncode == 2
    assert str(data / "runwright.sqlite3") in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert (data / "runwright.sqlite3").read_bytes() == content


def test_a_corrupted_table_is_named(serve: Serve, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert serve("--data", str(data), "--aws", NOBODY).stop() == 0
    file = sqlite3.connect(data / "runwright.sqlite3")
    root = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'executions'").fetchone()[0]
    file.close()
    content = bytearray((data / "runwright.sqlite3").read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    (data / "runwright.sqlite3").write_bytes(content)

    ended = failing_serve(tmp_path, "--data", str(data), "--aws", NOBODY)

    assert ended.returncode == 2
    assert "is corrupted" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_database_of_a_later_version_is_left_alone(serve: Serve, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert serve("--data", str(data), "--aws", NOBODY).stop() == 0
    file = sqlite3.connect(data / "runwright.sqlite3")
    file.execute("PRAGMA user_version = 99")
    file.close()
    before = (data / "runwright.sqlite3").read_bytes()

    ended = failing_serve(tmp_path, "--data", str(data), "--aws", NOBODY)

    assert ended.returncode == 2
    assert "has schema version 99" in ended.stderr
    assert (data / "runwright.sqlite3").read_bytes() == before


def test_a_server_told_to_stop_waits_for_the_call_in_flight_and_begins_no_other(serve: Serve, tmp_path: Path) -> None:
    asked, may_answer, calls = threading.Event(), threading.Event(), []

    def answer(request: Request) -> Answer:
        calls.append(request.path)
        asked.set()
        may_answer.wait(20)
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, b'{"TableNames": []}'

    with server(answer) as backend:
        arguments = ("--data", str(tmp_path / "data"), "--aws", backend)
        running = serve(*arguments, "--drain", "20s", RUNWRIGHT_ACCOUNT="123456789012")
        ssm = client_of(running)
        create(ssm, CALL)
        id_ = ssm.start_automation_execution(DocumentName="Book")["AutomationExecutionId"]
        asked.wait(20)

        running.process.terminate()
        may_answer.set()

        assert running.process.wait(20) == 0
        assert len(calls) == 1
        ssm = client_of(serve(*arguments))
        while "ExecutionEndTime" not in (
            found := ssm.get_automation_execution(AutomationExecutionId=id_)["AutomationExecution"]
        ):
            pass
    assert found["AutomationExecutionStatus"] == "Success"
    assert len(calls) == 2


@pytest.mark.parametrize(("drain", "signals"), [("0s", [signal.SIGTERM]), ("10m", [signal.SIGTERM, signal.SIGINT])])
def test_a_server_waits_no_longer_than_it_may_and_for_nothing_when_told_twice(
    serve: Serve, tmp_path: Path, drain: str, signals: list[signal.Signals]
) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def answer(request: Request) -> Answer:
        asked.set()
        may_answer.wait(60)
        return 200, {}, b"{}"

    with server(answer) as backend:
        running = serve("--data", str(tmp_path / "data"), "--aws", backend, "--drain", drain)
        ssm = client_of(running)
        create(ssm, CALL)
        ssm.start_automation_execution(DocumentName="Book")
        assert asked.wait(20)

        for each in signals:
            running.process.send_signal(each)

        assert running.process.wait(20) == 0
        may_answer.set()


def test_metrics_tell_what_has_been_done(serve: Serve) -> None:
    running = serve("--data", ":memory:", "--aws", NOBODY)
    ssm = client_of(running)
    create(ssm, "{schemaVersion: '0.3', mainSteps: [{name: nap, action: 'aws:sleep', inputs: {Duration: PT0S}}]}")
    id_ = ssm.start_automation_execution(DocumentName="Book")["AutomationExecutionId"]
    while "ExecutionEndTime" not in ssm.get_automation_execution(AutomationExecutionId=id_)["AutomationExecution"]:
        pass

    with urllib.request.urlopen(f"{running.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()

    assert "runwright_executions_started_total 1.0" in lines
    assert 'runwright_executions_ended_total{status="Success"} 1.0' in lines
    assert 'runwright_steps_ended_total{action="aws:sleep",outcome="Success"} 1.0' in lines
    assert "runwright_executions_running 0.0" in lines
    assert any(line.startswith("runwright_commit_seconds_bucket") for line in lines)
