"""Authors' scripts: each in a sandbox of its own with a folder, an environment and limits, gone with all it started.

It says what a sandbox has to do and what its end means to a step; how a sandbox is made `sandboxes.py` and `sandbox/`
know.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import datetime
import json
import math
import os
import re
import signal
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from runwright.language.json_values import MOST_LEVELS, TooDeep, json_value
from runwright.messages import Failure, Json
from runwright.runtime import forwarding
from runwright.runtime.forwarding import Forwarder, Way
from runwright.runtime.powershell import find_pwsh
from runwright.runtime.sandbox.tiers import NAMESPACES, REFUSED
from runwright.runtime.sandboxes import Ladder, Sandbox, SandboxBroken, Sandboxes

MEGABYTE = 1024 * 1024
VALUE_BYTES = 100 * 1024
"""Of JSON that a script may return [UG26]."""

_PYTHON = re.compile(r"python3(\.[0-9]+)?\Z", re.IGNORECASE)
_POWERSHELL = re.compile(r"powershell( core)? [0-9.]+\Z", re.IGNORECASE)
_LAST_WORDS = 2000
"""Characters of output that a failure quotes where the script itself says nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """512 MB of memory and of disk are AWS's for Python [UG26]; the others are ours."""

    python_memory_bytes: int = 512 * MEGABYTE
    powershell_memory_bytes: int = 1024 * MEGABYTE
    disk_bytes: int = 512 * MEGABYTE
    output_bytes: int = 16 * MEGABYTE
    processes: int = 128
    descriptors: int = 512


@dataclass(frozen=True, slots=True)
class Script:
    """What to run. `seconds` bounds it; `files` are put into its folder, zip files unpacked."""

    runtime: str
    text: str
    handler: str
    payload: Json
    context: dict[str, Json]
    seconds: float
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the script's handler returned, as JSON."""

    value: Json


class Scripts:
    """Runs scripts in sandboxes. Belongs to one event loop; the first script starts what makes them."""

    def __init__(
        self, mode: str = "auto", *, is_open: bool = True, limits: Limits | None = None, pwsh: Path | None = None
    ) -> None:
        """`mode` is `auto`, `none`, or a tier that has to be taken.

        `is_open`: scripts reach the whole network; else no more than the endpoints in their environment. `pwsh` is the
        PowerShell to take, None the one on PATH.
        """
        self._pwsh = pwsh
        self._is_open = is_open
        self._limits = limits or Limits()
        self._sandboxes = Sandboxes(mode, "open" if is_open else "forwarded", pwsh)

    async def ladder(self) -> Ladder:
        """The tier that scripts run in here, and what was found."""
        return await self._sandboxes.ladder()

    def close(self) -> None:
        """End what makes sandboxes, and all sandboxes."""
        self._sandboxes.close()

    async def run(
        self, script: Script, environment: Mapping[str, str], report: Callable[[str], None]
    ) -> Returned | Failure:
        """Run the script to its end; its output goes to `report` as it comes.

        `environment` is all that it gets besides PATH and its own folder as HOME and TMPDIR. When the caller is
        cancelled, the script ends with all that it started.
        """
        is_powershell = _POWERSHELL.match(script.runtime) is not None
        if not is_powershell and not _PYTHON.match(script.runtime):
            return Failure(f"The runtime '{script.runtime}' is not known; python3.x and PowerShell are.")
        pwsh = find_pwsh(self._pwsh) if is_powershell else None
        if is_powershell and pwsh is None:
            return Failure(
                f"The runtime '{script.runtime}' needs PowerShell: install it on the server's machine so that `pwsh` "
                "is on its PATH (https://learn.microsoft.com/powershell/scripting/install), or name it with --pwsh."
            )
        ladder = await self._sandboxes.ladder()
        if ladder.tier == REFUSED:
            return Failure(refusal_of(ladder), "ScriptNotStarted")
        try:
            sandbox = await self._sandboxes.take()
        except OSError as error:
            return Failure(f"The script's process could not be started: {error}", "ScriptNotStarted")
        ways = () if self._is_open else forwarding.ways_to(_endpoints(environment))
        forwarder = Forwarder(ways)
        output = _Output(report, self._limits.output_bytes)
        try:
            async with asyncio.timeout(script.seconds):
                await sandbox.begin(self._job(script, environment, pwsh, ways))
                if ladder.tier == NAMESPACES and ways:
                    await forwarder.open(await sandbox.listeners())
                told = await _follow(sandbox, output)
        except TimeoutError:
            return Failure(
                f"The script did not end within {script.seconds:g} seconds and was stopped.", "ScriptTimedOut"
            )
        except SandboxBroken as error:
            return Failure(f"The script's process could not be started: {error}", "ScriptNotStarted")
        finally:
            await asyncio.shield(_end(sandbox, forwarder))
            self._sandboxes.prepare()
        if told is None:
            most = self._limits.output_bytes // MEGABYTE
            return Failure(f"The script wrote more than {most} MB of output and was stopped.", "OutputFlood")
        return self._outcome(told, output, is_powershell=is_powershell)

    def _job(
        self, script: Script, environment: Mapping[str, str], pwsh: str | None, ways: tuple[Way, ...]
    ) -> dict[str, Json]:
        own = {"PATH": os.environ.get("PATH", os.defpath)}
        if pwsh:
            own["InputPayload"] = json.dumps(script.payload)
        return {
            "folder": _folder_name(),
            "environment": {**environment, **own},
            "handler": script.handler,
            "payload": script.payload,
            "context": script.context,
            "powershell": [pwsh, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", "launcher.ps1"] if pwsh else None,
            "texts": _texts(script, is_powershell=pwsh is not None),
            "files": {name: base64.b64encode(content).decode("ascii") for name, content in script.files.items()},
            "results": ["failure", "result"] if pwsh else [],
            "value_bytes": VALUE_BYTES,
            "seconds": script.seconds,
            "limits": {
                "memory_bytes": self._memory_bytes(is_powershell=pwsh is not None),
                "disk_bytes": self._limits.disk_bytes,
                "cpu_seconds": math.ceil(script.seconds) + 1,
                "descriptors": self._limits.descriptors,
                "processes": self._limits.processes,
            },
            "etc": _names_of_the_machine() if self._is_open else {"hosts": forwarding.hosts_file(ways)},
            "addresses": list(forwarding.addresses(ways)),
            "listeners": [list(each) for each in forwarding.listeners(ways)],
            "ports": [way.port for way in ways],
        }

    def _memory_bytes(self, *, is_powershell: bool) -> int:
        return self._limits.powershell_memory_bytes if is_powershell else self._limits.python_memory_bytes

    def _outcome(self, told: dict[str, Any], output: _Output, *, is_powershell: bool) -> Returned | Failure:
        if told["reason"] == "memory":
            return self._out_of_memory(is_powershell=is_powershell)
        if told["reason"] == "processes":
            return Failure(
                f"The script started more than the {self._limits.processes} processes that it may have and was "
                "stopped.",
                "TooManyProcesses",
            )
        if is_powershell and not told["answer"]:
            return _powershell_outcome(told, output)
        try:
            answer = json_value(told["answer"])
        except TooDeep:
            return Failure(f"The handler must return lists and maps that are at most {MOST_LEVELS - 1} levels deep.")
        except ValueError:
            return _died(told["status"], output)
        match answer:
            case {"value": value}:
                return Returned(value)
            case {"failure": str(text)}:
                return Failure(text)
            case {"unstartable": str(text)}:
                return Failure(f"The script's process could not be started: {text}", "ScriptNotStarted")
            case {"out_of_memory": True}:
                return self._out_of_memory(is_powershell=False)
            case _:
                return _died(told["status"], output)

    def _out_of_memory(self, *, is_powershell: bool) -> Failure:
        megabytes = self._memory_bytes(is_powershell=is_powershell) // MEGABYTE
        return Failure(f"The script needed more than the {megabytes} MB of memory that it may use.", "OutOfMemory")


def refusal_of(ladder: Ladder) -> str:
    """Why scripts are not run on this machine, and what to do."""
    reasons = [str(ladder.facts[key]) for key in ("no_namespaces", "no_landlock", "error") if key in ladder.facts]
    return (
        f"Scripts are not run here, because this machine cannot isolate them: {'; '.join(reasons)}. "
        "`runwright doctor` tells more; --script-sandbox=none runs them without isolation."
    )


def _endpoints(environment: Mapping[str, str]) -> list[str]:
    return [url for name, url in environment.items() if name.startswith("AWS_ENDPOINT_URL")]


def _folder_name() -> str:
    """As AWS names it, since failure texts show it."""
    return f"{uuid.uuid4()}-{datetime.datetime.now(datetime.UTC):%Y-%m-%d-%H-%M-%S}"


def _names_of_the_machine() -> dict[str, str]:
    """The files by which names are resolved: what a script needs to reach the whole network."""
    found = {}
    for name in ("hosts", "resolv.conf"):
        try:
            found[name] = Path("/etc", name).read_text("utf-8", "replace")
        except OSError:
            continue  # a machine without one resolves names without it
    return found


async def _follow(sandbox: Sandbox, output: _Output) -> dict[str, Any] | None:
    """How it ended, all output taken; None when it wrote too much."""
    pump = asyncio.create_task(_pump(sandbox.output, output))
    end = asyncio.create_task(sandbox.end())
    try:
        await asyncio.wait({pump, end}, return_when=asyncio.FIRST_COMPLETED)
        if not (pump.done() and output.is_flood):
            await asyncio.wait({end})
            await asyncio.wait({pump}, timeout=1.0)  # nobody is left to write; what lies in the pipe is read
        return None if output.is_flood else await end
    finally:
        for task in (pump, end):
            task.cancel()
        await asyncio.wait({pump, end})


async def _pump(pipe: IO[bytes], output: _Output) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        while data := await reader.read(64 * 1024):
            if not output.take(data):
                return
    finally:
        transport.close()


async def _end(sandbox: Sandbox, forwarder: Forwarder) -> None:
    await sandbox.close()
    await forwarder.close()


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


def _died(status: int, output: _Output) -> Failure:
    """The process ended before it could say how the script ended."""
    if status == -signal.SIGXCPU:
        return Failure("The script used up its processor time and was stopped.", "ScriptTimedOut")
    how = f"with exit code {status}" if status >= 0 else f"by signal {_name_of(-status)}"
    words = f" Its last output: {output.end.strip()}" if output.end.strip() else ""
    return Failure(f"The script's process ended {how} before its handler returned.{words}")


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return str(number)


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


def _texts(script: Script, *, is_powershell: bool) -> dict[str, str]:
    if is_powershell:
        return {"customer_script.ps1": script.text, "launcher.ps1": _LAUNCHER}
    return {"customer_script.py": script.text} if script.text or not script.files else {}


def _powershell_outcome(told: dict[str, Any], output: _Output) -> Returned | Failure:
    """What the script gave: text that is JSON stands for its value."""
    failure, result = told["files"]["failure"], told["files"]["result"]
    if failure is not None:
        return Failure(failure[:_LAST_WORDS])
    if told["status"] != 0 or result is None:
        return _died(told["status"], output)
    size = len(result.encode("utf-8", "replace"))
    if size > VALUE_BYTES:
        return Failure(f"The script returned {size} bytes of JSON; at most {VALUE_BYTES} bytes are taken.")
    try:
        return Returned(json_value(result))
    except ValueError:
        return Returned(result)
