"""The runbooks that are measured."""

from __future__ import annotations

from typing import Any


def _book(*steps: str) -> str:
    head = "schemaVersion: '0.3'\nvariables: {v: {type: Integer, default: 0}}\nmainSteps:\n"
    return head + "".join(f"  - {{{step}}}\n" for step in steps)


SLEEPS = _book(*(f"name: s{each}, action: 'aws:sleep', inputs: {{Duration: PT0S}}" for each in range(10)))
VARIABLES = _book(
    *(
        f"name: s{each}, action: 'aws:updateVariable', inputs: {{Name: 'variable:v', Value: {each}}}"
        for each in range(10)
    )
)
PAUSE = _book("name: wait, action: 'aws:pause', inputs: {}")
APPROVE = _book("name: ask, action: 'aws:approve', timeoutSeconds: 604800, inputs: {Approvers: [a]}")
ONE = _book("name: only, action: 'aws:sleep', inputs: {Duration: PT0S}")
HOUR = _book("name: wait, action: 'aws:sleep', inputs: {Duration: PT160H}")
FIFTY = _book(*(f"name: s{each}, action: 'aws:sleep', inputs: {{Duration: PT0S}}" for each in range(50)))


def calls(count: int) -> str:
    """So many calls of one operation, one after the other."""
    return _book(
        *(
            f"name: s{each}, action: 'aws:executeAwsApi', inputs: {{Service: dynamodb, Api: ListTables}}"
            for each in range(count)
        )
    )


def document(name: str, text: str) -> dict[str, Any]:
    """The members of CreateDocument."""
    return {"Name": name, "DocumentType": "Automation", "DocumentFormat": "YAML", "Content": text}
