from __future__ import annotations

import subprocess
import sys

import pytest

from runwright.actions import DECLARATIONS as LOADED_WHEN_ASKED_FOR
from runwright.actions import MODULES
from runwright.actions.every import ACTIONS, DECLARATIONS
from runwright.actions.registry import DECLARED, StepFailed
from runwright.actions.verdicts import VERDICTS
from runwright.language.model import KINDS
from tests.actions.conversation import Conversation

ONLY_AWS = ("aws:installDistributorPackageOnAzure", "aws:putServerUpgradeMetrics", "aws:shareSQLMedia")


def test_all_documented_actions_are_declared() -> None:
    assert len(DECLARATIONS) == 23 + len(ONLY_AWS)
    assert [name for name, one in DECLARATIONS.items() if one.only_aws] == sorted(ONLY_AWS)
    assert set(DECLARATIONS) - set(ACTIONS) == {"aws:branch", "aws:loop"}


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_declaration_is_complete(name: str) -> None:
    declaration = DECLARATIONS[name]
    assert declaration.action == name
    assert declaration.summary.endswith(".")
    for one in declaration.inputs:
        assert one.type in (*KINDS, "Any")
        assert one.description.endswith(".")
    assert all(kind in (*KINDS, "Any") for kind in (declaration.outputs or {}).values())


@pytest.mark.parametrize("name", ONLY_AWS)
def test_what_aws_alone_can_run_says_so(name: str) -> None:
    failed = Conversation(name, {"Anything": 1}).failure
    assert isinstance(failed, StepFailed)
    assert f"{name} is an internal action of AWS and can be run by AWS alone" in failed.message
    assert failed.final


def test_the_table_of_modules_has_every_action_where_it_is_declared() -> None:
    assert list(MODULES) == sorted(DECLARED) == list(LOADED_WHEN_ASKED_FOR) == list(DECLARATIONS)
    found = {name: each.perform.__module__ for name, each in ACTIONS.items()}
    assert found == {name: f"runwright.actions.{MODULES[name]}" for name in found}
    assert "aws:noSuchAction" not in LOADED_WHEN_ASKED_FOR
    assert LOADED_WHEN_ASKED_FOR.get("aws:noSuchAction") is None


def test_a_family_is_loaded_when_one_of_its_actions_is_asked_for() -> None:
    program = """if True:
        import sys
        from runwright.actions import DECLARATIONS, MODULES

        def loaded(): return {each for each in MODULES.values() if f"runwright.actions.{each}" in sys.modules}

        assert len(DECLARATIONS) == len(list(DECLARATIONS)) and "aws:pause" in DECLARATIONS
        print(sorted(loaded()))
        assert DECLARATIONS["aws:pause"].action == "aws:pause"
        print(sorted(loaded()))
        import runwright.actions.every
        print(loaded() == set(MODULES.values()))
    """
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["[]", "['approvals']", "True"]


def test_verdicts_are_named_after_what_they_look_at() -> None:
    assert all("." in name for name in VERDICTS)


def test_importing_the_actions_loads_no_aws_library() -> None:
    program = (
        "import sys, runwright.actions; print([n for n in sys.modules if n.partition('.')[0] in ('boto3', 'botocore')])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
