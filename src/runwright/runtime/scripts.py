"""Authors' scripts: each in a new process with its own folder, environment and limits, and gone with all it started.

This is protection against mistakes (a runaway loop, a flood of output), no wall between hostile users: a script runs as
the user of the server. It does not know what called it; `script_child.py` is the other side.
"""

from __future__ import annotations

import asyncio
import codecs
import datetime
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from runwright.messages import Failure, Json

MEGABYTE = 1024 * 1024
VALUE_BYTES = 100 * 1024
"""Of JSON that a script may return [UG26]."""

_CHILD = Path(__file__).with_name("script_child.py")
_PYTHON = re.compile(r"python3(\.[0-9]+)?\Z", re.IGNORECASE)
_POWERSHELL = re.compile(r"powershell( core)? [0-9.]+\Z", re.IGNORECASE)
_LAST_WORDS = 2000
"""Characters of output that a failure quotes where the script itself says nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """512 MB of memory and of disk are AWS's for Python [UG26]; `output_bytes` and `processes` are ours."""

    python_memory_bytes: int = 512 * MEGABYTE
    powershell_memory_bytes: int = 1024 * MEGABYTE
    file_bytes: int = 512 * MEGABYTE
    output_bytes: int = 16 * MEGABYTE
    processes: int = 256


@dataclass(frozen=True, slots=True)
class Script:
    """What to run. `seconds` bounds it, process start included."""

    runtime: str
    text: str
    handler: str
    payload: Json
    context: dict[str, Json]
    seconds: float


@dataclass(frozen=True, slots=True)
class Returned:
    """What the script's handler returned, as JSON."""

    value: Json


async def run_script(
    script: Script, environment: Mapping[str, str], report: Callable[[str], None], limits: Limits | None = None
) -> Returned | Failure:
    """Run the script to its end; its output goes to `report` as it comes.

    `environment` is all that it gets besides PATH and its own folder as HOME and TMPDIR. When the caller is cancelled,
    the script and every process of its group are killed.
    """
    limits = limits or Limits()
    is_powershell = _POWERSHELL.match(script.runtime) is not None
    if not is_powershell and not _PYTHON.match(script.runtime):
        return Failure(f"The runtime '{script.runtime}' is not known; python3.x and PowerShell are.")
    pwsh = shutil.which("pwsh") if is_powershell else None
    if is_powershell and pwsh is None:
        return Failure(
            f"The runtime '{script.runtime}' needs PowerShell: install it on the server's machine so that `pwsh` is on "
            "its PATH (https://learn.microsoft.com/powershell/scripting/install)."
        )
    folder = _new_folder()
    try:
        return await _run(script, environment, report, limits, folder, pwsh)
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def _new_folder() -> Path:
    """Named as AWS names it, since failure texts show it."""
    now = datetime.datetime.now(datetime.UTC)
    folder = Path(tempfile.gettempdir()).resolve() / f"{uuid.uuid4()}-{now:%Y-%m-%d-%H-%M-%S}"
    folder.mkdir(mode=0o700)
    return folder


async def _run(
    script: Script,
    environment: Mapping[str, str],
    report: Callable[[str], None],
    limits: Limits,
    folder: Path,
    pwsh: str | None,
) -> Returned | Failure:
    try:
        child = _Child(script, environment, limits, folder, pwsh)
    except OSError as error:
        return Failure(f"The script's process could not be started: {error}", "ScriptNotStarted")
    output = _Output(report, limits.output_bytes)
    try:
        async with asyncio.timeout(script.seconds):
            await child.follow(output)
    except TimeoutError:
        return Failure(f"The script did not end within {script.seconds:g} seconds and was stopped.", "ScriptTimedOut")
    finally:
        await asyncio.shield(child.end())
    if output.is_flood:
        return Failure(
            f"The script wrote more than {limits.output_bytes // MEGABYTE} MB of output and was stopped.", "OutputFlood"
        )
    return _powershell_outcome(folder, child, output) if pwsh else _python_outcome(child, output, limits)


class _Output:
    """Passes text on as it comes and keeps its end."""

    def __init__(self, report: Callable[[str], None], most_bytes: int) -> None:
        self._report = report
        self._left = most_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.end = ""
        self.is_flood = False

    def take(self, data: bytes) -> bool:
        """Whether there may be more."""
        self._left -= len(data)
        if self._left < 0:
            self.is_flood = True
            return False
        text = self._decoder.decode(data)
        if text:
            self.end = (self.end + text)[-_LAST_WORDS:]
            self._report(text)
        return True


class _Child:
    """A process that leads its own group, with a pipe for its output and one for its result."""

    def __init__(
        self, script: Script, environment: Mapping[str, str], limits: Limits, folder: Path, pwsh: str | None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = self._loop.create_future()
        self.result = b""
        self.status = 0
        files = _powershell_files(script) if pwsh else {"customer_script.py": script.text}
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
        result_pipe, result_end = os.pipe()
        output_pipe, output_end = os.pipe()
        self._pipes = [os.fdopen(result_pipe, "rb", buffering=0), os.fdopen(output_pipe, "rb", buffering=0)]
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "TMPDIR": str(folder)}
        if pwsh:
            own["InputPayload"] = json.dumps(script.payload)
        job = {
            "parent": os.getpid(),
            "powershell": [pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", "launcher.ps1"] if pwsh else None,
            "handler": script.handler,
            "payload": script.payload,
            "context": script.context,
            "result_fd": result_end,
            "memory_bytes": limits.powershell_memory_bytes if pwsh else limits.python_memory_bytes,
            "file_bytes": limits.file_bytes,
            "cpu_seconds": math.ceil(script.seconds) + 1,
            "processes": limits.processes,
            "value_bytes": VALUE_BYTES,
        }
        try:
            with tempfile.TemporaryFile() as standard_input:
                standard_input.write(json.dumps(job).encode("ascii"))
                standard_input.seek(0)
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-X", "utf8", str(_CHILD)],
                    stdin=standard_input,
                    stdout=output_end,
                    stderr=output_end,
                    pass_fds=() if pwsh else (result_end,),
                    env={**environment, **own},
                    cwd=folder,
                    start_new_session=True,
                )
        except BaseException:
            self._close_pipes()
            raise
        finally:
            os.close(result_end)
            os.close(output_end)
        threading.Thread(target=self._wait, name="runwright-script", daemon=True).start()

    async def follow(self, output: _Output) -> None:
        """Read until the process has ended. What its descendants still write then is not waited for."""
        result_pipe, output_pipe = self._pipes
        pumps = {
            asyncio.create_task(self._pump(result_pipe, self._take_result)),
            asyncio.create_task(self._pump(output_pipe, output.take)),
        }
        try:
            await asyncio.wait({self.exited})  # not awaited itself: a cancelled waiter would cancel it
            self._kill_group()
            await asyncio.wait(pumps, timeout=1.0)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)

    async def end(self) -> None:
        """Kill what is left of the group and collect the process."""
        self._kill_group()
        await self.exited
        self.status = self._process.wait()
        self._close_pipes()

    def _kill_group(self) -> None:
        # The process is not collected before `end`, so its id cannot have become another's.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # nobody is left (macOS says the latter of a group of zombies)

    def _wait(self) -> None:
        """In a thread of its own: see the end of the process without collecting it."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        try:
            self._loop.call_soon_threadsafe(self._note_exit)
        except RuntimeError:
            pass  # the loop is closed: nobody is left to be told

    def _note_exit(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)

    def _take_result(self, data: bytes) -> bool:
        self.result += data
        return len(self.result) <= 2 * MEGABYTE  # a script that writes there itself gets no more than a bad result

    async def _pump(self, pipe: IO[bytes], take: Callable[[bytes], bool]) -> None:
        """Read the pipe to its end; when `take` wants no more, that is the end of the process."""
        reader = asyncio.StreamReader()
        transport, _ = await self._loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            while data := await reader.read(64 * 1024):
                if not take(data):
                    self._kill_group()
                    return
        finally:
            transport.close()

    def _close_pipes(self) -> None:
        for pipe in self._pipes:
            pipe.close()


def _python_outcome(child: _Child, output: _Output, limits: Limits) -> Returned | Failure:
    try:
        answer = json.loads(child.result)
    except ValueError:
        return _died(child.status, output)
    match answer:
        case {"value": value}:
            return Returned(value)
        case {"failure": str(text)}:
            return Failure(text)
        case {"out_of_memory": True}:
            megabytes = limits.python_memory_bytes // MEGABYTE
            return Failure(f"The script needed more than the {megabytes} MB of memory that it may use.", "OutOfMemory")
        case _:
            return _died(child.status, output)


def _died(status: int, output: _Output) -> Failure:
    """The process ended before it could say how the script ended."""
    if status == -signal.SIGXCPU:
        return Failure("The script used up its processor time and was stopped.", "ScriptTimedOut")
    how = f"with exit code {status}" if status >= 0 else f"by signal {signal.Signals(-status).name}"
    words = f" Its last output: {output.end.strip()}" if output.end.strip() else ""
    return Failure(f"The script's process ended {how} before its handler returned.{words}")


# ----------------------------------------------------------------------------------------------------- PowerShell

_LAUNCHER = """\
$ErrorActionPreference = 'Stop'
try {
  $result = & (Join-Path $PSScriptRoot 'customer_script.ps1')
  if ($null -eq $result) { $text = 'null' }
  elseif ($result -is [string]) { $text = $result }
  else { $text = ConvertTo-Json -InputObject $result -Depth 20 -Compress }
  [System.IO.File]::WriteAllText((Join-Path $PSScriptRoot 'result'), $text)
} catch {
  $text = $_.Exception.GetType().Name + ' - ' + $_.Exception.Message + "`n" + $_.ScriptStackTrace
  [System.IO.File]::WriteAllText((Join-Path $PSScriptRoot 'failure'), $text)
  exit 1
}
"""


def _powershell_files(script: Script) -> dict[str, str]:
    return {"customer_script.ps1": script.text, "launcher.ps1": _LAUNCHER}


def _powershell_outcome(folder: Path, child: _Child, output: _Output) -> Returned | Failure:
    """What the script gave: text that is JSON stands for its value."""
    failure, result = folder / "failure", folder / "result"
    if failure.is_file():
        return Failure(failure.read_text("utf-8", "replace")[:_LAST_WORDS])
    if child.status != 0 or not result.is_file():
        return _died(child.status, output)
    if result.stat().st_size > VALUE_BYTES:
        return Failure(
            f"The script returned {result.stat().st_size} bytes of JSON; at most {VALUE_BYTES} bytes are taken."
        )
    text = result.read_text("utf-8", "replace")
    try:
        return Returned(json.loads(text))
    except ValueError:
        return Returned(text)
