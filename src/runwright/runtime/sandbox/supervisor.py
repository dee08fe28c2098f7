"""Watches over one script: prepares its sandbox, starts it, holds its limits and ends all that it started.

In the first tier it is process 1 of the script's pid namespace, in the others a subreaper. It is told what to do by
one socket from the server; when that ends, so does everything here.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import stat
import struct
import time
from typing import Any, NamedTuple

from runwright.runtime.sandbox import linux
from runwright.runtime.sandbox.isolation import Isolation
from runwright.runtime.sandbox.process import become_script
from runwright.runtime.sandbox.tiers import NAMESPACES, NONE

_WATCH_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_MOST_ANSWER = 2 * 1024 * 1024
_MOST_INODES = 65536


class Place(NamedTuple):
    """What the zygote knows: see Isolation; `temp` is where folders are made in the lower tiers."""

    tier: str
    network: str
    readable: list[str]
    is_root: bool
    owns_users: bool
    temp: str


def supervise(control: socket.socket, output: int, place: Place) -> None:
    """Prepare, run one job and tell its end. Returns when nothing of it is left."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        if place.tier == NAMESPACES:
            linux.die_with_parent()
            linux.set_inspectable(yes=False)
            prepare(place.readable)
        else:
            linux.adopt_orphans()
    except OSError as error:
        _tell(control, {"broken": str(error)})
        return
    script, channel = _fork_script(output, place)
    frame = _read_frame(control)
    if frame is None:
        _end_all(place)
        return
    job = json.loads(frame)
    folder = _make_folder(job["folder"], place)
    try:
        told = _run(job, folder, script, channel, control, place)
    except OSError as error:
        told = {"broken": str(error)}
    finally:
        _end_all(place)
        if place.tier != NAMESPACES:
            clear(folder)
    _tell(control, told)


def prepare(readable: list[str]) -> None:
    """Give these namespaces their own /proc, /tmp and /run; what is readable in /tmp stays visible."""
    temp = "/tmp"  # noqa: S108 - covered by the script's own
    kept = [(path, os.open(path, os.O_PATH)) for path in readable if path.startswith(temp + "/")]
    flags = linux.MS_NOSUID | linux.MS_NODEV
    linux.mount("proc", "/proc", "proc", flags)
    size = 512 * 1024 * 1024
    linux.mount("tmpfs", temp, "tmpfs", flags, f"mode=1777,size={size},nr_inodes={_MOST_INODES}")
    for path, file in kept:
        if not os.path.exists(path):
            os.makedirs(path)
            linux.mount(f"/proc/self/fd/{file}", path, None, linux.MS_BIND | linux.MS_REC)
        os.close(file)
    linux.mount("tmpfs", "/run", "tmpfs", flags, "mode=755,size=1m")


def _fork_script(output: int, place: Place) -> tuple[int, socket.socket]:
    """The script's process, which waits for its job at the other end of the socket."""
    ours, its = socket.socketpair()
    script = os.fork()
    if script == 0:
        become_script(its.fileno(), output, Isolation(place.tier, place.network, _user(place), place.readable))
    its.close()
    os.close(output)
    return script, ours


def _read_frame(control: socket.socket) -> bytes | None:
    head = _exactly(control, 8)
    return _exactly(control, struct.unpack("!Q", head)[0]) if head else None


def _exactly(control: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        part = control.recv(min(size - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)


def _tell(control: socket.socket, what: dict[str, Any]) -> None:
    try:
        _send(control, what)
    except OSError:
        pass  # the server has gone, or wants no more


def _send(to: socket.socket, what: dict[str, Any]) -> None:
    data = json.dumps(what).encode("ascii")
    to.sendall(struct.pack("!Q", len(data)) + data)


def _make_folder(name: str, place: Place) -> str:
    folder = os.path.join("/tmp" if place.tier == NAMESPACES else place.temp, name)  # noqa: S108 - its own
    os.mkdir(folder, 0o700)
    user = _user(place)
    if user is not None:
        os.chown(folder, user, user)
    return folder


def _user(place: Place) -> int | None:
    if not place.is_root or place.tier == NONE:
        return None
    if place.tier == NAMESPACES:
        return 1000
    return 2_000_000_000 + os.getpid() if place.owns_users else None


def _run(
    job: dict[str, Any], folder: str, script: int, channel: socket.socket, control: socket.socket, place: Place
) -> dict[str, Any]:
    if place.tier == NAMESPACES:
        _furnish(job, control, place)
    job["environment"].update(HOME=folder, TMPDIR=folder)
    _send(channel, job)
    channel.setblocking(False)  # noqa: FBT003 - its only form
    given = bytearray()
    reason = _watch(job, script, control, channel, given, place)
    status = _end_all(place, script)
    _drain(channel, given)
    files = {name: _read_result(folder, name) for name in job["results"]}
    return {"status": status, "reason": reason, "answer": given.decode("utf-8", "replace"), "files": files}


def _furnish(job: dict[str, Any], control: socket.socket, place: Place) -> None:
    """Write the files of names, and hand the server the listeners through which the script reaches it."""
    for name, text in job["etc"].items():
        with open(f"/run/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    if place.network == "open":
        return
    linux.bring_up_loopback(job["addresses"])
    listeners = []
    for family, address, port in job["listeners"]:
        listener = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == 6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(64)
        listeners.append(listener)
    if listeners:
        socket.send_fds(control, [b"L"], [each.fileno() for each in listeners])
    for listener in listeners:
        listener.close()


def _watch(
    job: dict[str, Any], script: int, control: socket.socket, channel: socket.socket, given: bytearray, place: Place
) -> str | None:
    """Return when the script's process has ended, or why all has to."""
    deadline = time.monotonic() + job["seconds"] + _GRACE_SECONDS
    end = os.pidfd_open(script)
    poll = select.poll()
    for file in (end, channel.fileno(), control.fileno()):
        poll.register(file, select.POLLIN)
    while True:
        ready = {file for file, _ in poll.poll(_WATCH_SECONDS * 1000)}
        if control.fileno() in ready:
            return "dropped"
        if channel.fileno() in ready and not _drain(channel, given):
            poll.unregister(channel)
        if len(given) > _MOST_ANSWER:
            return "answer"
        if end in ready:
            return None
        if time.monotonic() > deadline:
            return "time"
        if not ready and (exceeded := _exceeded(job["limits"], place)):
            return exceeded


def _drain(file: socket.socket, into: bytearray) -> bool:
    """Take what is there, up to the most that is of use; False at the end."""
    try:
        while len(into) <= _MOST_ANSWER:
            part = file.recv(65536)
            if not part:
                return False
            into += part
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return True


# ------------------------------------------------------------------------------------------ what a script started


def _started(place: Place) -> list[int]:
    """The processes that run under this one."""
    if place.tier == NAMESPACES:
        return [pid for pid in _processes() if pid != 1]
    return descendants(os.getpid())


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(ancestor: int) -> list[int]:
    """The processes below one, as /proc shows them."""
    children: dict[int, list[int]] = {}
    for pid in _processes():
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(pid)
    found, at = [ancestor], 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found[1:]


def _exceeded(limits: dict[str, int], place: Place) -> str | None:
    started = _started(place)
    if len(started) > limits["processes"] + 1:
        return "processes"
    return "memory" if sum(map(_memory_of, started)) > limits["memory_bytes"] else None


def _memory_of(pid: int) -> int:
    """Bytes of memory that a process takes; what it shares with others counts in parts, if it lets itself be seen."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(b"Pss:")) * 1024
    except OSError:
        pass
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            parts = (b"RssAnon:", b"RssShmem:")
            return sum(int(line.split()[1]) for line in file if line.startswith(parts)) * 1024
    except OSError:
        return 0


def _end_all(place: Place, script: int | None = None) -> int:
    """Kill and collect everything that runs under this process; the status of `script`, a signal as a negative one."""
    status = 0
    while True:
        try:
            if place.tier == NAMESPACES:
                os.kill(-1, signal.SIGKILL)  # all of the pid namespace but this one
            else:
                for pid in descendants(os.getpid()):
                    _kill(pid)
        except ProcessLookupError:
            pass
        try:
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                if ended[0] == script:
                    status = os.waitstatus_to_exitcode(ended[1])
        except ChildProcessError:
            return status
        time.sleep(0.0005)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


# ---------------------------------------------------------------------------------------------------------- files


def _read_result(folder: str, name: str) -> str | None:
    """A file that the script's launcher wrote; None when it is not there or is something else than a file."""
    try:
        file = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
            return None
        data = bytearray()
        while len(data) <= _MOST_ANSWER and (part := os.read(file, 65536)):
            data += part
        return data.decode("utf-8", "replace")
    except OSError as error:
        if error.errno != errno.EAGAIN:
            raise
        return None
    finally:
        os.close(file)


def clear(folder: str) -> None:
    """Remove the folder, whatever a script put there: folders within are moved up first, however deep they are."""
    waiting, number = [folder], 0
    emptied = []
    while waiting:
        at = waiting.pop()
        emptied.append(at)
        os.chmod(at, 0o700)
        with os.scandir(at) as entries:
            found = list(entries)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)
                number += 1
                moved = f"{folder}-{number}"
                os.rename(entry.path, moved)
                waiting.append(moved)
            else:
                os.unlink(entry.path)
    for each in emptied:
        os.rmdir(each)
