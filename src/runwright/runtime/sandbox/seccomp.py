"""The filter of system calls, as a program of classic BPF: what reaches the kernel's wider surface is refused.

Numbers are those of x86_64 and, in the second place, of aarch64 (None: it has no such call).
"""

from __future__ import annotations

import errno
import socket
import struct

from runwright.runtime.sandbox import linux

_REFUSED: dict[str, tuple[int, int | None]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "swapon": (167, 224),
    "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89), "quotactl": (179, 60), "syslog": (103, 116),
    "personality": (135, 92), "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "clock_adjtime": (305, 266), "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "mbind": (237, 235), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "set_mempolicy": (238, 237), "lookup_dcookie": (212, 18), "vhangup": (153, 58),
    "nfsservctl": (180, 42),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET = (56, 220), (435, 435), (41, 198)

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24


def program(*, local_sockets: bool, datagrams: bool, memory_files: bool) -> bytes:
    """The filter. `local_sockets`: of family AF_UNIX; `datagrams`: UDP and netlink, which names are resolved with."""
    column = ("x86_64", "aarch64").index(linux.machine())
    code = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, linux.audit_number()), (_RETURN, 0, 0, _KILL)]
    code.append((_LOAD, 0, 0, _NUMBER))
    if column == 0:  # the x32 calls, which have numbers of their own
        code += [(_AT_LEAST, 0, 1, 0x40000000), _refuse(errno.ENOSYS)]
    for name, numbers in _REFUSED.items():
        number = numbers[column]
        if number is not None and not (memory_files and name == "memfd_create"):
            code += [(_EQUAL, 0, 1, number), _refuse(errno.EPERM)]
    # Its flags lie in memory, where no filter can see them; libraries fall back to clone.
    code += [(_EQUAL, 0, 1, _CLONE3[column]), _refuse(errno.ENOSYS)]
    code += [(_EQUAL, 0, 4, _CLONE[column]), (_LOAD, 0, 0, _FIRST)]
    code += [(_ANY_BIT, 0, 1, linux.CLONE_NEW_ANY), _refuse(errno.EPERM), _allow()]
    code += [(_EQUAL, 1, 0, _SOCKET[column]), _allow(), *_sockets(local_sockets, datagrams)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _sockets(local_sockets: bool, datagrams: bool) -> list[tuple[int, int, int, int]]:
    families = [socket.AF_UNIX] if local_sockets else []
    families += [socket.AF_NETLINK] if datagrams else []
    kinds = [socket.SOCK_STREAM, socket.SOCK_DGRAM] if datagrams else [socket.SOCK_STREAM]
    code = [(_LOAD, 0, 0, _FIRST)]
    for family in families:
        code += [(_EQUAL, 0, 1, family), _allow()]
    code += [(_EQUAL, 2, 0, socket.AF_INET), (_EQUAL, 1, 0, socket.AF_INET6), _refuse(errno.EAFNOSUPPORT)]
    code += [(_LOAD, 0, 0, _SECOND), (_AND, 0, 0, 0xF)]
    for kind in kinds:
        code += [(_EQUAL, 0, 1, kind), _allow()]
    return [*code, _refuse(errno.EPERM)]


def _refuse(number: int) -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, _ERRNO | number)


def _allow() -> tuple[int, int, int, int]:
    return (_RETURN, 0, 0, _ALLOW)
