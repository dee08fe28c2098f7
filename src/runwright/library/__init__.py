"""Runbooks under the names of AWS's own that people start most, written for Runwright and shipped with it.

They take AWS's parameter names. It knows texts alone; `documents` shows them in every account as owned by Amazon.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def texts() -> dict[str, str]:
    """YAML texts by name, in the order of names."""
    found = {each.name: each for each in files(__name__).iterdir() if each.name.endswith(".yaml")}
    return {name.removesuffix(".yaml"): found[name].read_text("utf-8") for name in sorted(found)}
