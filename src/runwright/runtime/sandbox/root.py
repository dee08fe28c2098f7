"""The private root of the first tier: what a script sees of the machine's files, all of it read-only.

`enter` is called once, by the zygote, in namespaces of its own; each script then adds its own /tmp, /run and /proc.
"""

from __future__ import annotations

import os
import sys

from runwright.runtime.sandbox import linux

FOREIGN_ID = 2_000_000_000
"""The user that scripts of a server run by root are to the rest of the machine."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
ETC = (
    "/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/etc/crypto-policies", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/localtime", "/etc/mime.types",
    "/etc/alternatives", "/etc/services", "/etc/protocols",
)  # fmt: skip
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
_USERS = "root:x:0:0:root:/:/usr/sbin/nologin\nscript:x:1000:1000:script:/tmp:/bin/sh\n"
_GROUP = "root:x:0:\nscript:x:1000:\n"


def readable(further: list[str]) -> list[str]:
    """The paths that a script may read: programs, libraries, this Python, and `further` ones."""
    wanted = [*_SYSTEM, *ETC]
    for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, *further):
        wanted += [path, os.path.realpath(path)]
    return list(dict.fromkeys(path for path in wanted if os.path.lexists(path)))


def readable_in_place(further: list[str]) -> list[str]:
    """What a script may read where it has no private root: also how names are resolved, which that has of its own."""
    names = ("/etc/hosts", "/etc/resolv.conf")
    return [*readable(further), *names, *map(os.path.realpath, names)]


def enter(further: list[str]) -> None:
    """Make the private root and go there. The caller has all capabilities in its user and mount namespaces."""
    paths = readable(further)
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    stage = next(path for path in ("/tmp", "/var", "/mnt") if os.path.isdir(path))  # noqa: S108 - hidden by a mount
    linux.mount("tmpfs", stage, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    old, new = f"{stage}/old", f"{stage}/new"
    os.mkdir(old)
    os.mkdir(new)
    linux.pivot_root(stage, old)
    os.chdir("/")
    linux.mount("tmpfs", "/new", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    for path in paths:
        _show(path)
    _furnish()
    linux.make_read_only("/new")
    # A new /proc may be mounted only beside one that is wholly visible; each script's own then covers it.
    linux.mount("/old/proc", "/new/proc", None, linux.MS_BIND | linux.MS_REC)
    os.chdir("/new")
    linux.pivot_root(".", ".")
    linux.unmount(".")
    os.chdir("/")


def _show(path: str) -> None:
    source, target = f"/old{path}", f"/new{path}"
    if os.path.lexists(target):
        return  # within a folder that is shown already
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    if os.path.islink(source):
        if path in _SYSTEM or path.startswith("/etc/"):
            os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.mkdir(target)
    else:
        _write(target, "")
    linux.mount(source, target, None, linux.MS_BIND | linux.MS_REC)


def _furnish() -> None:
    for folder in ("/new/tmp", "/new/run", "/new/proc", "/new/etc", "/new/dev"):
        os.makedirs(folder, exist_ok=True)
    for device in DEVICES:
        _show(device)
    os.symlink("/tmp", "/new/dev/shm")  # noqa: S108 - of the sandbox
    os.symlink("/proc/self/fd", "/new/dev/fd")
    for name in ("hosts", "resolv.conf"):
        os.symlink(f"/run/{name}", f"/new/etc/{name}")
    _write("/new/etc/passwd", _USERS)
    _write("/new/etc/group", _GROUP)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
