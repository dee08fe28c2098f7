"""Any flow of steps ends in the engine as a deliberately simple interpreter says it does.

The reference knows nothing of frames, events or attempts: it walks the steps as the documentation tells it.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwright.api.dispatch import Call, answer
from runwright.config import Settings
from runwright.engine import Engine
from runwright.runtime.scope import Caller

CALLER = Caller("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/fuzz")
NAMES = "abcdefgh"


@dataclass(frozen=True)
class Ended:
    status: str
    steps: list[tuple[str, str]]
    count: int


# ------------------------------------------------------------------------------------------------- the reference


def reference(book: dict[str, Any]) -> Ended:
    """What the documentation says of such a runbook."""
    trace: list[tuple[str, str]] = []
    variables = {"n": 0}
    status = _walk(book["mainSteps"], variables, trace, 0)
    return Ended(status, trace, variables["n"])


def _walk(steps: list[dict[str, Any]], variables: dict[str, int], trace: list[tuple[str, str]], value: int) -> str:
    order = [step["name"] for step in steps]
    result, at = "Success", order[0] if order else None
    while at is not None:
        step = steps[order.index(at)]
        place = len(trace)
        trace.append((at, "?"))
        status, goto = _run(step, variables, trace, value)
        trace[place] = (at, status)
        following = order[order.index(at) + 1] if order.index(at) + 1 < len(order) else None
        onward = goto or step.get("nextStep") or following
        on_failure = step.get("onFailure", "Abort")
        if status == "Success":
            at = None if step.get("isEnd") and not goto else onward
            continue
        if step.get("isCritical", on_failure != "Continue") or (on_failure == "Abort" and not step.get("isEnd")):
            result = "Failed"
        if on_failure.startswith("step:"):
            at = on_failure.removeprefix("step:")
        elif step.get("isEnd") or on_failure == "Abort":
            at = None
        else:
            at = onward
    return result


def _run(
    step: dict[str, Any], variables: dict[str, int], trace: list[tuple[str, str]], value: int
) -> tuple[str, str | None]:
    inputs = step["inputs"]
    match step["action"]:
        case "aws:sleep":
            return "Success", None
        case "aws:updateVariable":
            if inputs["Value"] == "no number":
                return "Failed", None
            variables["n"] = inputs["Value"]
            return "Success", None
        case "aws:branch":
            chosen = [each["NextStep"] for each in inputs["Choices"] if variables["n"] == each["NumericEquals"]]
            return "Success", (chosen or [inputs.get("Default")])[0]
        case _:
            for _ in inputs["Iterators"]:
                if _walk(inputs["Steps"], variables, trace, value) != "Success":
                    return "Failed", None
            return "Success", None


# --------------------------------------------------------------------------------------------------- runbooks


@st.composite
def books(draw: st.DrawFn) -> dict[str, Any]:
    """Runbooks whose flow goes forward only; loops hold steps of their own."""
    steps = _steps(draw, NAMES[: draw(st.integers(1, 6))], depth=0)
    return {"schemaVersion": "0.3", "variables": {"n": {"type": "Integer", "default": 0}}, "mainSteps": steps}


def _steps(draw: st.DrawFn, names: str, depth: int) -> list[dict[str, Any]]:
    prefix = "x" * depth
    order = [prefix + name for name in names]
    return [_step(draw, name, order[index + 1 :], depth) for index, name in enumerate(order)]


def _step(draw: st.DrawFn, name: str, later: list[str], depth: int) -> dict[str, Any]:
    kinds = [
        "aws:sleep",
        "aws:updateVariable",
        "fails",
        *(["aws:branch"] if later else []),
        *([] if depth else ["aws:loop"]),
    ]
    kind = draw(st.sampled_from(kinds))
    step: dict[str, Any] = {"name": name, "action": kind}
    match kind:
        case "aws:sleep":
            step["inputs"] = {"Duration": draw(st.sampled_from(["PT0S", "PT1H"]))}
        case "aws:updateVariable":
            step["inputs"] = {"Name": "variable:n", "Value": draw(st.integers(0, 2))}
        case "fails":
            step["action"], step["inputs"] = "aws:updateVariable", {"Name": "variable:n", "Value": "no number"}
        case "aws:branch":
            choices = [
                {"NextStep": draw(st.sampled_from(later)), "Variable": "{{variable:n}}", "NumericEquals": number}
                for number in range(draw(st.integers(1, 2)))
            ]
            step["inputs"] = {"Choices": choices}
            if draw(st.booleans()):
                step["inputs"]["Default"] = draw(st.sampled_from(later))
        case _:
            inner = _steps(draw, NAMES[: draw(st.integers(1, 3))], depth + 1)
            for each in inner:
                each["name"] = name + each["name"]
                _rename(each, name)
            step["inputs"] = {
                "Iterators": draw(st.lists(st.sampled_from("pq"), min_size=1, max_size=3)),
                "Steps": inner,
            }
    if kind != "aws:branch":
        if later and draw(st.sampled_from([False, True])):
            step["nextStep"] = draw(st.sampled_from(later))
        elif draw(st.integers(0, 4)) == 0:
            step["isEnd"] = True
        targets = ["Abort", "Continue", *(f"step:{target}" for target in later)]
        if draw(st.booleans()):
            step["onFailure"] = draw(st.sampled_from(targets))
        if draw(st.integers(0, 2)) == 0:
            step["isCritical"] = draw(st.booleans())
    return step


def _rename(step: dict[str, Any], prefix: str) -> None:
    if "nextStep" in step:
        step["nextStep"] = prefix + step["nextStep"]
    if step.get("onFailure", "").startswith("step:"):
        step["onFailure"] = f"step:{prefix}{step['onFailure'].removeprefix('step:')}"
    if step["action"] == "aws:branch":
        for choice in step["inputs"]["Choices"]:
            choice["NextStep"] = prefix + choice["NextStep"]
        if "Default" in step["inputs"]:
            step["inputs"]["Default"] = prefix + step["inputs"]["Default"]


# ---------------------------------------------------------------------------------------------------- the engine


class Running:
    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.engine = self.runner.run(Engine.open(Settings(aws="http://127.0.0.1:9", skip_time=True)))
        self.number = 0

    async def _run(self, book: dict[str, Any]) -> Ended:
        self.number += 1
        name = f"Book{self.number}"
        document = {"Name": name, "Content": json.dumps(book), "DocumentType": "Automation", "DocumentFormat": "JSON"}
        made = await answer(self.engine, Call("CreateDocument", json.dumps(document).encode()), CALLER)
        assert made.status == 200, made.body
        id_ = await self.engine.start({"DocumentName": name}, CALLER)
        await self.engine.wait(id_)
        found = await answer(
            self.engine, Call("GetAutomationExecution", json.dumps({"AutomationExecutionId": id_}).encode()), CALLER
        )
        execution = json.loads(found.body)["AutomationExecution"]
        steps = [
            (step["StepName"], step["StepStatus"])
            for step in execution["StepExecutions"]
            if step["StepStatus"] != "Pending"
        ]
        return Ended(execution["AutomationExecutionStatus"], steps, int(execution["Variables"]["n"][0]))

    def run(self, book: dict[str, Any]) -> Ended:
        return self.runner.run(self._run(book))


def test_generated_runbooks_end_as_the_reference_says() -> None:
    running = Running()
    kinds: set[str] = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(books())
    def play(book: dict[str, Any]) -> None:
        expected = reference(book)
        kinds.add(expected.status)
        assert running.run(book) == expected

    try:
        play()
    finally:
        running.runner.run(running.engine.close())
        running.runner.close()
    assert kinds == {"Success", "Failed"}
