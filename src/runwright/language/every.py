"""What reading a runbook may need, loaded: importing this leaves none of this room for the first request to load.

python-jsonpath and regex are not of this room and load with the first runbook that needs them.
"""

from __future__ import annotations

from runwright.language import json_text, patterns, yaml_text

__all__ = ["json_text", "patterns", "yaml_text"]
