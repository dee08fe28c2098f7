"""The process of one script: isolates itself, then imports the script and calls its handler, or becomes PowerShell.

It is a fork of the zygote. What a Python script gives goes through a pipe of its own, so that nothing it prints can
spoil it.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import linecache
import os
import signal
import struct
import sys
import types
from pathlib import Path
from typing import Any, NoReturn

from botocore import configprovider

from runwright.runtime.sandbox.attachments import InvalidAttachment, unpack
from runwright.runtime.sandbox.isolation import Isolation, isolate, settle

_LONGEST_LIST = 100
"""Items of a returned list that are kept [UG26]."""

_MOST_LINES = 60
_LONGEST_FAILURE = 10_000
"""Of a traceback, in lines and characters."""


def become_script(channel: int, output: int, isolation: Isolation) -> NoReturn:
    """Get ready, wait for the job and run it in this process, which ends with it.

    The job comes over `channel`, a socket, and the answer goes there; what the script prints goes to `output`.
    """
    channel = _take_descriptors(output, channel)
    try:
        os.setsid()
        settle(isolation)
        job, folder = _read_job(channel)
        os.environ.clear()
        os.environ.update(job["environment"])
        os.chdir(folder)
        isolate(isolation, job, folder)
    except BaseException as error:
        _give(channel, {"unstartable": f"its isolation failed: {type(error).__name__} - {error}"})
        os._exit(1)
    try:
        files = {name: base64.b64decode(content) for name, content in job["files"].items()}
        unpack(files, Path(folder))
        for name, text in job["texts"].items():
            with open(name, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
        if job["powershell"]:
            _become(job["powershell"], channel)
    except InvalidAttachment as error:
        _give(channel, {"failure": str(error)})
        os._exit(1)
    except OSError as error:
        _give(channel, {"unstartable": str(error)})
        os._exit(1)
    _become_plain(folder)
    if "AWS_ENDPOINT_URL" in os.environ:
        _call_one_host()
    _give(channel, _answer(job, folder))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that the script left running end here


def _take_descriptors(output: int, channel: int) -> int:
    """Keep the standard ones and the channel, as the next one; close all else."""
    null = os.open(os.devnull, os.O_RDONLY)
    channel, output = os.dup(channel), os.dup(output)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(channel, 3, inheritable=False)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 3:
            with contextlib.suppress(OSError):  # the one that the list was read through
                os.close(int(name))
    return 3


def _read_job(channel: int) -> tuple[dict[str, Any], str]:
    data = bytearray()
    while len(data) < 8 or len(data) < 8 + struct.unpack_from("!Q", data)[0]:
        part = os.read(channel, 1 << 20)
        if not part:
            os._exit(0)  # there is none to come
        data += part
    job: dict[str, Any] = json.loads(data[8:])
    return job, job["environment"]["HOME"]


def _become(command: list[str], channel: int) -> None:
    """Run a program in this process. OSError when it cannot be started, which the channel may then tell."""
    os.set_inheritable(channel, False)  # noqa: FBT003 - its only form
    try:
        os.execv(command[0], command)  # noqa: S606 - found by the server
    except OSError as error:
        raise OSError(f"{command[0]} cannot be run: {error.strerror}") from None


def _become_plain(folder: str) -> None:
    """Look like a Python that was started for the script: its modules, its streams, its signals."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = ["customer_script.py"]
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    sys.path_importer_cache.clear()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _call_one_host() -> None:
    """Let boto3 call the endpoint by its own name alone: `ACCOUNT.127.0.0.1` and `BUCKET.localhost` are nobody."""
    for table, name, value in (
        (configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES, "disable_host_prefix_injection", True),
        (configprovider.DEFAULT_S3_CONFIG_VARS, "addressing_style", "path"),
    ):
        in_file, variable, _, read = table[name]
        table[name] = (in_file, variable, value, read)


def _give(channel: int, given: dict[str, Any]) -> None:
    data = json.dumps(given).encode("ascii")
    try:
        while data:
            data = data[os.write(channel, data) :]
    except OSError:
        pass  # the script closed it: its end says the rest


def _answer(job: dict[str, Any], folder: str) -> dict[str, Any]:
    module_name, _, function_name = job["handler"].rpartition(".")
    if not module_name and not os.path.exists("customer_script.py"):
        return {"failure": _no_file(job["handler"])}
    try:
        module = _module_of(module_name, job["texts"], folder)
        handler = getattr(module, function_name, None)
        if not callable(handler):
            return {"failure": _no_handler(module, job["handler"])}
        value = handler(job["payload"], job["context"])
    except MemoryError:
        return {"out_of_memory": True}
    except BaseException as error:
        return {"failure": _traceback(error, folder)}
    return _given(value, job["value_bytes"])


def _module_of(name: str, texts: dict[str, str], folder: str) -> types.ModuleType:
    """The script as a module; one among the attached files when the handler names it."""
    text = texts.get("customer_script.py")
    if text is None or name not in ("", "customer_script"):
        return importlib.import_module(name.replace("/", ".") or "customer_script")
    module = types.ModuleType("customer_script")
    module.__file__ = f"{folder}/customer_script.py"
    sys.modules["customer_script"] = module
    exec(compile(text, module.__file__, "exec", dont_inherit=True), vars(module))  # noqa: S102 - what all this is for
    return module


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


def _no_file(handler: str) -> str:
    files = sorted(name.removesuffix(".py") for name in os.listdir() if name.endswith(".py"))
    known = f"such as {files[0]}.{handler}" if files else "but there is no Python file at the top of what is attached"
    return f"Handler '{handler}' names no file; FILE.FUNCTION is expected for an attached script, {known}."


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
    traceback: types.TracebackType | None = error.__traceback__
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
