from __future__ import annotations

import json
import os

import pytest

from runwright.cli import main
from runwright.runtime.sandbox.tiers import CONTAINMENTS, LANDLOCK, NAMESPACES, NONE, REFUSED, contained


def test_doctor_shows_the_tier_and_what_it_contains(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json", "--aws", "simulated"])
    shown = json.loads(capsys.readouterr().out)
    assert code == (1 if shown["ScriptSandbox"] == REFUSED else 0)
    assert list(shown["Contained"]) == [each.what for each in CONTAINMENTS]
    if shown["ScriptSandbox"] == NAMESPACES:
        assert set(shown["Contained"].values()) == {True}


def test_doctor_says_that_nothing_is_contained_without_a_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--script-sandbox", "none", "--aws", "simulated"]) == 1
    text = capsys.readouterr().out
    assert text.startswith("Scripts: none (limits only")
    assert "  yes" not in text


def test_the_network_counts_as_open_for_real_aws() -> None:
    found = {each.what: yes for each, yes in contained(NAMESPACES, 7, network_is_open=True)}
    assert [what for what, yes in found.items() if not yes] == ["connections elsewhere"]


def test_an_old_landlock_contains_less() -> None:
    missing = {each.what for each, yes in contained(LANDLOCK, 3, network_is_open=False) if not yes}
    assert missing == {"signals to other processes", "connections elsewhere", "disk space in all"}
    assert not any(yes for _, yes in contained(NONE, 7, network_is_open=False))


def test_doctor_shows_the_powershell_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json", "--aws", "simulated", "--pwsh", "/bin/sh"])
    assert json.loads(capsys.readouterr().out)["PowerShell"] == os.path.realpath("/bin/sh")
    assert main(["doctor", "--pwsh", "/etc/passwd"]) == 2
    assert "'/etc/passwd' may not be executed: the path of a file that may be executed" in capsys.readouterr().err


def test_a_setting_that_is_no_choice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--script-sandbox", "some"]) == 2
    assert "neither auto nor none" in capsys.readouterr().err
