"""A few actions of our own to check runbooks against, so that these tests do not depend on what real ones declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from runwright.language import parse
from runwright.language.declarations import Declaration, Input
from runwright.language.problems import Problem
from runwright.messages import Json

Check = Callable[[str], list[Problem]]


def _one_of_two(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if "Duration" in inputs and "Timestamp" in inputs:
        yield "Timestamp", "give Duration or Timestamp, not both"


DECLARATIONS = {
    declaration.action: declaration
    for declaration in (
        Declaration(
            "aws:approve",
            "",
            (
                Input("Approvers", "StringList", required=True, minimum=1, maximum=10),
                Input("MinRequiredApprovals", "Integer", takes_text=True),
            ),
        ),
        Declaration("aws:branch", "", (Input("Choices", "Any", required=True), Input("Default", "String"))),
        Declaration(
            "aws:changeInstanceState",
            "",
            (
                Input("InstanceIds", "StringList", required=True),
                Input("DesiredState", "String", required=True, allowed=("running", "stopped", "terminated")),
                Input("Force", "Boolean"),
            ),
            outputs={"InstanceStates": "StringList"},
        ),
        Declaration(
            "aws:executeAwsApi",
            "",
            (Input("Service", "String", required=True), Input("Api", "String", required=True)),
            is_open=True,
            timeout_cap=25,
        ),
        Declaration(
            "aws:executeScript",
            "",
            (
                Input("Runtime", "String", required=True),
                Input("Handler", "String"),
                Input("Attachment", "String"),
                Input("Script", "String", is_verbatim=True),
                Input("InputPayload", "StringMap"),
            ),
            outputs={"Payload": "String"},
        ),
        Declaration(
            "aws:loop",
            "",
            tuple(
                Input(name, "Any")
                for name in ("Steps", "Iterators", "LoopCondition", "MaxIterations", "IteratorDataType")
            ),
            outputs={"CurrentIteration": "Integer", "CurrentIteratorValue": "String"},
            forbids=("onCancel",),
        ),
        Declaration("aws:onlyThere", "", is_open=True, only_aws=True),
        Declaration("aws:pause", "", (Input("Message", "String", max_chars=20), Input("Seconds", "Integer"))),
        Declaration("aws:sleep", "", (Input("Duration", "String"), Input("Timestamp", "String")), rule=_one_of_two),
        Declaration("aws:updateVariable", "", (Input("Name", "String"), Input("Value", "Any")), forbids=("onCancel",)),
    )
}


@pytest.fixture
def declarations() -> dict[str, Declaration]:
    return DECLARATIONS


@pytest.fixture
def check(declarations: dict[str, Declaration]) -> Check:
    """All problems of a runbook in YAML."""
    return lambda text: list(parse(text, "YAML", declarations).problems)
