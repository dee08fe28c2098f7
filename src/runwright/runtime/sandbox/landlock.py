"""Landlock: which files, TCP ports, processes and sockets this process and its descendants may still reach.

It does not know what a script needs; `isolation.py` says so.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from runwright.runtime.sandbox import linux

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ, _READ_FOLDER, _TRUNCATE, _IOCTL = 1, 2, 4, 8, 1 << 14, 1 << 15
READ = _EXECUTE | _READ | _READ_FOLDER
USE = _READ | _WRITE | _TRUNCATE | _IOCTL
"""Of a device."""
ALL = (1 << 16) - 1
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_BY_VERSION = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}
_CONNECT = 2
_ALL_TCP = 3


def version() -> int:
    """The version of Landlock that the kernel has. Raises OSError when there is none."""
    return linux.call(_CREATE, None, 0, 1)


def restrict(paths: Iterable[tuple[str, int]], ports: Iterable[int] | None) -> None:
    """Allow these paths with what is below them, and TCP connections to these ports (None: the network is open).

    Paths that do not exist are left out. Ports need version 4; signals and abstract sockets are kept inside from 6 on.
    """
    abi = version()
    handled = _BY_VERSION.get(abi, 0xFFFF)
    net = _ALL_TCP if abi >= 4 and ports is not None else 0
    attributes = struct.pack("QQQ", handled, net, 3 if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = linux.call(_CREATE, attributes[:size], size, 0)
    try:
        for path, allowed in paths:
            _allow_path(ruleset, path, allowed & handled)
        if net:
            for port in ports or ():
                linux.call(_ADD, ruleset, 2, struct.pack("QQ", _CONNECT, port), 0)
        linux.call(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow_path(ruleset: int, path: str, allowed: int) -> None:
    try:
        file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            allowed &= _OF_FILES
        linux.call(_ADD, ruleset, 1, struct.pack("=Qi", allowed, file), 0)
    finally:
        os.close(file)
