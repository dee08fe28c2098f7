"""The system calls of Linux that Python lacks: namespaces, mounts, capabilities, process attributes.

Each raises OSError as Python's own do. It does not know what they are used for.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
from typing import Any, NamedTuple

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_NEW_ANY = 0x7E020080
"""Every kind of new namespace, also cgroup, uts and time."""

MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_SECCOMP = 1, 4, 24, 22
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_SIGCHLD = 17


class _Numbers(NamedTuple):
    audit: int
    clone: int
    pivot_root: int
    capset: int


_MACHINES = {
    "x86_64": _Numbers(0xC000003E, 56, 155, 126),
    "aarch64": _Numbers(0xC00000B7, 220, 41, 91),
}


class Unsupported(OSError):
    """This machine lacks what a sandbox needs; the text says what."""


def machine() -> str:
    """The processor's name. Raises Unsupported for one whose system calls are not known here."""
    name = platform.machine()
    if platform.system() != "Linux" or name not in _MACHINES:
        raise Unsupported(
            f"scripts are isolated on Linux on {' and '.join(_MACHINES)}; this is {platform.system()} {name}"
        )
    return name


def audit_number() -> int:
    """What seccomp calls this machine's system calls."""
    return _MACHINES[machine()].audit


# PyDLL keeps the interpreter's lock, so that a clone finds it held as it was. Nothing here blocks.
_libc = ctypes.PyDLL(None, use_errno=True)


def call(number: int, *arguments: Any) -> int:
    """Make a system call by its number."""
    padded = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *padded), f"system call {number}")


def clone(flags: int) -> int:
    """Fork into new namespaces: 0 in the child. The caller must have one thread only."""
    pid = call(_MACHINES[machine()].clone, flags | _SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    return pid


def unshare(flags: int) -> None:
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    result = _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(result, f"mount of {source} at {target}")


def unmount(target: str) -> None:
    """Detach what is mounted there, with all below it."""
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"unmount of {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    call(_MACHINES[machine()].pivot_root, os.fsencode(new_root), os.fsencode(put_old))


def make_read_only(target: str) -> None:
    """Make a mount and all below it read-only, and its setuid bits void (Linux 5.12)."""
    at_fdcwd, at_recursive, read_only, no_setuid = -100, 0x8000, 1, 2
    attributes = struct.pack("QQQQ", read_only | no_setuid, 0, 0, 0)
    call(442, at_fdcwd, os.fsencode(target), at_recursive, attributes, len(attributes))


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends. Undone by a change of user."""
    _prctl(_PR_SET_PDEATHSIG, 9)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def set_inspectable(*, yes: bool) -> None:
    """Whether processes of the same user may look into this one."""
    _prctl(_PR_SET_DUMPABLE, int(yes))


def renounce_privileges() -> None:
    """Give up every capability for good, and the chance to gain one by starting a program."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break  # EINVAL: beyond the last; EPERM: it has no capability that could be bounded
    _libc.prctl(_PR_CAP_AMBIENT, ctypes.c_ulong(4), 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    call(_MACHINES[machine()].capset, header, bytes(24))


def filter_calls(program: bytes) -> None:
    """Install a seccomp program of classic BPF on this process."""
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    result = _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(2), head, ctypes.c_ulong(0), ctypes.c_ulong(0))
    _checked(result, "seccomp")


def bring_up_loopback(addresses: list[str]) -> None:
    """Bring up `lo` in this network namespace, and give it further IPv4 addresses."""
    set_address, set_flags, up = 0x8916, 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH22x", b"lo", up))
        for number, address in enumerate(addresses, 1):
            name = f"lo:{number}".encode()
            packed = struct.pack("16sHH4s16x", name, socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(any_socket, set_address, packed)


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _checked(result: int, what: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
