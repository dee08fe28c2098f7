"""Texts of runbooks for tests of the API."""

from __future__ import annotations

import json

from runwright.messages import Json

SLEEP: Json = {
    "schemaVersion": "0.3",
    "description": "Waits.",
    "parameters": {
        "Duration": {"type": "String", "default": "PT1S", "description": "How long."},
        "Names": {"type": "StringList", "default": ["a", "b"]},
        "Note": {"type": "String"},
    },
    "mainSteps": [{"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "{{ Duration }}"}, "isEnd": True}],
}

PAUSE: Json = {
    "schemaVersion": "0.3",
    "mainSteps": [
        {"name": "halt", "action": "aws:pause", "inputs": {}},
        {"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}, "isEnd": True},
    ],
}

SLEEP_YAML = """\
schemaVersion: '0.3'
description: |-
  Waits.
  For long.
parameters:
  Day: {type: String, default: 2024-01-01}
  Account: {type: String, default: '012345678901'}
mainSteps:
- name: rest
  action: aws:sleep
  inputs: {Duration: PT1S}
  isEnd: true
"""


def text(runbook: Json, **changes: Json) -> str:
    """A runbook as JSON, with other members at its top."""
    return json.dumps(runbook | changes)
