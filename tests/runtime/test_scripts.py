from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvloop

from runwright.messages import Failure
from runwright.runtime.scripts import MEGABYTE, Limits, Returned, Script, Scripts

RUNTIME = "python3.11"


def script(
    text: str, payload: Any = None, seconds: float = 20.0, runtime: str = RUNTIME, handler: str = "main"
) -> Script:
    return Script(runtime, text, handler, payload, {"global:REGION": 1}, seconds)


async def run_script(
    one: Script, environment: Mapping[str, str], report: Callable[[str], None], limits: Limits | None = None
) -> Returned | Failure:
    scripts = Scripts(limits=limits)
    try:
        return await scripts.run(one, environment, report)
    finally:
        scripts.close()


class Warm:
    """Scripts whose zygote serves all tests of this file."""

    runner: asyncio.Runner
    scripts: Scripts


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with asyncio.Runner() as runner:
        Warm.runner, Warm.scripts = runner, Scripts()
        runner.run(Warm.scripts.ladder())
        yield
        Warm.scripts.close()


def run(
    text: str,
    payload: Any = None,
    *,
    seconds: float = 20.0,
    environment: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    printed: list[str] | None = None,
) -> Returned | Failure:
    lines: list[str] = [] if printed is None else printed
    if limits is not None:
        return asyncio.run(run_script(script(text, payload, seconds), environment or {}, lines.append, limits))
    return Warm.runner.run(Warm.scripts.run(script(text, payload, seconds), environment or {}, lines.append))


def failed(outcome: Returned | Failure) -> Failure:
    assert isinstance(outcome, Failure)
    return outcome


def test_a_script_gets_events_and_context_and_gives_json() -> None:
    outcome = run(
        "def main(events, context):\n    return {'a': events['b'] + context['global:REGION'], 't': (1,)}", {"b": 41}
    )
    assert outcome == Returned({"a": 42, "t": [1]})


@pytest.mark.parametrize(
    ("endpoint", "prefixed", "style"), [("http://localhost:5000", False, "path"), (None, True, None)]
)
def test_boto3_calls_an_endpoint_by_its_own_name_alone(endpoint: str | None, prefixed: bool, style: str | None) -> None:
    text = (
        "import boto3\ndef main(events, context):\n"
        "    given = {'region_name': 'eu-west-1', 'aws_access_key_id': 'a', 'aws_secret_access_key': 'b'}\n"
        "    config = boto3.client('s3', **given).meta.config\n"
        "    return [boto3.client('s3control', **given).meta.config.inject_host_prefix,"
        " (config.s3 or {}).get('addressing_style')]\n"
    )
    environment = {"AWS_ENDPOINT_URL": endpoint} if endpoint else {}
    assert run(text, environment=environment) == Returned([prefixed, style])


def test_no_return_value_is_null() -> None:
    assert run("def main(events, context):\n    pass") == Returned(None)


def test_lists_within_lists_have_a_limit() -> None:
    deep = "def main(events, context):\n    made = []\n    for _ in range({}):\n        made = [made]\n    return made"
    assert isinstance(run(deep.format(90)), Returned)
    assert failed(run(deep.format(400))).message == (
        "The handler must return lists and maps that are at most 99 levels deep."
    )


def test_an_exception_is_told_with_the_authors_frames_alone() -> None:
    text = (
        "import json\ndef parse(event):\n    return event['expected']\n"
        "def main(events, context):\n    return parse(events)\n"
    )
    message = failed(run(text, {})).message
    lines = message.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].startswith('  File "')
    assert lines[1].endswith('/customer_script.py", line 5, in main')
    assert lines[2] == "    return parse(events)"
    assert lines[3].endswith('/customer_script.py", line 3, in parse')
    assert lines[4:] == ["    return event['expected']", "", "KeyError - 'expected'"]


def test_a_syntax_error_names_its_line() -> None:
    message = failed(run("def main(events, context)\n    return 1")).message
    assert 'customer_script.py", line 1' in message
    assert "SyntaxError - " in message


def test_leaving_by_sys_exit_fails_the_script() -> None:
    assert failed(run("import sys\ndef main(e, c):\n    sys.exit(0)")).message.endswith("SystemExit - 0")


def test_a_process_that_ends_itself_is_told_with_its_last_output() -> None:
    message = failed(run("import os\ndef main(e, c):\n    print('so long')\n    os._exit(3)")).message
    assert message == (
        "The script's process ended with exit code 3 before its handler returned. Its last output: so long"
    )


def test_a_missing_handler_is_told_with_what_there_is() -> None:
    message = failed(run("def handler(e, c):\n    pass")).message
    assert message == "The script has no function 'main', which Handler names; it defines handler."


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        ("datetime.datetime(2024, 1, 1)", "Object of type datetime is not JSON serializable"),
        ("float('nan')", "ValueError"),
        ("'\\ud800'", "UnicodeEncodeError"),
        ("'x' * 102_401", "102403 bytes of JSON; at most 102400"),
    ],
)
def test_what_json_cannot_hold_or_is_too_long_fails(returned: str, why: str) -> None:
    assert why in failed(run(f"import datetime\ndef main(e, c):\n    return {returned}")).message


def test_of_a_list_the_first_hundred_items_are_kept() -> None:
    assert run("def main(e, c):\n    return list(range(300))") == Returned(list(range(100)))


def test_output_is_reported_and_does_not_spoil_the_result() -> None:
    printed: list[str] = []
    text = "import sys\ndef main(e, c):\n    print('{\"value\": 1}')\n    sys.stderr.write('zwölf')\n    return 2"
    assert run(text, printed=printed) == Returned(2)
    assert "".join(printed) == '{"value": 1}\nzwölf'


def test_a_script_sees_its_own_environment_and_folder_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the server")
    text = "import os\ndef main(e, c):\n    return [dict(os.environ), os.getcwd(), os.listdir('.')]"
    outcome = run(text, environment={"AWS_REGION": "eu-west-1"})
    assert isinstance(outcome, Returned)
    environment, folder, files = outcome.value
    assert environment == {"AWS_REGION": "eu-west-1", "PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder}
    assert files == ["customer_script.py"]
    assert not Path(folder).exists()


def test_a_script_that_wants_too_much_memory_is_told_so() -> None:
    failure = failed(run(f"def main(e, c):\n    return len(bytearray({600 * MEGABYTE}))"))
    assert failure.message == "The script needed more than the 512 MB of memory that it may use."


def test_a_script_that_takes_too_long_is_stopped() -> None:
    failure = failed(run("def main(e, c):\n    while True: pass", seconds=0.5))
    assert failure.message == "The script did not end within 0.5 seconds and was stopped."


def test_a_flood_of_output_is_stopped() -> None:
    text = "def main(e, c):\n    while True: print('x' * 1000)"
    failure = failed(run(text, limits=Limits(output_bytes=MEGABYTE)))
    assert failure.message == "The script wrote more than 1 MB of output and was stopped."


WAITING = "echo started; read line"
GRANDCHILD = """
import subprocess
def main(events, context):
    child = subprocess.Popen(['sh', '-c', '{waiting}', '{marker}'], stdin=subprocess.PIPE, start_new_session=True)
    {then}
"""


def test_what_a_script_started_ends_with_it() -> None:
    marker = f"6{os.getpid()}"
    assert run(GRANDCHILD.format(waiting=WAITING, marker=marker, then="return 1")) == Returned(1)
    assert not running("sh", "-c", WAITING, marker)


def running(*command: str) -> bool:
    """Whether a process has this command line, in whatever namespace."""
    wanted = b"\0".join(map(os.fsencode, command)) + b"\0"
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                return True
        except OSError:
            continue  # it ended meanwhile
    return False


def test_a_cancelled_script_ends_with_all_that_it_started() -> None:
    marker = f"7{os.getpid()}"

    async def scenario() -> None:
        started = asyncio.Event()
        text = GRANDCHILD.format(waiting=WAITING, marker=marker, then="child.wait()")
        task = asyncio.create_task(run_script(script(text), {}, lambda line: started.set()))
        await started.wait()
        assert running("sh", "-c", WAITING, marker)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not running("sh", "-c", WAITING, marker)

    asyncio.run(scenario())


def test_an_unknown_runtime_is_refused() -> None:
    outcome = asyncio.run(run_script(script("x", runtime="node18"), {}, print))
    assert failed(outcome).message == "The runtime 'node18' is not known; python3.x and PowerShell are."


def test_without_powershell_the_step_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = asyncio.run(run_script(script("x", runtime="PowerShell 7.4"), {}, print))
    assert "install it on the server's machine so that `pwsh` is on its PATH" in failed(outcome).message


SHIM = Path(__file__).parent / "pwsh"


def test_a_powershell_script_reads_its_payload_and_gives_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{SHIM}:{os.environ['PATH']}")
    printed: list[str] = []
    outcome = asyncio.run(run_script(script("Get-Date", {"a": 1}, runtime="PowerShell 7.4"), {}, printed.append))
    assert outcome == Returned(json.loads('{"a": 1}'))
    assert "".join(printed) == "hello from pwsh\nGet-Date"


def test_powershell_may_be_named_where_path_does_not_lead(tmp_path: Path) -> None:
    """A folder that no script may read otherwise, reached by a link."""
    folder = tmp_path / "powershell"
    folder.mkdir()
    shutil.copy(SHIM / "pwsh", folder / "pwsh-7")
    link = tmp_path / "link"
    link.symlink_to(folder / "pwsh-7")

    assert asyncio.run(run_powershell(link)) == Returned({"a": 1})


async def run_powershell(pwsh: Path) -> Returned | Failure:
    scripts = Scripts(pwsh=pwsh)
    try:
        return await scripts.run(script("Get-Date", {"a": 1}, runtime="PowerShell 7.4"), {}, print)
    finally:
        scripts.close()


def test_a_powershell_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "pwsh"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    tmp_path.chmod(0o755)
    assert str(broken) in failed(asyncio.run(run_powershell(broken))).message


def test_scripts_run_on_uvloop_too() -> None:
    printed: list[str] = []
    text = "def main(e, c):\n    print('there')\n    return e"
    assert uvloop.run(run_script(script(text, [1]), {}, printed.append)) == Returned([1])
    assert "".join(printed) == "there\n"
