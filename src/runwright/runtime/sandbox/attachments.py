"""Puts a runbook's attached files into a script's folder: archives unpacked, all kept inside, within limits.

It runs inside the sandbox, before the script. It does not know where the files came from or what they are for.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

MOST_BYTES = 64 * 1024 * 1024
"""Of all files together, unpacked."""

MOST_FILES = 2000
_DEEPEST = 32
_LONGEST_NAME = 255
_AT_A_TIME = 64 * 1024


class InvalidAttachment(ValueError):
    """An attached file that is not taken; the text says which and why."""


def unpack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files into `folder` under their names; a zip file's content goes there in its place.

    `folder` has to be empty of others' links: it is the script's own and new. Raises InvalidAttachment.
    """
    budget = _Budget()
    for name, content in files.items():
        if PurePosixPath(name).name != name:
            raise InvalidAttachment(f"The attached file '{name}' must have a plain name, without folders.")
        if name.lower().endswith(".zip"):
            _unpack_zip(name, content, folder, budget)
        else:
            budget.take(name, len(content))
            _target(folder, name, name).write_bytes(content)


class _Budget:
    def __init__(self) -> None:
        self._bytes, self._files = MOST_BYTES, MOST_FILES

    def take(self, name: str, size: int, files: int = 1) -> None:
        self._bytes -= size
        self._files -= files
        if self._files < 0:
            raise InvalidAttachment(f"'{name}': the attached files are more than {MOST_FILES}.")
        if self._bytes < 0:
            raise InvalidAttachment(
                f"'{name}': the attached files have more than {MOST_BYTES // (1024 * 1024)} MB unpacked."
            )


def _unpack_zip(name: str, content: bytes, folder: Path, budget: _Budget) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                _unpack_entry(name, archive, entry, folder, budget)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InvalidAttachment(f"The attached file '{name}' is no zip file that can be read: {error}") from None


def _unpack_entry(name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, budget: _Budget) -> None:
    target = _target(folder, name, entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidAttachment(f"'{name}' holds '{entry.filename}', which is neither a file nor a folder.")
    budget.take(name, 0)
    try:
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, target.open("wb") as file:
            while data := packed.read(_AT_A_TIME):  # what the entry says of its size is not believed
                budget.take(name, len(data), files=0)
                file.write(data)
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        raise InvalidAttachment(f"'{name}' holds '{entry.filename}' both as a file and as a folder.") from None


def _target(folder: Path, name: str, written: str) -> Path:
    parts = PurePosixPath(written.replace("\\", "/")).parts
    if (
        not parts
        or len(parts) > _DEEPEST
        or any(
            part in ("..", "/") or "\0" in part or len(part.encode("utf-8", "replace")) > _LONGEST_NAME
            for part in parts
        )
    ):
        raise InvalidAttachment(f"'{name}' holds '{written}', a path that is not within the script's folder.")
    target = folder.joinpath(*parts)
    if not target.resolve().is_relative_to(folder.resolve()):
        raise InvalidAttachment(f"'{name}' holds '{written}', a path that is not within the script's folder.")
    return target
