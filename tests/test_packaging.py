"""What is shipped, and what the tests run with."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_the_package_and_its_licence_alone(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])

    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    ours = {
        f"runwright/{path.relative_to(ROOT / 'src/runwright')}"
        for path in (ROOT / "src/runwright").rglob("*")
        if path.is_file() and not {"__pycache__", ".ruff_cache"} & set(path.parts) and path.name != "ruff.toml"
    }
    about = {name for name in names if re.match(r"runwright-[0-9.]+\.dist-info/", name)}
    assert set(names) - about == ours
    assert {name.partition("/")[2] for name in about} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_all_that_the_tests_need_is_pinned_with_hashes() -> None:
    lines = (ROOT / "requirements/test.txt").read_text().replace("\\\n", " ").splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert [pin for pin in pins if not re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", pin)] == []
    pinned = {_name(pin) for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = {_name(each) for each in (*project["dependencies"], *extras["simulated"], *extras["dev"], "hatchling")}
    assert needed - pinned == set(), "run: make lock"


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0].lower().replace("_", "-")
