"""The server's side of the sandboxes: starts the zygote, orders sandboxes of it, and speaks with each.

It knows no script and no result; `scripts.py` does. Everything belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from runwright.messages import Json
from runwright.runtime.powershell import find_pwsh
from runwright.runtime.sandbox.tiers import REFUSED

_MODULE = "runwright.runtime.sandbox.zygote"
_MOST_LISTENERS = 8


class SandboxBroken(OSError):
    """A sandbox could not be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """What the zygote found: the tier that scripts run in, and facts of this machine."""

    tier: str
    facts: Mapping[str, Json]


class Sandbox:
    """A prepared place for one script: its control socket and the pipe of its output."""

    def __init__(self, control: socket.socket, output: IO[bytes]) -> None:
        self._control = control
        self.output = output
        self._is_over = False

    async def begin(self, job: dict[str, Json]) -> None:
        """Hand it its job. Raises SandboxBroken."""
        data = json.dumps(job).encode("ascii")
        try:
            await asyncio.get_running_loop().sock_sendall(self._control, struct.pack("!Q", len(data)) + data)
        except OSError as error:
            raise SandboxBroken(f"the sandbox ended before its script: {error}") from None

    async def listeners(self) -> list[int]:
        """The descriptors of its listeners. Raises SandboxBroken when it could not be prepared."""
        await _readable(self._control)
        data, ancillary, _, _ = self._control.recvmsg(1, socket.CMSG_SPACE(_MOST_LISTENERS * 4))
        if data != b"L":
            raise SandboxBroken(await self._complaint(data))
        files = array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                files.frombytes(content)
        return list(files)

    async def end(self) -> dict[str, Any]:
        """How it ended, once nothing of it is left. Raises SandboxBroken."""
        head = await self._exactly(8)
        told: dict[str, Any] = json.loads(await self._exactly(struct.unpack("!Q", head)[0]))
        self._is_over = True
        if "broken" in told:
            raise SandboxBroken(told["broken"])
        return told

    async def close(self) -> None:
        """End it with all that runs in it, and return when that is done."""
        try:
            if not self._is_over:
                self._control.shutdown(socket.SHUT_WR)
                loop = asyncio.get_running_loop()
                while await loop.sock_recv(self._control, 65536):
                    pass
        except OSError:
            pass  # it is gone
        self.discard()

    def discard(self) -> None:
        """Let it end by itself."""
        self._control.close()
        self.output.close()

    async def _complaint(self, begun: bytes) -> str:
        try:
            head = begun + await self._exactly(8 - len(begun))
            return str(json.loads(await self._exactly(struct.unpack("!Q", head)[0])).get("broken"))
        except (SandboxBroken, ValueError):
            return "it ended without a word"

    async def _exactly(self, size: int) -> bytes:
        loop, data = asyncio.get_running_loop(), bytearray()
        while len(data) < size:
            part = await loop.sock_recv(self._control, min(size - len(data), 1 << 20))
            if not part:
                raise SandboxBroken("the sandbox ended without a word")
            data += part
        return bytes(data)


class Sandboxes:
    """Starts the zygote with the first sandbox that is asked for, and keeps one sandbox prepared."""

    def __init__(self, mode: str, network: str, pwsh: Path | None = None) -> None:
        """`mode` is `auto`, `none`, or a tier that has to be taken; `network` is `open` or `forwarded`.

        `pwsh` is the PowerShell to show inside, None the one on PATH.
        """
        self._pwsh = pwsh
        self._mode = mode
        self._network = network
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._starting = asyncio.Lock()
        self._ladder: Ladder | None = None
        self._spare: Sandbox | None = None

    async def ladder(self) -> Ladder:
        """What this machine offers; starts the zygote."""
        async with self._starting:
            if self._ladder is None or (self._process is not None and self._process.poll() is not None):
                self.close()
                self._ladder = await self._start()
            return self._ladder

    async def take(self) -> Sandbox:
        """A sandbox for one script. Raises SandboxBroken."""
        spare, self._spare = self._spare, None
        if spare is not None and self._process is not None and self._process.poll() is None:
            return spare
        for last in (False, True):
            await self.ladder()
            try:
                return self._order()
            except OSError as error:
                if last:
                    raise SandboxBroken(f"the zygote does not answer: {error}") from None
                self.close()
        raise AssertionError

    def prepare(self) -> None:
        """Have the next one ready before it is asked for."""
        if self._spare is None and self._socket is not None:
            try:
                self._spare = self._order()
            except OSError:
                pass  # the zygote has ended; the next taker starts another

    def close(self) -> None:
        """End the zygote and all sandboxes."""
        if self._spare is not None:
            self._spare.discard()
            self._spare = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._ladder = None

    async def _start(self) -> Ladder:
        ours = self._spawn()
        hello = await asyncio.get_running_loop().sock_recv(ours, 65536)
        if not hello:
            return Ladder(REFUSED, {"error": "The zygote ended at its start."})
        told = json.loads(hello)
        if told["tier"] == REFUSED:
            self._socket = None
            ours.close()
        return Ladder(told["tier"], told["facts"])

    def _spawn(self) -> socket.socket:
        # From the loop's own thread: the zygote ends with the thread that started it.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {
            "tier": self._mode,
            "network": self._network,
            "further": _powershell_folders(self._pwsh),
            "temp": os.path.realpath(tempfile.gettempdir()),
        }
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-m", _MODULE, str(theirs.fileno()), json.dumps(settings)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={},
                cwd="/",
                start_new_session=True,
            )
        ours.setblocking(False)  # noqa: FBT003 - its only form
        self._socket = ours
        return ours

    def _order(self) -> Sandbox:
        if self._socket is None:
            raise BrokenPipeError("it is not running")
        control, its_control = socket.socketpair()
        read, write = os.pipe()
        try:
            with its_control:
                socket.send_fds(self._socket, [b"sandbox"], [its_control.fileno(), write])
        except BaseException:
            control.close()
            os.close(read)
            raise
        finally:
            os.close(write)
        control.setblocking(False)  # noqa: FBT003 - its only form
        return Sandbox(control, os.fdopen(read, "rb", buffering=0))


async def _readable(file: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(file, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(file)


def _powershell_folders(named: Path | None) -> list[str]:
    """Where PowerShell is installed, if it is: its programs need to be seen inside."""
    found = find_pwsh(named)
    return [] if found is None else [os.path.dirname(found)]
