"""Copies of a data folder, made beside a running server."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runwright.cli import main
from runwright.runtime.backup import BackupRefused, back_up
from runwright.runtime.sqlite import FILE_NAME, Database
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
    assert list(copy.glob("runwright.sqlite3*")) == []


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    assert main(["backup", str(tmp_path / "copy"), "--data", str(tmp_path)]) == 2
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)


@pytest.mark.parametrize(
    ("target", "data", "complaint"),
    [
        ("", "data", "TARGET is empty: the directory for the copy is expected"),
        ("file", "data", "the copy could not be written to file: file is no directory"),
        ("file/copy", "data", "the copy could not be written to file/copy: file is no directory"),
        ("/proc/copy", "data", "the copy could not be written to /proc/copy: No such file or directory"),
        ("copy", "d" * 300, f"{'d' * 300}/{FILE_NAME} cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_copied_to_or_from_is_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    target: str,
    data: str,
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    written(Path("data"), "a")

    assert main(["backup", target, "--data", data]) == 2

    assert capsys.readouterr() == ("", f"runwright backup: {complaint}\n")
    assert sorted(os.listdir()) == ["data", "file"]


@contextmanager
def files_of_at_most(most: int) -> Iterator[None]:
    """As on a disk that is full: what would make a file longer is refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def written(folder: Path, key: str) -> Path:
    """A data folder with an attached file of three megabytes."""

    async def write() -> None:
        database = Database.open(folder)
        content = os.urandom(3_000_000)
        await database.write(
            lambda connection: connection.execute("INSERT INTO attachments VALUES (?, ?)", (key, content))
        )
        await database.close()

    asyncio.run(write())
    return folder


def test_a_copy_that_does_not_fit_leaves_nothing_and_the_next_is_whole(tmp_path: Path) -> None:
    data, copy = written(tmp_path / "data", "a"), tmp_path / "copy"
    for most in (4096, 1_000_000):
        with files_of_at_most(most), pytest.raises(BackupRefused, match="could not be copied"):
            back_up(data, copy)
        assert list(copy.glob(f"{FILE_NAME}*")) == []
    assert back_up(data, copy) > 3_000_000


def test_a_copy_is_its_owners_alone(tmp_path: Path) -> None:
    data, copy = written(tmp_path / "data", "a"), tmp_path / "copy"
    (data / FILE_NAME).chmod(0o644)
    before = os.umask(0)
    try:
        back_up(data, copy)
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in (copy, *copy.iterdir())} == {
        "copy": 0o700,
        "lock": 0o600,
        FILE_NAME: 0o600,
    }


def test_what_a_backup_that_was_killed_has_left_is_removed(tmp_path: Path) -> None:
    data, copy = written(tmp_path / "data", "a"), tmp_path / "copy"
    copy.mkdir()
    for ending in ("", "-wal", "-journal", "-shm"):
        (copy / f"{FILE_NAME}.part{ending}").write_bytes(b"\xff" * 9000)
    back_up(data, copy)
    assert [file.name for file in copy.glob(f"{FILE_NAME}*")] == [FILE_NAME]


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_what_another_database_has_left_is_not_taken_for_a_part_of_the_copy(tmp_path: Path, ending: str) -> None:
    """SQLite would play it into the copy when that is opened."""
    data, copy = written(tmp_path / "data", "a"), tmp_path / "copy"
    copy.mkdir()
    left = copy / f"{FILE_NAME}{ending}"
    left.write_bytes(b"of another")
    with pytest.raises(BackupRefused, match=left.name):
        back_up(data, copy)
    assert left.read_bytes() == b"of another"
    assert not (copy / FILE_NAME).exists()


def test_a_folder_that_a_server_or_another_backup_is_about_to_use_is_refused(tmp_path: Path) -> None:
    data, copy = written(tmp_path / "data", "a"), tmp_path / "copy"

    async def beside_another() -> None:
        other = Database.open(copy)
        (copy / FILE_NAME).rename(tmp_path / "not there yet")
        with pytest.raises(BackupRefused, match="in use"):
            back_up(data, copy)
        await other.close()

    asyncio.run(beside_another())


def test_new_folders_are_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is an entry in the one that it lies in."""
    synced: set[str] = set()
    fsync = os.fsync

    def recording(handle: int) -> None:
        synced.add(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", recording)
    data, copy = written(tmp_path / "data" / "of" / "mine", "a"), tmp_path / "copies" / "today"
    assert synced == {str(folder) for folder in (tmp_path, tmp_path / "data", tmp_path / "data" / "of")}
    synced.clear()
    back_up(data, copy)
    assert synced == {str(path) for path in (copy / f"{FILE_NAME}.part", copy, tmp_path / "copies", tmp_path)}
