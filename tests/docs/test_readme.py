"""What README.md tells the reader to type does what it shows."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import get_session

from runwright.cli import main
from tests.cli.conftest import Serve
from tests.cli.conftest import serve as serve

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ID = re.compile(r"\bi-[0-9a-f]+\b|http://127\.0\.0\.1:\d+|\d+\.\d s")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shown_after(command: str) -> str:
    """What the README shows below a command."""
    (block,) = (each for each in blocks("console") if f"$ {command}\n" in each)
    return block.split(f"$ {command}\n", 1)[1].split("\n$ ")[0].strip()


def without_particulars(text: str) -> list[str]:
    """Lines without ids, addresses and times."""
    return [ID.sub("X", line).strip() for line in text.splitlines() if line.strip()]


def run_as_program(path: Path) -> str:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
        runpy.run_path(str(path), run_name="__main__")
    return shown.getvalue()


def test_the_demo_shows_what_the_readme_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    shown = run_as_program(ROOT / "examples" / "demo.py")

    (block,) = (each for each in blocks("console") if each.startswith("$ make demo\n"))
    assert without_particulars(shown) == without_particulars(block.removeprefix("$ make demo\n"))


def test_the_boto3_program_prints_what_the_readme_shows(
    serve: Serve, moto_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve("--aws", moto_url, "--data", ":memory:", "--skip-time")
    text = (ROOT / "examples" / "with_boto3.py").read_text()
    program = tmp_path / "program.py"
    program.write_text(text.replace("http://127.0.0.1:4583", server.url).replace("http://127.0.0.1:5000", moto_url))
    monkeypatch.chdir(ROOT)

    shown = run_as_program(program)

    assert shown.strip() == shown_after("python examples/with_boto3.py")


def test_the_readme_quotes_its_boto3_program() -> None:
    (quoted,) = (block for block in blocks("python") if "4583" in block)
    program = (ROOT / "examples" / "with_boto3.py").read_text()

    assert [line for line in quoted.splitlines() if line.strip() and line not in program] == []


def test_a_server_starts_as_the_readme_shows(serve: Serve) -> None:
    server = serve("--aws", "http://127.0.0.1:5000", "--data", ":memory:", "--skip-time")

    shown = shown_after("runwright serve --aws http://127.0.0.1:5000 --data :memory: --skip-time")
    assert [without_particulars(line) for line in server.lines] == [without_particulars(x) for x in shown.splitlines()]


def test_the_example_in_process_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = (block for block in blocks("python") if "runwright.client" in block)

    exec(compile(program, "README.md", "exec"), {})

    assert capsys.readouterr().out.startswith("Success 8:00:00")


def test_check_shows_what_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runbook = (ROOT / "examples" / "restart-instances.yaml").read_text()
    (tmp_path / "restart.yaml").write_text(runbook.replace("NextStep: StartInstances", "NextStep: StartInstance"))
    monkeypatch.chdir(tmp_path)

    assert main(["check", "restart.yaml"]) == 1
    assert capsys.readouterr().out.strip() == shown_after("runwright check restart.yaml")


def test_commands_of_the_aws_cli_name_operations_and_members_of_the_model() -> None:
    model = get_session().get_service_model("ssm")
    operations = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
    commands = re.findall(r"^\$ aws ssm (.+)$", README, re.MULTILINE)
    assert commands

    for command in commands:
        operation, *arguments = shlex.split(command)
        members: dict[str, Any] = operations[operation].input_shape.members
        known = {f"--{xform_name(name, '-')}" for name in members} | {"--query", "--output"}
        assert {argument for argument in arguments if argument.startswith("--")} <= known
