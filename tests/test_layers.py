"""Imports point down only, and the pure rooms reach nothing of the world, not even through others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import runwright

ROOT = Path(runwright.__file__).parent
PURE = ("language", "actions", "interpreter")
WORLD = {
    "asyncio",
    "boto3",
    "botocore",
    "os",
    "random",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "urllib3",
}

FLOORS = (
    ("records", "errors", "members", "messages", "stored_form", "derived_ids", "config", "ids", "logs", "library"),
    ("language",),
    ("actions",),
    ("interpreter",),
    ("tags", "sharing", "documents", "attachments", "runtime", "constraints"),
    ("access",),
    ("definitions",),
    ("starting",),
    ("engine",),
    ("api",),
    ("hosting",),
    ("in_process",),
    ("cli", "__main__"),
)
"""From the ground up. A room may import from its own floor and those below."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def imports_of(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    only_types = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in only_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "runwright":
                yield from (f"runwright.{alias.name}" for alias in node.names)


def floor_of(module: str) -> int | None:
    room = module.partition(".")[0]
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), None)


@pytest.mark.parametrize(("module", "path"), [pytest.param(*each, id=each[0]) for each in modules()])
def test_a_module_imports_from_its_own_floor_or_below(module: str, path: Path) -> None:
    if module == "__init__":
        return
    own = floor_of(module)
    assert own is not None, f"{module} stands on no floor: add it to FLOORS"
    for imported in imports_of(path):
        if imported.startswith("runwright."):
            below = floor_of(imported.removeprefix("runwright."))
            assert below is not None, f"{imported} stands on no floor: add it to FLOORS"
            assert below <= own, f"{module} looks up to {imported}"


@pytest.mark.parametrize(
    ("module", "path"), [pytest.param(*each, id=each[0]) for each in modules() if each[0].startswith(PURE)]
)
def test_a_pure_room_imports_nothing_of_the_world(module: str, path: Path) -> None:
    reached = {imported.partition(".")[0] for imported in imports_of(path)}
    assert not reached & WORLD
