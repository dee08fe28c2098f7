"""The audit log: one JSON object a line for each request, appended to a file that is never rewritten.

A line is written before the answer goes out; of a request that may change something also one before it is carried
out, so that what was done is on record even if the server dies meanwhile. Bodies and signatures are never written.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from runwright.errors import ServiceError


class AuditLog:
    """Opened for appending with mode 600. Raises OSError when it cannot be."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def write(self, phase: str, **facts: str | int | list[str] | None) -> None:
        """Append one line. Raises InternalServerError when it cannot be kept: nothing is done unseen."""
        line = {"time": _now(), "phase": phase} | {name: value for name, value in facts.items() if value is not None}
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        try:
            written = os.write(self._file, data)
        except OSError as error:
            written, reason = 0, error.strerror
        else:
            reason = "the disk is full"
        if written != len(data):
            raise ServiceError("InternalServerError", f"The audit log cannot be written: {reason}.", 500)

    def close(self) -> None:
        os.close(self._file)


def _now() -> str:
    at = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"
