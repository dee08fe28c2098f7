"""`runwright run`: what it shows, asks and gives as exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from runwright.cli import main
from tests.cli.conftest import COMMAND, clean_environment

NOWHERE = ("--aws", "http://127.0.0.1:9")

GREETING = """
schemaVersion: '0.3'
parameters:
  Name: {type: String}
  Names: {type: StringList, default: []}
  Labels: {type: StringMap, default: {}}
mainSteps:
  - name: greet
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: greet
      InputPayload: {name: '{{ Name }}', names: '{{ Names }}', labels: '{{ Labels }}'}
      Script: |
        def greet(events, context):
            print("greeting", events["name"])
            return {"Text": "Hello " + ", ".join([events["name"], *events["names"], *events["labels"].values()])}
    outputs:
      - {Name: Text, Selector: $.Payload.Text, Type: String}
outputs: [greet.Text]
"""

SLEEPS = """
schemaVersion: '0.3'
mainSteps:
  - name: wait
    action: aws:sleep
    inputs: {Duration: PT1H}
"""

ASKS = """
schemaVersion: '0.3'
mainSteps:
  - name: ask
    action: aws:approve
    inputs: {Approvers: ['arn:aws:iam::123456789012:user/ada', grace], MinRequiredApprovals: 2}
  - name: hold
    action: aws:pause
    inputs: {}
"""

FAILS = """
schemaVersion: '0.3'
mainSteps:
  - name: look
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: look
      Script: |
        def look(events, context):
            raise ValueError("nothing to see")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "book.yaml"


def test_a_successful_run_shows_its_steps_outputs_and_script_lines(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(GREETING)

    code = main(["run", str(file), *NOWHERE, "--param", "Name=Ada"])

    shown = capsys.readouterr().out
    assert code == 0
    assert re.search(r"^ +0\.\d s  greet  aws:executeScript  InProgress$", shown, re.MULTILINE)
    assert "          | greeting Ada\n" in shown
    assert re.search(r"greet  Success in \d+\.\d s$", shown, re.MULTILINE)
    assert re.search(r"^Success in \d+\.\d s$", shown, re.MULTILINE)
    assert "  greet.Text: Hello Ada\n" in shown
    assert "\x1b" not in shown


def test_lists_and_maps_are_given_as_json_or_by_repetition(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GREETING)
    given = ["Name=[1]", "Names=Ada", 'Names=["Grace", "Joan"]', 'Labels={"x": "Mary"}']

    main(["run", str(file), *NOWHERE, "--json", *(f"--param={text}" for text in given)])

    execution = json.loads(capsys.readouterr().out)["AutomationExecution"]
    assert execution["Outputs"]["greet.Text"] == ["Hello [1], Ada, Grace, Joan, Mary"]
    assert execution["Parameters"]["Names"] == ["Ada", "Grace", "Joan"]


def test_a_failed_run_says_why_and_exits_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FAILS)

    code = main(["run", str(file), *NOWHERE])

    shown = capsys.readouterr().out
    assert code == 1
    assert "look  Failed in" in shown
    assert "nothing to see" in shown


def test_json_is_one_document_with_all_steps(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FAILS)

    code = main(["run", str(file), *NOWHERE, "--json"])

    execution = json.loads(capsys.readouterr().out)["AutomationExecution"]
    assert code == 1
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert [step["StepStatus"] for step in execution["StepExecutions"]] == ["Failed"]


def test_an_invalid_runbook_is_told_by_file_line_and_column(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(SLEEPS.replace("aws:sleep", "aws:slep"))

    code = main(["run", str(file), *NOWHERE])

    assert code == 2
    assert re.match(re.escape(str(file)) + r":5:\d+: [a-z-]+ .*aws:slep", capsys.readouterr().err)


def test_an_invalid_runbook_is_a_json_document_too(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(SLEEPS.replace("aws:sleep", "aws:slep"))

    code = main(["run", str(file), *NOWHERE, "--json"])

    assert code == 2
    assert json.loads(capsys.readouterr().out)["Problems"][0]["line"] == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "Missing required parameter: Name in user inputs."),
        (["Name=Ada", "Nmae=Ada"], "Nmae"),
        (["Name"], "--param Name: NAME=VALUE is expected."),
    ],
)
def test_an_invalid_parameter_is_told_in_the_words_of_the_service(
    file: Path, capsys: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    file.write_text(GREETING)

    code = main(["run", str(file), *NOWHERE, *(f"--param={text}" for text in given)])

    assert code == 2
    assert message in capsys.readouterr().err


def test_skipped_time_is_shown_as_it_passed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(SLEEPS)

    code = main(["run", str(file), *NOWHERE, "--skip-time"])

    assert code == 0
    assert "wait  Success in 1:00:00\n" in capsys.readouterr().out


def test_where_nobody_can_be_asked_a_waiting_run_is_cancelled(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(ASKS)

    code = main(["run", str(file), *NOWHERE])

    said = capsys.readouterr()
    assert code == 1
    assert "ask  Cancelled" in said.out
    assert "pass --approve" in said.err


def test_approve_speaks_for_every_approver_and_resumes_pauses(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(ASKS)

    code = main(["run", str(file), *NOWHERE, "--approve"])

    shown = capsys.readouterr().out
    assert code == 0
    assert "ask  Success" in shown
    assert "hold  Success" in shown


def test_other_runbooks_of_a_directory_can_be_started_by_it(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "Sleepy.yaml").write_text(SLEEPS)
    call = SLEEPS.replace("aws:sleep", "aws:executeAutomation").replace("Duration: PT1H", "DocumentName: Sleepy")
    file.write_text(call)

    code = main(["run", str(file), *NOWHERE, "--skip-time", "--runbooks", str(tmp_path / "more")])

    assert code == 0
    assert "Sleepy/wait  Success in 1:00:00\n" in capsys.readouterr().out


def test_an_interrupt_cancels_the_execution_and_waits_for_its_end(file: Path) -> None:
    file.write_text(SLEEPS)
    process = subprocess.Popen(
        [*COMMAND, "run", str(file), *NOWHERE],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(PYTHONUNBUFFERED="1"),
    )
    with process:
        assert process.stdout is not None
        while "InProgress" not in process.stdout.readline():
            pass

        process.send_signal(signal.SIGINT)

        shown, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "wait  Cancelled" in shown


def test_in_a_terminal_the_person_at_it_is_asked(file: Path) -> None:
    file.write_text(ASKS)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "run", str(file), *NOWHERE],
        stdin=theirs, stdout=theirs, stderr=theirs, env=clean_environment(TERM="xterm"), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)

    shown = read_until(ours, b"ask waits for you: approve (a)")
    os.write(ours, b"a\n")
    shown += read_until(ours, b"hold waits for you: resume (r)")
    os.write(ours, b"r\n")

    shown += read_until(ours, None)
    os.close(ours)
    assert process.wait(20) == 0
    assert b"\x1b[" in shown


def read_until(terminal: int, text: bytes | None) -> bytes:
    """What a terminal shows until `text` has appeared, or until its end."""
    shown = b""
    while text is None or text not in shown:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            return shown
        if not part:
            return shown
        shown += part
    return shown
