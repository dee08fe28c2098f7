"""What is put on the process of a script before any line of it is read: limits, user, Landlock, seccomp."""

from __future__ import annotations

import contextlib
import os
import resource
from typing import Any, NamedTuple

from runwright.runtime.sandbox import landlock, linux, root, seccomp
from runwright.runtime.sandbox.tiers import LANDLOCK, NAMESPACES


class Isolation(NamedTuple):
    """`network` is "open" or "forwarded"; `user` the one to become, None to stay; `readable` serves the second tier."""

    tier: str
    network: str
    user: int | None
    readable: list[str]


def settle(isolation: Isolation) -> None:
    """Put on this process what no job changes: its user, and no privileges. Raises OSError."""
    if isolation.tier not in (NAMESPACES, LANDLOCK):
        return
    if isolation.user is not None:
        with contextlib.suppress(PermissionError):  # a user namespace without groups has none to give up
            os.setgroups([])
        os.setresgid(isolation.user, isolation.user, isolation.user)
        os.setresuid(isolation.user, isolation.user, isolation.user)
    linux.renounce_privileges()
    linux.set_inspectable(yes=True)  # to its supervisor, which counts its memory; a change of user forbids it
    if isolation.tier == LANDLOCK:
        linux.die_with_parent()


def isolate(isolation: Isolation, job: dict[str, Any], folder: str) -> None:
    """Put the rest on this process, for good. Raises OSError when something cannot be put on it."""
    _limit(job["limits"], own_processes=isolation.tier == NAMESPACES)
    if isolation.tier not in (NAMESPACES, LANDLOCK):
        return
    is_open = isolation.network == "open"
    if isolation.tier == NAMESPACES:
        paths = [("/", landlock.READ), ("/tmp", landlock.ALL)]  # noqa: S108 - its own
    else:
        paths = [*((path, landlock.READ) for path in isolation.readable), (folder, landlock.ALL)]
    paths += [(device, landlock.USE) for device in root.DEVICES]
    ports = None if is_open or isolation.tier == NAMESPACES else job["ports"]
    landlock.restrict(paths, ports)
    is_apart = isolation.tier == NAMESPACES and not is_open
    linux.filter_calls(
        seccomp.program(
            local_sockets=is_apart,
            datagrams=is_open or is_apart,
            memory_files=job["powershell"] is not None,
        )
    )


def _limit(limits: dict[str, int], *, own_processes: bool) -> None:
    processes = limits["processes"] if own_processes else _tasks_now() + limits["processes"]
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["disk_bytes"]),
        (resource.RLIMIT_NOFILE, limits["descriptors"]),
        (resource.RLIMIT_NPROC, processes),
    ):
        _set(limit, most, most)
    _set(resource.RLIMIT_CPU, limits["cpu_seconds"], limits["cpu_seconds"] + 5)


def _set(limit: int, soft: int, hard: int) -> None:
    most = resource.getrlimit(limit)[1]
    if most != resource.RLIM_INFINITY:
        hard = min(hard, most)
    resource.setrlimit(limit, (min(soft, hard), hard))


def _tasks_now() -> int:
    """How many processes and threads the machine has: the kernel counts all of a user's against the limit."""
    try:
        with open("/proc/loadavg") as file:
            return int(file.read().split()[3].split("/")[1])
    except (OSError, ValueError, IndexError):
        return 4096
