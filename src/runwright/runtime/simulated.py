"""The simulated AWS: starts and ends a moto server of our own as a child process.

It knows no botocore and no runbook; whoever has the URL uses it like any other backend.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import IO

_CHILD = Path(__file__).with_name("moto_child.py")


class SimulatedUnavailable(RuntimeError):
    """The simulated AWS cannot be started; the text says what to do."""


class SimulatedAws:
    """A running moto server. `url` is the endpoint of every service."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process = process
        self.url = url

    def close(self) -> None:
        """End the server and wait for its end."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.kill()
        self._process.wait()


def start_simulated_aws() -> SimulatedAws:
    """Start a moto server and return when it accepts requests (about half a second); blocks meanwhile.

    Raises SimulatedUnavailable when moto is not installed or does not start.
    """
    if find_spec("moto") is None:
        raise SimulatedUnavailable(
            "The simulated AWS needs moto, which is not installed. Install it with: pip install 'runwright[simulated]'"
        )
    with tempfile.TemporaryFile() as errors:
        process = _spawn(errors)
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if line.isdigit():
            return SimulatedAws(process, f"http://127.0.0.1:{int(line)}")
        SimulatedAws(process, "").close()
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace").strip()
    raise SimulatedUnavailable(
        "The simulated AWS (moto server) did not start. Is its server part installed "
        f"(pip install 'runwright[simulated]')? Its last words: {text[-600:] or 'none'}"
    )


def _spawn(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    # -P: the modules beside the child's file must not hide installed ones. A session of its own: Ctrl-C in a terminal
    # is for the server, which then ends this process when it no longer needs it.
    return subprocess.Popen(
        [sys.executable, "-P", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
    )
