from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runwright.cli import main
from tests.cli.conftest import COMMAND, clean_environment

FAULTY = """\
schemaVersion: '0.3'
mainSteps:
  - name: first
    action: aws:noSuchAction
    nextStep: nowhere
  - name: second
    action: aws:executeAwsApi
    inputs: {Service: s3, Api: ListBuckets, Prefix: '{{ Undeclared }}'}
  - name: second
    action: aws:sleep
    maxAttempts: many
    inputs: {Duration: PT1M}
  - name: choose
    action: aws:branch
    inputs: {Choices: []}
  - name: last
    action: aws:sleep
    inputs: {Duration: PT1M, Colour: red}
"""

VALID = """\
schemaVersion: '0.3'
mainSteps:
  - name: wait
    action: aws:sleep
    inputs: {Duration: PT1M}
"""


def test_every_fault_of_a_file_is_told_with_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_text(FAULTY)
    assert main(["check", str(file)]) == 1
    lines = [line.removeprefix(f"{file}:").split(" ")[:2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["4:13:", "unknown-action"],
        ["5:15:", "unknown-step"],
        ["8:53:", "undeclared-parameter"],
        ["9:11:", "duplicate-step"],
        ["11:18:", "not-a-number"],
        ["15:23:", "empty-choices"],
        ["18:30:", "unknown-input"],
    ]


def test_the_same_faults_are_told_of_a_json_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "faulty.json"
    file.write_text(
        '{"schemaVersion": "0.3", "mainSteps": [\n'
        ' {"name": "a", "action": "aws:sleep", "nextStep": "b",\n'
        '  "inputs": {"Duration": "PT1M", "Colour": 1}}]}\n'
    )
    assert main(["check", "--json", str(file)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(each["line"], each["column"], each["code"], each["severity"]) for each in found] == [
        (2, 51, "unknown-step", "error"),
        (3, 34, "unknown-input", "error"),
    ]
    assert {each["file"] for each in found} == {str(file)}


def test_warnings_alone_are_told_and_exit_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "old.yaml"
    script = "{Runtime: python3.6, Handler: main, Script: 'def main(events, context): pass'}"
    file.write_text(
        f"schemaVersion: '0.3'\nmainSteps:\n  - {{name: a, action: 'aws:executeScript', inputs: {script}}}\n"
    )
    assert main(["check", str(file)]) == 0
    assert "retired-runtime warning:" in capsys.readouterr().out


POWERSHELL = """\
schemaVersion: '0.3'
mainSteps:
  - {name: a, action: 'aws:executeScript', inputs: {Runtime: PowerShell 7.4, Script: Get-Date}}
"""


def test_a_powershell_script_is_warned_of_where_there_is_no_powershell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shell.yaml"
    file.write_text(POWERSHELL)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["check", str(file)]) == 0
    assert "needs-powershell warning: no pwsh is known here" in capsys.readouterr().out

    pwsh = tmp_path / "pwsh"
    pwsh.write_text("#!/bin/sh\n")
    pwsh.chmod(0o755)
    assert main(["check", str(file)]) == 0
    monkeypatch.setenv("PATH", "")
    assert main(["check", "--pwsh", str(pwsh), str(file)]) == 0
    monkeypatch.setenv("RUNWRIGHT_PWSH", str(pwsh))
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr().out == ""


def test_a_powershell_that_is_none_is_refused_before_anything_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shell.yaml"
    file.write_text(POWERSHELL)
    for path, found in ((tmp_path / "none", "does not exist"), (tmp_path, "is no file"), (file, "may not be executed")):
        assert main(["check", "--pwsh", str(path), str(file)]) == 2
        expected = f"runwright check: --pwsh: '{path}' {found}: the path of a file that may be executed is expected.\n"
        assert capsys.readouterr() == ("", expected)


def test_several_files_are_checked_and_the_format_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, odd, empty_list = tmp_path / "good.yml", tmp_path / "odd", tmp_path / "list.json"
    good.write_text(VALID)
    odd.write_text('\ufeff {"schemaVersion": "0.3"')
    empty_list.write_text("[]")
    assert main(["check", str(good), str(odd), str(empty_list)]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{odd}:1:")
    assert " json-syntax JSON not well-formed. at Line: 1, Column: " in first
    assert second.startswith(f"{empty_list}:1:1: wrong-type ")


def test_a_file_that_cannot_be_read_exits_2_and_the_others_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bytes_of_an_image = tmp_path / "image.yaml"
    bytes_of_an_image.write_bytes(b"\x89PNG\xff\xfe")
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("[]")
    assert main(["check", str(tmp_path / "absent.yaml"), str(bytes_of_an_image), str(faulty)]) == 2
    captured = capsys.readouterr()
    assert "absent.yaml: No such file or directory" in captured.err
    assert "image.yaml: it is not UTF-8 text" in captured.err
    assert captured.out.startswith(f"{faulty}:1:1: wrong-type")


def test_a_problem_is_one_line_whatever_the_text_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.json"
    file.write_text(json.dumps({"schemaVersion": "0\n\u001b[31m", "mainSteps": [{"name": "a", "action": "aws:pause"}]}))
    assert main(["check", str(file)]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert r"0\n\x1b[31m" in line


def loaded_by_check(file: Path) -> set[str]:
    """The modules that a process has loaded when it has checked `file`, without those of a bare interpreter."""
    program = (
        "import sys; bare = set(sys.modules); from runwright.cli import main; code = main(['check', sys.argv[1]]);"
        "print(code, *(set(sys.modules) - bare))"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True)
    code, *names = ran.stdout.split()
    assert code == "0"
    return set(names)


SLOW_TO_LOAD = {"dataclasses", "difflib", "hashlib", "inspect", "logging", "pathlib", "shutil", "subprocess", "urllib"}


def test_check_loads_yaml_and_nothing_else_from_outside_the_standard_library(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(VALID)
    loaded = loaded_by_check(file)
    outside = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert {name for name in outside if "cython" not in name} == {"runwright", "yaml"}
    assert not loaded & SLOW_TO_LOAD


def test_check_of_a_json_file_loads_no_yaml(tmp_path: Path) -> None:
    file = tmp_path / "good.json"
    steps = [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1M"}}]
    file.write_text(json.dumps({"schemaVersion": "0.3", "mainSteps": steps}))
    assert "yaml" not in loaded_by_check(file)


def test_check_loads_only_those_of_our_modules_that_the_runbook_needs(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(VALID)
    loaded = {name for name in loaded_by_check(file) if name.startswith("runwright")}
    actions = {name.removeprefix("runwright.actions.") for name in loaded if name.startswith("runwright.actions.")}
    assert actions == {"registry", "phases", "flow"}
    assert {name.split(".")[1] for name in loaded if "." in name} == {
        "actions",
        "cli",
        "config",
        "errors",
        "language",
        "messages",
        "records",
    }
    assert len(loaded) <= 40


def test_wrong_usage_exits_2() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check"])
    assert stopped.value.code == 2


@pytest.mark.parametrize("command", [["schema"], ["check", "nothing.yaml"]])
def test_a_reader_that_has_had_enough_is_no_fault(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "nothing.yaml").write_text("")
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as output:
        ended = subprocess.run(
            [*COMMAND, *command],
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=clean_environment(),
        )

    assert (ended.returncode, ended.stderr) == (141, "")
