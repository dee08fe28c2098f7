"""Servers as processes of their own: how they start, refuse to start, serve boto3 and end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Serve, Server, failing_serve

SLEEPY = """
schemaVersion: '0.3'
description: {description}
mainSteps:
  - name: wait
    action: aws:sleep
    inputs: {{Duration: PT1H}}
outputs: []
"""

MEMORY = ("--data", ":memory:", "--aws", "http://127.0.0.1:9")


def finished(ssm: Any, execution_id: str) -> dict[str, Any]:
    """The execution as soon as it has ended."""
    while True:
        execution: dict[str, Any] = ssm.get_automation_execution(AutomationExecutionId=execution_id)[
            "AutomationExecution"
        ]
        if "ExecutionEndTime" in execution:
            return execution


def test_a_server_says_where_it_is_and_then_that_it_is_ready(serve: Serve) -> None:
    server = serve(*MEMORY)

    assert server.lines[-2].startswith("http://127.0.0.1:")
    assert server.lines[-1] == "Ready."
    with urllib.request.urlopen(f"{server.url}/_runwright/health") as answer:
        assert json.load(answer)["status"] == "ok"


def test_an_address_of_ipv6_is_taken_as_urls_write_it(serve: Serve) -> None:
    server = serve(*MEMORY, "--host", "[::1]")

    assert server.url.startswith("http://[::1]:")
    assert server.client().list_documents()["DocumentIdentifiers"]


def test_boto3_runs_a_runbook_on_a_server(serve: Serve) -> None:
    ssm = serve(*MEMORY, "--skip-time").client()
    ssm.create_document(
        Name="Sleepy", DocumentType="Automation", DocumentFormat="YAML", Content=SLEEPY.format(description="an hour")
    )

    started = ssm.start_automation_execution(DocumentName="Sleepy")

    execution = finished(ssm, started["AutomationExecutionId"])
    assert execution["AutomationExecutionStatus"] == "Success"
    assert (execution["ExecutionEndTime"] - execution["ExecutionStartTime"]).total_seconds() >= 3600


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_cleanly_when_it_is_told_to(serve: Serve, number: signal.Signals) -> None:
    server = serve(*MEMORY)
    server.client().list_documents()  # leaves a connection open

    server.process.send_signal(number)

    assert server.process.wait(20) == 0


def test_a_killed_server_takes_up_what_it_had_accepted(serve: Serve, tmp_path: Path) -> None:
    arguments = ("--data", str(tmp_path / "data"), "--aws", "http://127.0.0.1:9")
    first = serve(*arguments)
    first.client().create_document(
        Name="Sleepy", DocumentType="Automation", DocumentFormat="YAML", Content=SLEEPY.format(description="an hour")
    )
    id_ = first.client().start_automation_execution(DocumentName="Sleepy")["AutomationExecutionId"]
    first.process.kill()
    first.process.wait()

    ssm = serve(*arguments).client()

    status = ssm.get_automation_execution(AutomationExecutionId=id_)["AutomationExecution"]["AutomationExecutionStatus"]
    assert status == "InProgress"
    ssm.stop_automation_execution(AutomationExecutionId=id_)
    assert finished(ssm, id_)["AutomationExecutionStatus"] == "Cancelled"


def test_runbooks_of_a_directory_become_documents_and_new_content_their_default_version(
    serve: Serve, tmp_path: Path
) -> None:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "AWS-Sleepy.yaml").write_text(SLEEPY.format(description="first"))
    (folder / "notes.txt").write_text("no runbook")

    def described() -> tuple[str, str, str]:
        server: Server = serve(
            "--data", str(tmp_path / "data"), "--aws", "http://127.0.0.1:9", "--runbooks", str(folder)
        )
        document = server.client().describe_document(Name="AWS-Sleepy")["Document"]
        own = [{"Key": "Owner", "Values": ["Self"]}]
        names = [each["Name"] for each in server.client().list_documents(Filters=own)["DocumentIdentifiers"]]
        assert names == ["AWS-Sleepy"]
        assert server.stop() == 0
        return document["Description"], document["DefaultVersion"], document["LatestVersion"]

    assert described() == ("first", "1", "1")
    assert described() == ("first", "1", "1")
    (folder / "AWS-Sleepy.yaml").write_text(SLEEPY.format(description="second"))
    assert described() == ("second", "2", "2")


def test_a_refused_runbook_ends_the_start_with_its_problems(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(SLEEPY.format(description="x").replace("aws:sleep", "aws:slep"))

    ended = failing_serve(tmp_path, *MEMORY, "--runbooks", str(tmp_path))

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert f"{tmp_path}/broken.yaml:6:" in ended.stderr
    assert "aws:slep" in ended.stderr


def test_a_port_in_use_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = failing_serve(tmp_path, *MEMORY, "--port", str(other.getsockname()[1]))

    assert ended.returncode == 2
    assert ended.stderr.startswith("runwright serve: cannot listen at 127.0.0.1 port ")
    assert ended.stderr.count("\n") == 1


def test_a_data_directory_in_use_is_one_line_and_exit_code_2(serve: Serve, tmp_path: Path) -> None:
    arguments = ("--data", str(tmp_path / "data"), "--aws", "http://127.0.0.1:9")
    serve(*arguments)

    ended = failing_serve(tmp_path, *arguments)

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert str(tmp_path / "data") in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--quota", "runing=5"), "--quota: 'runing=5' is not NAME=N"),
        (("--quota", "running=many"), "--quota: 'running=many': a whole number is expected"),
        (("--aws", "ftp://x"), "--aws: 'ftp://x' is none of default, simulated and an http(s) URL"),
        (("--aws", "http://"), "--aws: 'http://' is none of default, simulated and an http(s) URL"),
        (("--aws", "http://me:secret@localhost:5000"), "--aws: the URL holds a user;"),
        (("--aws", "http://localhost:99999/x"), "--aws: 'http://localhost:99999/x' has no port"),
        (("--port", "high"), "--port: 'high' is no port"),
        (("--keep", "30"), "--keep: '30' is no time: a whole number with s, m, h or d is expected"),
        (("--attachments", "/nonexistent/x"), "--attachments: '/nonexistent/x' is no directory"),
        (("--runbooks", "/nonexistent/x"), "cannot read /nonexistent/x"),
    ],
)
def test_a_bad_setting_is_one_line_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    ended = failing_serve(tmp_path, *MEMORY, *arguments)

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"runwright serve: {complaint}")
    assert ended.stderr.count("\n") == 1


def test_real_aws_is_named_with_the_credentials_that_runbooks_will_use(serve: Serve, moto_url: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "any", "AWS_ENDPOINT_URL": moto_url}
    server = serve("--data", ":memory:", "--aws", "default", **keys)

    assert "real AWS, with the credentials of arn:aws:" in server.lines[0]
    assert "AKIAIOSFODNN7EXAMPLE" in server.lines[0]


def test_the_simulated_aws_serves_what_runbooks_call(serve: Serve) -> None:
    server = serve("--data", ":memory:", "--aws", "simulated")

    answer = server.client().put_parameter(Name="/x", Value="1", Type="String")

    assert answer["Version"] == 1


def test_a_setting_comes_from_the_environment_when_its_flag_is_not_given(serve: Serve) -> None:
    server = serve(RUNWRIGHT_DATA=":memory:", RUNWRIGHT_AWS="http://127.0.0.1:9", RUNWRIGHT_SKIP_TIME="true")

    request = urllib.request.Request(f"{server.url}/_runwright/reset", b"", {"X-Runwright": "1"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def test_a_server_has_loaded_what_reading_and_running_runbooks_takes_before_the_first_request() -> None:
    program = """if True:
        import json, sys
        import runwright.cli.serve
        from runwright.actions import DECLARATIONS
        from runwright.engine import parse

        def ours(): return {name for name in sys.modules if name.startswith("runwright")}

        loaded = ours()
        steps = [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}}]
        book = {"schemaVersion": "0.3", "mainSteps": steps}
        book["parameters"] = {"P": {"type": "String", "default": "a", "allowedPattern": "[a-z]"}}
        for text_format in ("JSON", "YAML"):
            parse(json.dumps(book), text_format)
        assert all(DECLARATIONS.values())
        print(len(loaded) > 100, ours() - loaded)
    """
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "True set()\n"
