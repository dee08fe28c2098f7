from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from runwright.runtime.sandbox import attachments
from runwright.runtime.sandbox.attachments import InvalidAttachment, unpack
from tests.sandbox.stage import Stage


def archive(entries: dict[str, bytes], kind: int = stat.S_IFREG) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (kind | 0o777) << 16
            packed.writestr(entry, content)
    return file.getvalue()


def test_files_lie_in_the_folder_and_archives_are_unpacked_there(tmp_path: Path) -> None:
    unpack({"a.py": b"A", "tools.zip": archive({"b.py": b"B", "deep/er/c.txt": b"C"})}, tmp_path)
    found = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"a.py": b"A", "b.py": b"B", "deep/er/c.txt": b"C"}


@pytest.mark.parametrize("path", ["../out", "/etc/out", "a/../../out", "..\\out", "a/" * 40 + "b", "x" * 300])
def test_a_path_that_leads_outside_is_refused(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    with pytest.raises(InvalidAttachment, match="not within the script's folder"):
        unpack({"tools.zip": archive({path: b"x"})}, folder)
    assert [each.name for each in tmp_path.iterdir()] == ["own"]


def test_a_name_with_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidAttachment, match="plain name"):
        unpack({"../a.py": b""}, tmp_path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path, kind: int) -> None:
    with pytest.raises(InvalidAttachment, match="neither a file nor a folder"):
        unpack({"tools.zip": archive({"link": b"/etc/passwd"}, kind)}, tmp_path)


def test_a_small_archive_of_much_is_stopped_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_BYTES", 1024 * 1024)
    with pytest.raises(InvalidAttachment, match="more than 1 MB"):
        unpack({"bomb.zip": archive({"zeros": bytes(8 * 1024 * 1024)})}, tmp_path)
    assert (tmp_path / "zeros").stat().st_size <= 1024 * 1024


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_FILES", 3)
    with pytest.raises(InvalidAttachment, match="more than 3"):
        unpack({"many.zip": archive({f"{number}.txt": b"" for number in range(4)})}, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no zip", archive({"a": b"x" * 1000})[:-30]])
def test_what_is_no_archive_says_so(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidAttachment, match="is no zip file"):
        unpack({"tools.zip": content}, tmp_path)


def test_a_name_that_is_file_and_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidAttachment, match="both as a file and as a folder"):
        unpack({"tools.zip": archive({"a": b"x", "a/b": b"y"})}, tmp_path)


def test_a_handler_without_a_file_is_told_what_an_attached_one_is_called(stage: Stage) -> None:
    code = b"def main(events, context):\n    return 1"
    found = stage.failure("", files={"greet.py": code})
    assert found == (
        "Handler 'main' names no file; FILE.FUNCTION is expected for an attached script, such as greet.main."
    )
    assert "no Python file at the top" in stage.failure("", files={"tools.zip": archive({"deep/greet.py": code})})
