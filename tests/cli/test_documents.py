"""`runwright documents pull`, against a stub that speaks ListDocuments, DescribeDocument and GetDocument."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from runwright.cli import main
from runwright.cli.runbook_files import read_directories

SLEEP = "schemaVersion: '0.3'\nmainSteps:\n- {name: rest, action: aws:sleep, inputs: {Duration: PT1S}}\n"
SLEEP_JSON = json.dumps(
    {"schemaVersion": "0.3", "mainSteps": [{"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}]}
)


class Account:
    """Documents by name (format, text), listed two at a time."""

    def __init__(self) -> None:
        self.documents = {
            "AWS-Broken": ("YAML", "schemaVersion: '0.3'\nmainSteps: []\n"),
            "AWS-Rest": ("YAML", SLEEP),
            "AWS-RestJson": ("JSON", SLEEP_JSON),
            "Mine": ("YAML", SLEEP),
        }
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append((operation, request))
        if operation == "ListDocuments":
            prefix = next((each["Values"][0] for each in request["Filters"] if each["Key"] == "Name"), "")
            names = [name for name in self.documents if name.startswith(prefix)]
            place = int(request.get("NextToken", "0"))
            shown = [{"Name": name, "DocumentFormat": self.documents[name][0]} for name in names[place : place + 2]]
            more = {"NextToken": str(place + 2)} if place + 2 < len(names) else {}
            return 200, {"DocumentIdentifiers": shown} | more
        if request["Name"] not in self.documents:
            return 400, {"__type": "InvalidDocument", "Message": "there is none"}
        form, text = self.documents[request["Name"]]
        if operation == "DescribeDocument":
            return 200, {"Document": {"Name": request["Name"], "DocumentFormat": form}}
        attached = [{"Name": "a.py", "Size": 1}] if request["Name"] == "Mine" else []
        return 200, {"Name": request["Name"], "Content": text, "DocumentVersion": "7", "AttachmentsContent": attached}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Account, str]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    stub = Account()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = stub.answer(self.headers["x-amz-target"].rpartition(".")[2], json.loads(body))
            encoded = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *args: object) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield stub, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        serving.join()


def pull(url: str, folder: Path, *patterns: str) -> int:
    return main(["documents", "pull", *patterns, "--to", str(folder), "--from-url", url])


def test_matching_runbooks_become_files_that_a_server_takes(account: tuple[Account, str], tmp_path: Path) -> None:
    stub, url = account
    del stub.documents["AWS-Broken"]
    stub.documents |= {"AWS-Third": ("YAML", SLEEP)}

    assert pull(url, tmp_path / "books", "AWS-*") == 0

    written = {path.name: path.read_text() for path in (tmp_path / "books").iterdir()}
    assert written == {"AWS-Rest.yaml": SLEEP, "AWS-RestJson.json": SLEEP_JSON, "AWS-Third.yaml": SLEEP}
    assert not any(file.has_errors for file in read_directories([tmp_path / "books"]))
    listed = [request for operation, request in stub.asked if operation == "ListDocuments"]
    assert len(listed) == 2
    assert {"Key": "Name", "Values": ["AWS-"]} in listed[0]["Filters"]


def test_a_name_is_copied_without_a_list(account: tuple[Account, str], tmp_path: Path) -> None:
    stub, url = account

    assert pull(url, tmp_path, "AWS-Rest") == 0

    assert [path.name for path in tmp_path.iterdir()] == ["AWS-Rest.yaml"]
    assert [operation for operation, _ in stub.asked] == ["DescribeDocument", "GetDocument"]


def test_what_cannot_be_used_is_told_and_left_out(
    account: tuple[Account, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pull(account[1], tmp_path, "AWS-[BR]*", "Mine") == 1

    said = capsys.readouterr().out
    assert "AWS-Broken: left out" in said
    assert "AWS-Broken.yaml:2:" in said
    assert "Mine: its attached files are not copied" in said
    assert "3 of 4 runbooks" in said
    assert not (tmp_path / "AWS-Broken.yaml").exists()


def test_copied_again_only_what_has_changed_is_written(
    account: tuple[Account, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub, url = account
    pull(url, tmp_path, "AWS-Rest*")
    stub.documents["AWS-Rest"] = ("YAML", SLEEP.replace("PT1S", "PT2S"))
    capsys.readouterr()

    assert pull(url, tmp_path, "AWS-Rest*") == 0

    assert capsys.readouterr().out.splitlines()[:2] == ["AWS-Rest: version 7 written", "AWS-RestJson: unchanged"]
    assert "PT2S" in (tmp_path / "AWS-Rest.yaml").read_text()


def test_a_file_of_the_same_name_in_the_other_format_is_kept(account: tuple[Account, str], tmp_path: Path) -> None:
    (tmp_path / "AWS-Rest.json").write_text(SLEEP_JSON)

    assert pull(account[1], tmp_path, "AWS-Rest") == 1

    assert [path.name for path in tmp_path.iterdir()] == ["AWS-Rest.json"]


@pytest.mark.parametrize("pattern", ["Nothing*", "Nothing"])
def test_nothing_of_that_name_is_an_error(
    account: tuple[Account, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], pattern: str
) -> None:
    assert pull(account[1], tmp_path, pattern) == 2

    assert capsys.readouterr().err.startswith("runwright documents pull: ")


@pytest.mark.usefixtures("account")
def test_an_endpoint_that_is_no_url_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pull("nowhere", tmp_path, "AWS-Rest") == 2

    assert capsys.readouterr().err.startswith("runwright documents pull: --from-url: 'nowhere' is no URL")
