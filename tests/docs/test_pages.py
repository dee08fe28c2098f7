"""The documentation holds: every setting, action and operation is in it, and generated pages are as generated."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from botocore.session import get_session

from runwright.actions import DECLARATIONS
from runwright.api.operations import NEVER_PASSED, OPERATIONS
from runwright.config import QUOTAS, SETTINGS

ROOT = Path(__file__).parents[2]


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = load_generator()


@pytest.mark.parametrize("name", sorted(GENERATOR.PAGES))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()

    assert text == GENERATOR.PAGES[name](), "run: make docs"


def test_seconds_are_written_out() -> None:
    assert [line for line in (ROOT / "docs" / "actions.md").read_text().splitlines() if "e+0" in line] == []


def test_each_setting_and_quota_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()

    missing = [each for s in SETTINGS.values() for each in (s.flag, s.variable) if f"`{each}" not in text]
    assert not missing
    assert all(f"| `{quota}` |" in text for quota in QUOTAS)


def test_each_action_is_documented() -> None:
    text = (ROOT / "docs" / "actions.md").read_text()

    assert [name for name in DECLARATIONS if f"## {name}\n" not in text and f"- `{name}`" not in text] == []


def test_each_operation_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()

    assert [name for name in (*OPERATIONS, *NEVER_PASSED) if f"`{name}`" not in text] == []


def test_calls_documented_to_have_no_token_have_none() -> None:
    session, text = get_session(), (ROOT / "docs" / "idempotency.md").read_text()
    calls = {("ec2", "CreateImage"), ("ec2", "CreateSnapshot"), ("lambda", "Invoke"), ("sns", "Publish")}
    calls |= {("sqs", "SendMessage"), ("ssm", "SendCommand")}

    for service, operation in sorted(calls):
        model = session.get_service_model(service).operation_model(operation)
        assert f"`{service}:{operation}`" in text
        assert model.idempotent_members == []


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())]

    assert links
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_each_claim_of_the_security_page_names_a_test_that_there_is() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)

    assert len(named) > 20
    assert [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text()] == []
