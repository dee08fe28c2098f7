"""Real servers as child processes, for tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

COMMAND = [sys.executable, "-m", "runwright"]


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without settings and credentials."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNWRIGHT_", "AWS_"))}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"} | more


@dataclass
class Server:
    process: subprocess.Popen[str]
    lines: list[str]

    @property
    def url(self) -> str:
        return self.lines[-2]

    def client(self, service: str = "ssm", key: str = "123456789012", region: str = "us-east-1") -> Any:
        return boto3.client(
            service, endpoint_url=self.url, region_name=region, aws_access_key_id=key, aws_secret_access_key="any"
        )

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.terminate()
        return self.process.wait(20)


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `runwright serve` on a free port with these further arguments; it is ready when this returns."""
    with ExitStack() as stack:

        def start(*arguments: str, **variables: str) -> Server:
            process = stack.enter_context(
                subprocess.Popen(
                    [*COMMAND, "serve", "--port", "0", *arguments],
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=tmp_path,
                    env=clean_environment(**variables),
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if lines[-1] == "Ready.":
                    return Server(process, lines)
            raise AssertionError(f"it ended with {process.wait()} and said {lines}")

        yield start


def failing_serve(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected not to start."""
    return subprocess.run(
        [*COMMAND, "serve", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=folder,
        env=clean_environment(**variables),
        check=False,
    )
