"""The process in which an author's script runs. Started as a file by `scripts.py`, never imported by the server.

Standard input holds the job as JSON. It puts limits on itself, then imports the script and calls its handler, or
becomes PowerShell. What a Python script gives goes through a pipe of its own, so that nothing it prints can spoil it.
"""

from __future__ import annotations

import importlib
import json
import linecache
import os
import resource
import sys
from types import TracebackType
from typing import Any

_LONGEST_LIST = 100
"""Items of a returned list that are kept [UG26]."""

_MOST_LINES = 60
_LONGEST_FAILURE = 10_000
"""Of a traceback, in lines and characters."""


def main() -> None:
    with os.fdopen(0, "rb", closefd=False) as standard_input:
        job = json.load(standard_input)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.pop("LC_CTYPE", None)  # set by this interpreter; the script's environment is what the server gave
    _die_with(job["parent"])
    _limit(job)
    if job["powershell"]:
        os.execv(job["powershell"][0], job["powershell"])  # noqa: S606 - found on PATH by the server
    os.set_inheritable(job["result_fd"], False)  # noqa: FBT003 - its only form
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    answer = json.dumps(_answer(job)).encode("ascii")
    with os.fdopen(job["result_fd"], "wb") as pipe:
        pipe.write(answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that the script left running end here


def _die_with(parent: int) -> None:
    """Have the kernel end this process when the server's does, however it ends (Linux)."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal, sigkill = 1, 9
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, sigkill, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _limit(job: dict[str, Any]) -> None:
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_DATA, job["memory_bytes"])
    _set(resource.RLIMIT_FSIZE, job["file_bytes"])
    _set(resource.RLIMIT_CPU, job["cpu_seconds"], job["cpu_seconds"] + 5)
    _set(resource.RLIMIT_NOFILE, 1024)
    _set(resource.RLIMIT_NPROC, _processes_now() + job["processes"])


def _set(limit: int, soft: int, hard: int | None = None) -> None:
    _, most = resource.getrlimit(limit)
    wanted = soft if hard is None else hard
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    resource.setrlimit(limit, (min(soft, wanted), wanted))


def _processes_now() -> int:
    """How many processes and threads the machine has: the kernel counts all of a user's against the limit."""
    try:
        with open("/proc/loadavg") as file:
            return int(file.read().split()[3].split("/")[1])
    except (OSError, ValueError, IndexError):
        return 4096


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    folder = os.getcwd()
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    module_name, _, function_name = job["handler"].rpartition(".")
    try:
        module = importlib.import_module(module_name or "customer_script")
        handler = getattr(module, function_name, None)
        if not callable(handler):
            return {"failure": _no_handler(module, job["handler"])}
        value = handler(job["payload"], job["context"])
    except MemoryError:
        return {"out_of_memory": True}
    except BaseException as error:
        return {"failure": _traceback(error, folder)}
    return _given(value, job["value_bytes"])


def _given(value: Any, most_bytes: int) -> dict[str, Any]:
    if isinstance(value, (list, tuple)):
        value = value[:_LONGEST_LIST]
    try:
        data = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except MemoryError:
        return {"out_of_memory": True}
    except (TypeError, ValueError, RecursionError) as error:
        return {"failure": f"The handler must return what JSON can hold. {type(error).__name__} - {error}"}
    if len(data) > most_bytes:
        return {"failure": f"The handler returned {len(data)} bytes of JSON; at most {most_bytes} bytes are taken."}
    return {"value": json.loads(data)}


def _no_handler(module: Any, spelled: str) -> str:
    functions = [
        name
        for name, one in vars(module).items()
        if callable(one) and getattr(one, "__module__", None) == module.__name__ and not name.startswith("_")
    ]
    known = f"it defines {', '.join(functions)}" if functions else "it defines no function"
    return f"The script has no function '{spelled}', which Handler names; {known}."


def _traceback(error: BaseException, folder: str) -> str:
    """As AWS words it: the author's frames alone, then the type and text of the exception."""
    lines = ["Traceback (most recent call last):"]
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith(folder + os.sep):
            lines.append(f'  File "{code.co_filename}", line {traceback.tb_lineno}, in {code.co_name}')
            lines.append(f"    {linecache.getline(code.co_filename, traceback.tb_lineno).strip()}")
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        lines.append(f'  File "{error.filename}", line {error.lineno}')
        lines.append(f"    {(error.text or '').strip()}")
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES // 2 : -_MOST_LINES // 2] = ["  ..."]
    text = "\n".join(lines) + f"\n\n{type(error).__name__} - {error}"
    return text[:_LONGEST_FAILURE].encode("utf-8", "replace").decode("utf-8")


if __name__ == "__main__":
    main()
