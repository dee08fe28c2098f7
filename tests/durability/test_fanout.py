"""A fan-out whose server is killed in the middle: no target is dropped and none has two executions."""

from __future__ import annotations

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.durability.killing import Killed
from tests.runtime.servers import Answer, Request, server

TARGETS = [f"i-{number:017x}" for number in range(300)]
AT_A_TIME = 20
KILLED_AT = (5, 60, 180)
"""Calls that have come when the server is killed."""

TOUCH = {
    "schemaVersion": "0.3",
    "parameters": {"Id": {"type": "String"}},
    "mainSteps": [
        {
            "name": "touch",
            "action": "aws:executeAwsApi",
            "inputs": {
                "Service": "ec2",
                "Api": "CreateTags",
                "Resources": ["{{ Id }}"],
                "Tags": [{"Key": "a", "Value": "b"}],
            },
        }
    ],
}

TAGGED = b"<CreateTagsResponse><requestId>1</requestId><return>true</return></CreateTagsResponse>"


class Aws:
    """Finds the targets by any tag, and counts what is done to each. `struck` is set when a kill is due."""

    def __init__(self) -> None:
        self.touched: Counter[str] = Counter()
        self.kills = list(KILLED_AT)
        self.struck = threading.Event()
        self.server: Killed | None = None
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        if "GetResources" in request.headers.get("x-amz-target", ""):
            found = [{"ResourceARN": f"arn:aws:ec2:us-east-1:123456789012:instance/{id_}"} for id_ in TARGETS]
            document = {"ResourceTagMappingList": found}
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()
        asked = parse_qs(request.body.decode())
        with self._lock:
            self.touched[asked["ResourceId.1"][0]] += 1
            if self.kills and self.touched.total() >= self.kills[0]:
                self.kills.pop(0)
                assert self.server is not None
                self.server.kill()
                self.struck.set()
        return 200, {"Content-Type": "text/xml"}, TAGGED


def children(killed: Killed, parent: str) -> list[dict[str, Any]]:
    members: dict[str, Any] = {"Filters": [{"Key": "ParentExecutionId", "Values": [parent]}]}
    found: list[dict[str, Any]] = []
    while True:
        page = killed.call("DescribeAutomationExecutions", members)
        found += page["AutomationExecutionMetadataList"]
        if "NextToken" not in page:
            return found
        members["NextToken"] = page["NextToken"]


def ended(killed: Killed, execution_id: str) -> dict[str, Any]:
    """The execution at its end; it is asked for ten times a second, for a minute."""
    for _ in range(600):
        execution: dict[str, Any] = killed.call("GetAutomationExecution", {"AutomationExecutionId": execution_id})
        if "ExecutionEndTime" in execution["AutomationExecution"]:
            return dict(execution["AutomationExecution"])
        threading.Event().wait(0.1)
    raise AssertionError(f"after a minute it is {execution}")


def test_a_killed_fan_out_drops_no_target_and_repeats_none(tmp_path: Path) -> None:
    aws = Aws()
    with server(aws.answer) as url:
        killed = aws.server = Killed(tmp_path / "data", url)
        killed.start()
        try:
            document = {"Name": "Touch", "DocumentType": "Automation", "Content": json.dumps(TOUCH)}
            killed.call("CreateDocument", document)
            request = {
                "DocumentName": "Touch",
                "TargetParameterName": "Id",
                "Targets": [{"Key": "tag:a", "Values": ["b"]}],
                "MaxConcurrency": str(AT_A_TIME),
            }
            execution_id = killed.call("StartAutomationExecution", request)["AutomationExecutionId"]
            for _ in KILLED_AT:
                assert aws.struck.wait(60)
                killed.wait()
                aws.struck.clear()
                killed.start()
            execution = ended(killed, execution_id)
            found = children(killed, execution_id)
        finally:
            killed.kill()
            killed.wait()
    assert execution["AutomationExecutionStatus"] == "Success"
    assert execution["ProgressCounters"]["SuccessSteps"] == len(TARGETS)
    assert sorted(child["Target"] for child in found) == TARGETS
    assert {child["AutomationExecutionStatus"] for child in found} == {"Success"}
    assert set(aws.touched) == set(TARGETS)
    again = aws.touched.total() - len(TARGETS)
    assert again <= AT_A_TIME * len(KILLED_AT), "only what was in flight is asked for again"
