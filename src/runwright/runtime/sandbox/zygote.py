"""The zygote: a program of its own whose forks run scripts. It has no environment, no credentials and one socket.

It imports boto3 once, so that no script waits for it, and makes no session. At its start it finds the highest tier that
this machine offers, tells the server, and then makes a prepared sandbox for each order that comes.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any

import boto3  # noqa: F401 - for the scripts

from runwright.runtime.sandbox import landlock, linux, root, seccomp, supervisor
from runwright.runtime.sandbox.tiers import LANDLOCK, NAMESPACES, NONE, REFUSED

_NEW = linux.CLONE_NEWUSER | linux.CLONE_NEWPID | linux.CLONE_NEWNS | linux.CLONE_NEWIPC


def main() -> None:
    """Serve orders on the socket whose descriptor is the first argument; the second holds the settings as JSON."""
    server = socket.socket(fileno=int(sys.argv[1]))
    settings: dict[str, Any] = json.loads(sys.argv[2])
    os.environ.clear()
    try:
        tier, facts = _climb(settings["tier"], settings["further"])
        if settings["tier"] == NONE:
            tier = NONE
        is_root = os.geteuid() == 0
        shown = root.readable if tier == NAMESPACES else root.readable_in_place
        readable = shown(settings["further"])
        if tier == NAMESPACES:
            _enter(settings["further"], is_root=is_root)
    except BaseException:
        _say(server, {"tier": REFUSED, "facts": {"error": traceback.format_exc(limit=-3)}})
        return
    _say(server, {"tier": tier, "facts": facts})
    if tier != REFUSED:
        place = supervisor.Place(
            tier, settings["network"], readable, is_root, facts.get("own_user", False), settings["temp"]
        )
        _serve(server, place)


def _say(server: socket.socket, what: dict[str, Any]) -> None:
    server.sendall(json.dumps(what).encode())


# -------------------------------------------------------------------------------------------------------- probing


def _climb(wanted: str, further: list[str]) -> tuple[str, dict[str, Any]]:
    """The highest tier that works here, tried in a fork, and what is known of each."""
    facts: dict[str, Any] = {"landlock": 0}
    try:
        facts["landlock"] = landlock.version()
    except OSError as error:
        facts["no_landlock"] = str(error)
    facts["own_user"] = os.geteuid() == 0 and _is_open_to_all(sys.base_prefix) and _is_open_to_all(sys.prefix)
    if wanted in ("auto", NAMESPACES):
        reason = _tried(lambda: _try_namespaces(further))
        if reason is None:
            return NAMESPACES, facts
        facts["no_namespaces"] = reason
    if wanted in ("auto", LANDLOCK):
        reason = _tried(lambda: _try_landlock())
        if reason is None:
            return LANDLOCK, facts
        facts["no_landlock"] = reason
    return REFUSED, facts


def _is_open_to_all(path: str) -> bool:
    """Whether any user may enter the folder: else a script run as another one could not import anything."""
    path = os.path.realpath(path)
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def _tried(attempt: Any) -> str | None:
    """Why the attempt fails, made in a fork; None if it does not."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            attempt()
        except BaseException as error:
            os.write(write, f"{error}"[:1000].encode())
            os._exit(1)
        os._exit(0)
    os.close(write)
    text = b""
    while part := os.read(read, 1000):
        text += part
    os.close(read)
    _, status = os.waitpid(child, 0)
    return None if status == 0 else text.decode("utf-8", "replace") or f"a trial ended with status {status}"


def _try_namespaces(further: list[str]) -> None:
    is_root, readable = os.geteuid() == 0, root.readable(further)
    _enter(further, is_root=is_root)
    ours, theirs = socket.socketpair()
    child = _clone(_NEW | linux.CLONE_NEWNET, is_root=is_root)
    if child == 0:
        try:
            supervisor.prepare(readable)
            linux.bring_up_loopback([])
            _try_landlock()
        except BaseException as error:
            theirs.sendall(f"{error}"[:1000].encode())
            os._exit(1)
        os._exit(0)
    theirs.close()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise OSError(ours.recv(1000).decode("utf-8", "replace") or "a trial in new namespaces failed")


def _try_landlock() -> None:
    linux.renounce_privileges()
    landlock.restrict([("/", landlock.READ)], [1])
    linux.filter_calls(seccomp.program(local_sockets=False, datagrams=False, memory_files=False))


# ----------------------------------------------------------------------------------------------------- namespaces


def _enter(further: list[str], *, is_root: bool) -> None:
    """Go into a user namespace and a private root of our own, in which every sandbox is then made."""
    user, group = os.geteuid(), os.getegid()
    if is_root:
        _map_by_helper()
    else:
        linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS)
        _map("self", "0", f"0 {user} 1", f"0 {group} 1")
    root.enter(further)


def _map_by_helper() -> None:
    """Map root and one foreign user, which takes a process that stays outside."""
    foreign = _foreign("/proc/self/uid_map")
    foreign_group = _foreign("/proc/self/gid_map")
    go_read, go_write = os.pipe()
    parent = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(go_write)
        if os.read(go_read, 1) != b"x":
            os._exit(1)  # there is no new namespace to map
        try:
            _map(str(parent), "1", f"0 0 1\n1 {foreign} 1", f"0 0 1\n1 {foreign_group} 1")
        except OSError:
            os._exit(1)
        os._exit(0)
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS)
    os.write(go_write, b"x")
    _, status = os.waitpid(helper, 0)
    os.close(go_read)
    os.close(go_write)
    if status != 0:
        raise OSError("root here may not give a user namespace a second user")


def _foreign(map_file: str) -> int:
    """An id that is nobody's on this machine: our own choice, else the last of what there is."""
    last = 0
    with open(map_file) as file:
        for line in file:
            first, _, count = map(int, line.split())
            if first <= root.FOREIGN_ID < first + count:
                return root.FOREIGN_ID
            last = max(last, first + count - 1)
    return last


def _map(process: str, groups: str, users: str, group_ids: str) -> None:
    if groups == "0":
        _write(f"/proc/{process}/setgroups", "deny")
    _write(f"/proc/{process}/uid_map", users)
    _write(f"/proc/{process}/gid_map", group_ids)


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def _clone(flags: int, *, is_root: bool) -> int:
    """Fork into new namespaces whose users are mapped when the child goes on."""
    go_read, go_write = os.pipe()
    child = linux.clone(flags)
    if child == 0:
        os.close(go_write)
        if os.read(go_read, 1) != b"x":
            os._exit(1)
        os.close(go_read)
        return 0
    os.close(go_read)
    try:
        ids = "0 0 1\n1000 1 1" if is_root else "1000 0 1"
        _map(str(child), "1" if is_root else "0", ids, ids)
        os.write(go_write, b"x")
    finally:
        os.close(go_write)
    return child


# --------------------------------------------------------------------------------------------------------- orders


def _serve(server: socket.socket, place: supervisor.Place) -> None:
    """Make a sandbox for each message, which carries its control socket and its output, until the server is gone."""
    linux.die_with_parent()
    if place.tier != NAMESPACES:
        linux.adopt_orphans()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects them
    gc.collect()
    gc.freeze()
    while True:
        message, files, _, _ = socket.recv_fds(server, 16, 2)
        if not message:
            return
        control, output = socket.socket(fileno=files[0]), files[1]
        if _fork(place) == 0:
            server.close()
            try:
                supervisor.supervise(control, output, place)
            finally:
                os._exit(0)
        control.close()
        os.close(output)


def _fork(place: supervisor.Place) -> int:
    if place.tier != NAMESPACES:
        return os.fork()
    return _clone(_NEW | (0 if place.network == "open" else linux.CLONE_NEWNET), is_root=place.is_root)


if __name__ == "__main__":
    main()
