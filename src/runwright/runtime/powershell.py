"""Where PowerShell is on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def find_pwsh(named: Path | None) -> str | None:
    """The program that is PowerShell, behind all links: the one that is named, else the one on PATH."""
    found = shutil.which("pwsh") if named is None else str(named)
    return found and os.path.realpath(found)
