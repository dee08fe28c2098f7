"""Copies of a data folder, made beside a running server."""

from __future__ import annotations

import shutil
from pathlib import Path

from runwright.cli import main
from tests.cli.conftest import Serve
from tests.cli.test_serve import SLEEPY

NOBODY = "http://127.0.0.1:9"


def test_a_running_server_is_copied_and_the_copy_can_be_served(serve: Serve, tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    ssm = serve("--data", str(data), "--aws", NOBODY).client()
    ssm.create_document(
        Name="Sleepy", DocumentType="Automation", DocumentFormat="YAML", Content=SLEEPY.format(description="x")
    )
    id_ = ssm.start_automation_execution(DocumentName="Sleepy")["AutomationExecutionId"]

    assert main(["backup", str(copy), "--data", str(data)]) == 0

    found = serve("--data", str(copy), "--aws", NOBODY).client().get_automation_execution(AutomationExecutionId=id_)
    assert found["AutomationExecution"]["AutomationExecutionStatus"] == "InProgress"
    assert [file.name for file in copy.iterdir() if file.name.endswith(".part")] == []


def test_a_backup_is_not_written_over_another(serve: Serve, tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    serve("--data", str(data), "--aws", NOBODY)
    assert main(["backup", str(copy), "--data", str(data)]) == 0

    assert main(["backup", str(copy), "--data", str(data)]) == 2


def test_a_corrupted_database_is_named_and_its_copy_not_kept(serve: Serve, tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    assert serve("--data", str(data), "--aws", NOBODY).stop() == 0
    file = data / "runwright.sqlite3"
    content = bytearray(file.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(content)

    assert main(["backup", str(copy), "--data", str(data)]) == 2
    assert list(copy.iterdir()) == []


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    assert main(["backup", str(tmp_path / "copy"), "--data", str(tmp_path)]) == 2
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
