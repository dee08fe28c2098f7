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
    """A moto server, begun; `url` is the endpoint of every service once it is ready."""

    def __init__(self) -> None:
        """Begin it. Raises SimulatedUnavailable when moto is not installed."""
        if find_spec("moto") is None:
            raise SimulatedUnavailable(
                "The simulated AWS needs moto, which is not installed. "
                "Install it with: pip install 'runwright[simulated]'"
            )
        self.url = ""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self._process = _spawn(self._errors)

    def wait_until_ready(self) -> None:
        """Block until it accepts requests (about half a second). Raises SimulatedUnavailable when it does not start.

        Another thread may close it meanwhile, which ends the waiting.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if line.isdigit():
            self.url = f"http://127.0.0.1:{int(line)}"
            return
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "replace").strip()
        raise SimulatedUnavailable(
            "The simulated AWS (moto server) did not start. Is its server part installed "
            f"(pip install 'runwright[simulated]')? Its last words: {text[-600:] or 'none'}"
        )

    def close(self) -> None:
        """End the server and wait for its end."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()


def start_simulated_aws() -> SimulatedAws:
    """Start a moto server and return when it accepts requests; blocks meanwhile. Raises SimulatedUnavailable."""
    server = SimulatedAws()
    try:
        server.wait_until_ready()
    except BaseException:
        server.close()
        raise
    return server


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
