"""The ladder: the ways in which scripts are isolated, and what each contains, as `doctor` and the docs show it."""

from __future__ import annotations

from typing import NamedTuple

NAMESPACES = "namespaces"
LANDLOCK = "landlock"
REFUSED = "refused"
NONE = "none"

TIERS = {
    NAMESPACES: "new user, pid, mount, ipc and net namespaces with a private root, Landlock, seccomp and limits",
    LANDLOCK: "Landlock, seccomp and limits in the namespaces of the server, under a subreaper",
    REFUSED: "scripts are not run",
    NONE: "limits only, because --script-sandbox=none asks for it",
}


class Containment(NamedTuple):
    """`landlock` is the version of Landlock from which the second tier contains it, 0 for never."""

    what: str
    how: str
    landlock: int
    is_network: bool = False


CONTAINMENTS = (
    Containment("writing outside its own folder", "a private root and Landlock; else Landlock", 1),
    Containment("reading the server's data and other files of the machine", "a private root; else Landlock", 1),
    Containment(
        "reading the server's environment, memory and descriptors", "a pid namespace; else Landlock, seccomp", 1
    ),
    Containment("reading the folder of another script", "a private /tmp; else Landlock", 1),
    Containment("seeing other processes", "a pid namespace; else Landlock on /proc", 1),
    Containment("signals to other processes", "a pid namespace; else Landlock 6", 6),
    Containment(
        "connections elsewhere", "a net namespace; else Landlock 4, by port; open for real AWS", 4, is_network=True
    ),
    Containment("local sockets of other programs", "net and mount namespaces; else seccomp", 1),
    Containment("new namespaces, mounts, tracing, kernel modules", "seccomp", 1),
    Containment("processes left behind", "the pid namespace; else a subreaper", 1),
    Containment("memory, processor time, processes, descriptors, output", "limits, watched ten times a second", 1),
    Containment("disk space in all", "a /tmp of limited size; else each file only", 0),
)


def contained(tier: str, landlock: int, *, network_is_open: bool) -> list[tuple[Containment, bool]]:
    """Each containment, and whether a tier gives it on a kernel with this version of Landlock."""
    return [(each, _is_contained(each, tier, landlock, network_is_open)) for each in CONTAINMENTS]


def _is_contained(each: Containment, tier: str, landlock: int, network_is_open: bool) -> bool:
    if each.is_network and network_is_open:
        return False
    return tier == NAMESPACES or (tier == LANDLOCK and 0 < each.landlock <= landlock)
