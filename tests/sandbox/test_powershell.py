"""What scripts see of a PowerShell that is installed where they see nothing else, against each tier."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from runwright.runtime.sandbox.tiers import REFUSED
from runwright.runtime.scripts import Returned, Script, Scripts
from tests.sandbox.stage import TIERS

# Stands for PowerShell: says which of the paths in its payload it can read, and tries to write beside itself.
LOOK = """\
#!/bin/sh
here=$(dirname "$0")
for path in $(printf '%s' "$InputPayload" | tr -d '"'); do cat "$path" > /dev/null 2>&1 && seen="$seen $path"; done
( echo hostile > "$here/hostile"; echo hostile >> "$0" ) 2> /dev/null
printf '"%s"' "$seen" > result
"""


def installed(home: Path) -> Path:
    """A folder of programs in somebody's home, with something of theirs beside it; the path of pwsh."""
    folder = home / "microsoft" / "powershell" / "7"
    folder.mkdir(parents=True)
    (home / "diary").write_text("mine")
    (folder / "lib.dll").write_text("code")
    (folder / "pwsh").write_text(LOOK)
    (folder / "pwsh").chmod(0o755)
    for path in (home, *home.rglob("*")):
        path.chmod(path.stat().st_mode | 0o755 if path.is_dir() else path.stat().st_mode | 0o444)
    return folder / "pwsh"


def seen_from(pwsh: Path | None, tier: str, paths: list[Path]) -> list[str]:
    async def run() -> list[str]:
        scripts = Scripts(tier, is_open=False, pwsh=pwsh)
        try:
            if (ladder := await scripts.ladder()).tier == REFUSED:
                pytest.skip(f"no {tier} on this machine: {dict(ladder.facts)}")
            script = Script("PowerShell 7.4", "", "", " ".join(map(str, paths)), {}, 20.0)
            outcome = await scripts.run(script, {}, print)
        finally:
            scripts.close()
        assert isinstance(outcome, Returned), outcome
        return str(outcome.value).split()

    return asyncio.run(run())


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("way", ["itself", "a link to a link", "PATH"])
def test_the_folder_of_powershell_is_seen_and_only_to_be_read(
    way: str, tier: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    pwsh = installed(home)
    links = tmp_path / "bin"
    links.mkdir()
    (links / "far").symlink_to(pwsh)
    (links / "pwsh").symlink_to("far")
    monkeypatch.setenv("PATH", f"{links}:{os.environ['PATH']}")
    named = {"itself": pwsh, "a link to a link": links / "pwsh", "PATH": None}[way]

    library, diary = pwsh.parent / "lib.dll", home / "diary"
    assert seen_from(named, tier, [library, diary]) == [str(library)]
    assert sorted(each.name for each in pwsh.parent.iterdir()) == ["lib.dll", "pwsh"]
    assert pwsh.read_text() == LOOK
