"""Servers as child processes, and what they use of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOBODY = "http://127.0.0.1:9"
UNLIMITED = ("--quota", "running=0", "--quota", "queued=0", "--quota", "rate-controlled=0")


@dataclass
class Served:
    url: str
    process: subprocess.Popen[str]
    seconds: float

    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(*command: str) -> Iterator[Served]:
    """A child that prints its URL and then `Ready.`; `seconds` is how long that took."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            if lines[-1] == "Ready.":
                break
        else:
            raise RuntimeError(f"{command} said {lines} and ended")
        yield Served(lines[-2], process, time.perf_counter() - began)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def runwright(folder: Path, *more: str, aws: str = NOBODY) -> Iterator[Served]:
    """`runwright serve` on a data folder, without quotas."""
    arguments = ("serve", "--port", "0", "--data", str(folder), "--aws", aws, *UNLIMITED, *more)
    with started("-m", "runwright", *arguments) as served:
        yield served
