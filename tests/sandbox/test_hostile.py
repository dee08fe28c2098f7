"""Hostile scripts, against each tier: every containment that `doctor` claims, as this user and as another one."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runwright.runtime.sandbox.supervisor import descendants
from runwright.runtime.sandbox.tiers import NAMESPACES
from tests.sandbox.stage import Stage, running

SECRET = "the-servers-own-secret"

TRY = """
import os, socket, sys, glob, ctypes, errno
def attempt(do):
    try:
        return do()
    except BaseException as error:
        return type(error).__name__
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERS_SECRET", SECRET)


# ---------------------------------------------------------------------------------------------------------- files


def test_the_servers_database_is_not_to_be_read(stage: Stage, tmp_path: Path) -> None:
    database = tmp_path / "runwright.sqlite"
    database.write_text(SECRET)
    tmp_path.chmod(0o755)
    text = TRY + "def main(e, c):\n    return attempt(lambda: open(e).read())"
    assert stage.value(text, str(database)) in ("FileNotFoundError", "PermissionError")


def test_files_of_the_machine_are_not_to_be_read(stage: Stage) -> None:
    text = TRY + "def main(e, c):\n    return [attempt(lambda: open(path).read(1)) for path in e]"
    own = str(Path(__file__).resolve())
    found = stage.value(text, ["/etc/shadow", "/etc/hostname", "/var/log/dpkg.log", own, "/sys/kernel/notes"])
    assert set(found) <= {"FileNotFoundError", "PermissionError"}


WRITE = (
    TRY
    + """
def main(events, context):
    made = []
    for folder in events:
        path = os.path.join(folder, 'hostile')
        if not isinstance(attempt(lambda: open(path, 'w').close()), str):
            made.append(folder)
        attempt(lambda: os.symlink('/etc', path + '-link')) or made.append(folder)
    return made
"""
)


def test_nothing_is_written_outside(stage: Stage, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    folders = ["/", "/etc", "/usr", "/usr/local", "/var/tmp", "/root", "/home", "/dev", "/proc", "/sys", "/run"]
    folders += [sys.prefix, sys.base_prefix, str(tmp_path), os.getcwd()]
    made = stage.value(WRITE, folders)
    # Of a checkout under /tmp the script sees the Python environment alone, in a /tmp of its own.
    assert [folder for folder in made if not folder.startswith("/tmp/")] == []
    left = [Path(folder, name) for folder in folders for name in ("hostile", "hostile-link")]
    assert [path for path in left if os.path.lexists(path)] == []
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_are_neither_changed_nor_removed(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("kept")
    file.chmod(0o666)
    text = TRY + ("def main(e, c):\n    return [attempt(lambda: os.truncate(e, 0)), attempt(lambda: os.unlink(e))]")
    assert all(isinstance(each, str) for each in stage.value(text, str(file)))
    assert file.read_text() == "kept"


def test_another_scripts_folder_is_not_to_be_seen(stage: Stage) -> None:
    async def both() -> object:
        folder: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        first = asyncio.create_task(
            stage.start(
                "import os, threading\n"
                "def main(e, c):\n"
                "    open('own', 'w').write('mine')\n"
                "    print(os.getcwd())\n"
                "    threading.Event().wait()\n",
                report=lambda line: folder.set_result(line.strip()),
            )
        )
        text = TRY + "def main(e, c):\n    return [attempt(lambda: open(e + '/own').read()), glob.glob('/tmp/*/own')]"
        second = await stage.start(text, await folder)
        first.cancel()
        await asyncio.wait([first])
        return second

    outcome = stage.runner.run(both())
    assert getattr(outcome, "value", outcome) in (["FileNotFoundError", []], ["PermissionError", []])


def test_nothing_is_left_of_a_folder_however_deep(stage: Stage) -> None:
    text = """
import os
def main(events, context):
    folder = os.getcwd()
    for _ in range(2000):
        os.mkdir('d')
        os.chdir('d')
    os.chmod('.', 0)
    return folder
"""
    folder = stage.value(text)
    assert not list(Path(folder).parent.glob(Path(folder).name + "*"))


# ------------------------------------------------------------------------------------------------------ processes


def test_environments_memory_and_descriptors_of_others_are_not_to_be_seen(stage: Stage) -> None:
    text = (
        TRY
        + """
def main(events, context):
    seen = []
    for pid in {str(each) for each in range(1, 300)} | set(map(str, events)):
        for part in ('environ', 'mem', 'fd', 'maps', 'cwd', 'root'):
            path = f'/proc/{pid}/{part}'
            if pid != str(os.getpid()):
                look = os.listdir if part in ('fd', 'cwd', 'root') else lambda path: open(path, 'rb').read(9)
                found = attempt(lambda: look(path))
                if not isinstance(found, str):
                    seen.append(path)
    return seen
"""
    )
    assert stage.value(text, [os.getpid(), os.getppid(), *descendants(os.getpid())]) == []


def test_its_own_environment_and_memory_hold_nothing_of_the_servers(stage: Stage) -> None:
    text = """
import ctypes, gc, os
def main(events, context):
    libc = ctypes.CDLL(None)
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, 'environ')
    names, number = [], 0
    while environ[number]:
        names.append(environ[number].decode().partition('=')[0])
        number += 1
    return [sorted(names), sorted(os.environ)]
"""
    assert stage.value(text) == [["HOME", "PATH", "TMPDIR"]] * 2


def test_it_holds_no_descriptor_but_its_own(stage: Stage) -> None:
    text = TRY + (
        "def main(e, c):\n"
        "    import stat\n"
        "    kinds = {}\n"
        "    for fd in range(600):\n"
        "        found = attempt(lambda: stat.S_IFMT(os.fstat(fd).st_mode))\n"
        "        if not isinstance(found, str): kinds[fd] = oct(found)\n"
        "    return sorted(kinds.items())"
    )
    pipe, device, channel = "0o10000", "0o20000", "0o140000"
    assert stage.value(text) == [[0, device], [1, pipe], [2, pipe], [3, channel]]


def test_no_other_process_gets_its_signals(stage: Stage) -> None:
    with subprocess.Popen(["sleep", "599"]) as victim:
        text = TRY + (
            "def main(e, c):\n"
            "    signal = __import__('signal')\n"
            "    return [attempt(lambda: os.kill(pid, signal.SIGKILL)) for pid in e]"
        )
        stage.run(text, [victim.pid, *descendants(os.getpid()), os.getpid(), os.getppid()])
        stage.run(TRY + "def main(e, c):\n    return attempt(lambda: os.kill(-1, 9))")
        assert victim.poll() is None
        victim.kill()
    assert stage.value("def main(e, c):\n    return 1") == 1


def test_its_supervisor_cannot_be_harmed(stage: Stage) -> None:
    text = (
        TRY
        + """
def main(events, context):
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    tried = [attempt(lambda: os.kill(parent, 9)), attempt(lambda: open(f'/proc/{parent}/mem', 'r+b')),
             libc.ptrace(16, parent, 0, 0)]
    return os.getppid() == parent and tried[1:]
"""
    )
    assert stage.value(text) in (["PermissionError", -1], ["FileNotFoundError", -1])


CALLS = (
    TRY
    + """
def main(events, context):
    libc = ctypes.CDLL(None, use_errno=True)
    errors = {}
    for name, number, arguments in events:
        result = libc.syscall(*([ctypes.c_long(number)] + [ctypes.c_long(each) for each in arguments]))
        errors[name] = errno.errorcode[ctypes.get_errno()] if result == -1 else 'done'
    return errors
"""
)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="its numbers are those of x86_64")
def test_the_wider_kernel_is_out_of_reach(stage: Stage) -> None:
    calls = {"unshare": (272, [0x10000000]), "mount": (165, [0] * 5), "bpf": (321, [0] * 3), "ptrace": (101, [0] * 4),
             "clone": (56, [0x10000011, 0, 0, 0, 0]), "setns": (308, [0, 0]), "keyctl": (250, [0] * 5),
             "io_uring": (425, [1, 0]), "memfd": (319, [0, 0]), "process_vm_readv": (310, [1] * 6)}  # fmt: skip
    found = stage.value(CALLS, [[name, *call] for name, call in calls.items()])
    assert found == dict.fromkeys(calls, "EPERM")
    assert stage.value(CALLS, [["clone3", 435, [0, 0]]]) == {"clone3": "ENOSYS"}


def test_it_has_no_capability_and_gains_none(stage: Stage) -> None:
    text = """
import ctypes, struct
def main(events, context):
    libc = ctypes.CDLL(None)
    data = ctypes.create_string_buffer(24)
    libc.capget(struct.pack('Ii', 0x20080522, 0), data)
    return [struct.unpack('6I', data.raw), libc.prctl(39, 0, 0, 0, 0), libc.prctl(21, 0, 0, 0, 0)]
"""
    assert stage.value(text) == [[0] * 6, 1, 2]


def test_a_daemon_ends_with_its_script(stage: Stage) -> None:
    marker = f"5{os.getpid()}"
    text = """
import os
def main(events, context):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 64)
            os.execvp('sleep', ['sleep', events])
        os._exit(0)
    os.wait()
    return 'left'
"""
    assert stage.value(text, marker) == "left"
    assert not running("sleep", marker)


# -------------------------------------------------------------------------------------------------------- network


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


CONNECT = (
    TRY
    + """
def main(events, context):
    host, port = events
    def connect():
        with socket.create_connection((host, port), 5) as connection:
            return connection.recv(5).decode()
    return attempt(connect)
"""
)


async def _greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    writer.close()


def reached(stage: Stage, host: str, *, allowed: bool) -> object:
    async def whole() -> object:
        server = await asyncio.start_server(_greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        outcome = await stage.start(CONNECT, [host, port], reach=[f"http://{host}:{port}/x"] if allowed else [])
        server.close()
        return getattr(outcome, "value", outcome)

    return stage.runner.run(whole())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_backend_is_reached(stage: Stage, host: str) -> None:
    assert reached(stage, host, allowed=True) == "hello"


def test_no_other_port_is_reached(stage: Stage) -> None:
    assert reached(stage, "127.0.0.1", allowed=False) in ("ConnectionRefusedError", "PermissionError")


def test_no_datagram_leaves(stage: Stage) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0)
        text = TRY + (
            "def main(e, c):\n"
            "    return attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', tuple(e))) and 0"
        )
        assert stage.value(text, list(receiver.getsockname())) == 0
        with pytest.raises(BlockingIOError):
            receiver.recv(1)


def test_local_sockets_of_other_programs_are_not_reached(stage: Stage, tmp_path: Path) -> None:
    text = TRY + (
        "def main(e, c):\n"
        "    def connect(address):\n"
        "        socket.socket(socket.AF_UNIX).connect(address)\n"
        "        return 0\n"
        "    return [attempt(lambda: connect(address)) for address in (e[0], '\\0' + e[1])]"
    )
    tmp_path.chmod(0o777)
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as by_name:
        by_path.bind(str(tmp_path / "s"))
        by_path.listen()
        by_name.bind(f"\0hostile{os.getpid()}")
        by_name.listen()
        found = stage.value(text, [str(tmp_path / "s"), f"hostile{os.getpid()}"])
    assert all(isinstance(each, str) for each in found)


@pytest.mark.parametrize("family", [17, 31, 38, 40], ids=["packet", "bluetooth", "alg", "vsock"])
def test_other_families_of_sockets_are_refused(stage: Stage, family: int) -> None:
    text = TRY + "def main(e, c):\n    return attempt(lambda: socket.socket(e, socket.SOCK_STREAM))"
    assert stage.value(text, family) in ("OSError", "PermissionError")


# --------------------------------------------------------------------------------------------------------- limits


def still_works(stage: Stage) -> bool:
    return bool(stage.value("def main(e, c):\n    return [1]") == [1])


def test_ten_gigabytes_are_refused(stage: Stage) -> None:
    assert "needed more than the 512 MB" in stage.failure("def main(e, c):\n    bytearray(10 * 1024 ** 3)")
    assert still_works(stage)


def test_memory_is_counted_over_all_processes(stage: Stage) -> None:
    text = """
import os, threading
def main(events, context):
    for _ in range(8):
        if os.fork() == 0:
            kept = bytearray(os.urandom(1024)) * (150 * 1024)
            threading.Event().wait()
    threading.Event().wait()
"""
    assert "needed more than the 512 MB" in stage.failure(text)
    assert still_works(stage)


def test_an_endless_loop_that_ignores_signals_ends_at_its_time(stage: Stage) -> None:
    text = """
import signal
def main(events, context):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True: pass
"""
    assert stage.failure(text, seconds=1) == "The script did not end within 1 seconds and was stopped."
    assert still_works(stage)


def test_a_fork_bomb_ends_with_all_of_it(stage: Stage) -> None:
    text = """
import os
def main(events, context):
    while True:
        try:
            os.fork()
        except OSError:
            pass
"""
    message = stage.failure(text, seconds=3)
    assert "was stopped" in message
    assert still_works(stage)
    assert len(descendants(os.getpid())) < 6


def test_endless_output_is_stopped(stage: Stage) -> None:
    text = "import os\ndef main(e, c):\n    while True: os.write(2, b'x' * 65536)"
    assert stage.failure(text) == "The script wrote more than 1 MB of output and was stopped."
    assert still_works(stage)


def test_descriptors_are_limited(stage: Stage) -> None:
    text = TRY + (
        "def main(e, c):\n"
        "    kept = []\n"
        "    while not isinstance(found := attempt(lambda: os.dup(0)), str): kept.append(found)\n"
        "    return [len(kept) <= 512, found]"
    )
    assert stage.value(text) == [True, "OSError"]


def test_a_file_is_limited(stage: Stage) -> None:
    text = (
        TRY + "def main(e, c):\n    return attempt(lambda: os.truncate(os.open('big', 66, 0o600), 600 * 1024 * 1024))"
    )
    assert stage.value(text) == "OSError"


def test_the_disk_is_limited_in_all(stage: Stage) -> None:
    if stage.tier != NAMESPACES:
        pytest.skip("only the first tier claims it")
    text = """
def main(events, context):
    block = bytes(1024 * 1024)
    written = 0
    try:
        for number in range(100):
            with open(str(number), 'wb') as file:
                for _ in range(10):
                    written += file.write(block)
    except OSError:
        pass
    return written // (1024 * 1024)
"""
    assert stage.value(text) <= 512


# --------------------------------------------------------------------------------------------------- the zygote


def test_the_zygote_has_no_environment_and_no_descriptor_but_its_socket(stage: Stage) -> None:
    other = Stage(stage.runner, stage.tier)  # nothing was ordered of it yet, which takes further ones for a moment
    stage.runner.run(other.scripts.ladder())
    process = other.scripts._sandboxes._process
    assert process is not None
    assert Path(f"/proc/{process.pid}/environ").read_bytes() == b""
    open_files = {int(path.name): os.readlink(path) for path in Path(f"/proc/{process.pid}/fd").iterdir()}
    other.scripts.close()
    assert {open_files.pop(number) for number in range(3)} == {"/dev/null"}
    assert [link.partition(":")[0] for link in open_files.values()] == ["socket"]


def test_a_zygote_that_is_killed_is_replaced(stage: Stage) -> None:
    other = Stage(stage.runner, stage.tier)
    assert still_works(other)
    process = other.scripts._sandboxes._process
    assert process is not None
    process.kill()
    process.wait()
    assert still_works(other)
    other.scripts.close()


WITHOUT_NAMESPACES = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'


def test_a_machine_without_namespaces_offers_the_second_tier() -> None:
    doctor = [sys.executable, "-m", "runwright", "doctor", "--json", "--aws", "simulated"]
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", WITHOUT_NAMESPACES, "sh", *doctor]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if not done.stdout:
        pytest.skip(f"no user namespace to try it in: {done.stderr}")
    assert json.loads(done.stdout)["ScriptSandbox"] != NAMESPACES


SERVER = """
import asyncio, sys
from runwright.runtime.scripts import Script, Scripts
text = '''
import os, threading
def main(e, c):
    if os.fork() == 0:
        os.setsid()
        os.execvp('sleep', ['sleep', e])
    print('running')
    threading.Event().wait()
'''
script = Script('python3.11', text, 'main', sys.argv[2], {}, 600)
asyncio.run(Scripts(sys.argv[1]).run(script, {}, lambda line: print(line, end='', flush=True)))
"""


def test_everything_ends_with_a_server_that_is_killed(stage: Stage) -> None:
    marker = f"4{os.getpid()}"
    command = [sys.executable, "-c", SERVER, stage.tier, marker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "running\n"
        watched = [os.pidfd_open(pid) for pid in descendants(server.pid)]
        assert len(watched) >= 4  # zygote, supervisor, script, daemon
        server.kill()
        for watch in watched:
            ended(watch)
    assert not running("sleep", marker)


def ended(watch: int) -> None:
    assert select.select([watch], [], [], 20)[0], "it runs on"
    os.close(watch)


# --------------------------------------------------------------------------------------------------- another user

AS_ANOTHER = """
set -e
stage=$(mktemp -d)
for place in "$@"; do
    folder=$(realpath "$place")
    above=$folder
    while [ "$above" != / ]; do
        above=$(dirname "$above")
        if [ "$(stat -c %a "$above" | tail -c 2)" = 0 ]; then
            mount --bind "$folder" "$stage"
            mount -t tmpfs -o mode=755 tmpfs "$above"
            mkdir -p "$folder"
            mount --move "$stage" "$folder"
            break
        fi
    done
done
mkdir -p "$TMPDIR"
exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \\
    "$PYTHON" -m pytest -q -p no:cacheprovider -o addopts= --rootdir="$ROOT" "$SUITE"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="another user can be tried by root only; this run is by another user")
def test_the_same_holds_for_a_server_run_by_another_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = Path(__file__).parents[2]
    temp = Path("/tmp") / f"another-user-{os.getpid()}"
    temp.mkdir(mode=0o777)
    temp.chmod(0o777)
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "ROOT": str(root),
                   "SUITE": str(Path(__file__).parent),
                   "TMPDIR": str(temp), "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", AS_ANOTHER, "sh"]
    try:
        done = subprocess.run(
            [*command, sys.base_prefix, sys.prefix], env=environment, cwd=root, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        assert " passed" in done.stdout
    finally:
        subprocess.run(["rm", "-rf", str(temp)], check=True)
