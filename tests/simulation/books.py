"""Runbooks whose flow has something to get wrong, and the requests with which they are started."""

from __future__ import annotations

from functools import cache

from runwright.engine import parse
from runwright.language.model import Runbook
from runwright.messages import Json

STRAIGHT = """
schemaVersion: "0.3"
mainSteps:
  - {name: one, action: aws:executeAwsApi, inputs: {Service: ec2, Api: DescribeVpcs}, outputs: [{Name: V, Selector: $.V, Type: String}]}
  - {name: two, action: aws:sleep, inputs: {Duration: PT30S}}
  - {name: three, action: aws:executeScript, maxAttempts: 2, inputs: {Runtime: python3.11, Handler: f, Script: "def f(e, c): return 1", InputPayload: {v: "{{one.V}}"}}}
  - {name: four, action: aws:waitForAwsResourceProperty, timeoutSeconds: 900, inputs: {Service: ec2, Api: DescribeVpcs, PropertySelector: $.V, DesiredValues: [x]}}
outputs: [one.V]
"""

LOOP = """
schemaVersion: "0.3"
variables: {count: {type: Integer, default: 0}}
mainSteps:
  - name: each
    action: aws:loop
    onFailure: step:after
    isCritical: false
    timeoutSeconds: 200
    maxAttempts: 2
    inputs:
      Iterators: [a, b, c]
      Steps:
        - {name: call, action: aws:executeAwsApi, maxAttempts: 3, onCancel: step:after, inputs: {Service: ec2, Api: DescribeVpcs, VpcIds: ["{{each.CurrentIteratorValue}}"]}}
        - {name: wait, action: aws:sleep, timeoutSeconds: 40, onFailure: Continue, inputs: {Duration: PT45S}}
        - {name: note, action: aws:updateVariable, inputs: {Name: "variable:count", Value: "{{each.CurrentIteration}}"}}
  - {name: after, action: aws:executeAwsApi, isEnd: true, inputs: {Service: ec2, Api: DescribeVpcs}}
"""

PEOPLE = """
schemaVersion: "0.3"
mainSteps:
  - {name: ask, action: aws:approve, timeoutSeconds: 7200, onFailure: step:tidy, inputs: {Approvers: [a, b], MinRequiredApprovals: 2}}
  - {name: rest, action: aws:pause, timeoutSeconds: 3600, onCancel: step:tidy, inputs: {}}
  - {name: work, action: aws:executeAwsApi, onCancel: step:tidy, inputs: {Service: ec2, Api: DescribeVpcs}}
  - {name: tidy, action: aws:executeAwsApi, isEnd: true, inputs: {Service: ec2, Api: DescribeVpcs}}
"""

PARENT = """
schemaVersion: "0.3"
mainSteps:
  - {name: first, action: aws:executeAutomation, inputs: {DocumentName: straight}}
  - {name: second, action: aws:executeAutomation, timeoutSeconds: 100, onFailure: Continue, inputs: {DocumentName: people}}
  - {name: third, action: aws:executeAutomation, onFailure: step:last, inputs: {DocumentName: loop}}
  - {name: last, action: aws:sleep, inputs: {Duration: PT1S}}
"""

BOOKS = {"straight": STRAIGHT, "loop": LOOP, "people": PEOPLE, "parent": PARENT}


@cache
def parsed(text: str) -> Runbook:
    """The runbook of a text; none is ever changed."""
    return parse(text, "YAML")


# ------------------------------------------------------------------------------------------------------ requests

_TARGETS: list[dict[str, Json]] = [
    {"Key": "ParameterValues", "Values": ["a", "b", "c", "d", "e"]},
    {"Key": "tag:T", "Values": ["x"]},
]
OVER_TARGETS: list[dict[str, Json]] = [
    {"TargetParameterName": "X", "MaxConcurrency": concurrency, "MaxErrors": errors, "Targets": [target]}
    for concurrency in ("1", "3")
    for errors in ("0", "2", "7")
    for target in _TARGETS
]


def _location(accounts: list[str], concurrency: str, errors: str, **more: Json) -> dict[str, Json]:
    return {
        "Accounts": accounts, "Regions": ["us-east-1", "eu-west-1"], "TargetLocationMaxConcurrency": concurrency,
        "TargetLocationMaxErrors": errors, **more,
    }  # fmt: skip


OVER_LOCATIONS: list[dict[str, Json]] = [
    {"TargetLocations": [_location(["1", "2"], "1", "0")]},
    {"TargetLocations": [_location(["1", "2"], "3", "1"), _location(["3"], "1", "0")]},
    {
        "TargetParameterName": "X", "MaxConcurrency": "2", "MaxErrors": "1",
        "TargetLocations": [_location(["1"], "2", "0", Targets=_TARGETS[:1])],
    },
    {
        "TargetParameterName": "X",
        "TargetLocations": [
            _location(["1"], "1", "1", Targets=_TARGETS[1:], TargetsMaxConcurrency="3", TargetsMaxErrors="2"),
        ],
    },
]  # fmt: skip
INTERACTIVE: dict[str, Json] = {"Mode": "Interactive"}
WATCHED: dict[str, Json] = {"AlarmConfiguration": {"Alarms": [{"Name": "alarm"}]}}

KINDS: dict[str, tuple[str, dict[str, Json]]] = {
    **{book: (book, {}) for book in BOOKS},
    "targets": ("straight", OVER_TARGETS[6]),
    "targets that are found": ("loop", OVER_TARGETS[7]),
    "locations": ("straight", OVER_LOCATIONS[1]),
    "locations with targets": ("straight", OVER_LOCATIONS[2]),
    "interactive": ("loop", INTERACTIVE),
    "watched": ("loop", WATCHED),
}
"""A start of each kind: runbook and request."""
