"""What the documentation says becomes of a runbook, as plainly as it can be told.

It knows nothing of frames, events, turns or storage: loops are recursion, ways out of them are exceptions, time is a
number.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.fuzzing.flows import Step, refuses

CANCEL_SECONDS = 120
APART = 20
"""Seconds between two things that fall due, at least: which of them comes first has to be certain."""
MOST_STEPS = 700


class Told(NamedTuple):
    """A step execution; `iteration` is that of the loop around it."""

    name: str
    status: str
    iteration: int | None


@dataclass(frozen=True)
class Ended:
    status: str
    steps: list[Told]
    variables: dict[str, Any]
    calls: list[str]


class Unclear(Exception):
    """It cannot be told, or not soon."""


@dataclass(eq=False)
class Run:
    """An attempt of a loop. `stopped`: the execution was stopped while it ran."""

    name: str
    deadline: float | None
    iteration: int = 0
    stopped: bool = False


class Leaves(Exception):
    """onFailure leads to a step around the loop."""

    def __init__(self, target: str, status: str, *, fails: bool) -> None:
        super().__init__()
        self.target, self.status, self.fails = target, status, fails


class Expired(Exception):
    """The time of a loop around the step is over."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class Stopped(Exception):
    """The execution was stopped: on to the step that onCancel names, wherever around it that stands."""

    def __init__(self, target: str | None) -> None:
        super().__init__()
        self.target = target


class Over(Exception):
    """Everything under way is cancelled, and the execution is at its end."""


@dataclass
class Reference:
    book: dict[str, Any]
    responses: list[str]
    now: float = 0.0
    trace: list[Told] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    passes: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    stop: str | None = None
    cancel_until: float | None = None
    failed: str | None = None

    def ended(self) -> Ended:
        self.responses = list(self.responses)
        self.variables = {name: each["default"] for name, each in self.book["variables"].items()}
        try:
            self._list(self.book["mainSteps"], None)
            status = "Cancelled" if self.stop == "Cancel" else self.failed or "Success"
        except (Over, Stopped):
            status = "Cancelled" if self.stop == "Cancel" else self.failed or "Cancelled"
        return Ended(status, self.trace, self.variables, self.calls)

    def _list(self, steps: list[Step], run: Run | None) -> str | None:
        """Walk one list of steps; the status of the first failure that counts, or None."""
        names = [step["name"] for step in steps]
        failed: str | None = None
        at: str | None = names[0]
        while at is not None and not (run is None and self.stop == "Complete"):
            step = steps[names.index(at)]
            place = self._begun(step, run)
            following = names[names.index(at) + 1] if at != names[-1] else None
            try:
                status, goto = self._tried(step)
                at, fails = _onward(step, status, goto, following)
            except Leaves as leaves:
                status, at, fails = leaves.status, leaves.target, leaves.fails
            except Stopped as stopped:
                status, at, fails = "Cancelled", stopped.target, False
                if at not in names:
                    self._tell(place, status)
                    raise
            except (Expired, Over) as end:
                self._tell(place, "TimedOut" if isinstance(end, Expired) else "Cancelled")
                raise
            self._tell(place, status)
            if at is not None and at not in names:
                raise Leaves(at, status, fails=fails)
            failed = failed or (status if fails else None)
            self.failed = failed if run is None else self.failed
        return failed

    def _begun(self, step: Step, run: Run | None) -> int:
        if len(self.trace) >= MOST_STEPS:
            raise Unclear
        self.trace.append(Told(step["name"], "?", run.iteration if run else None))
        return len(self.trace) - 1

    def _tell(self, place: int, status: str) -> None:
        self.trace[place] = self.trace[place]._replace(status=status)

    def _tried(self, step: Step) -> tuple[str, str | None]:
        for _ in range(step.get("maxAttempts", 1)):
            status, goto = self._once(step)
            if status not in ("Failed", "TimedOut"):
                break
        return status.removeprefix("final "), goto

    # ------------------------------------------------------------------------------------------------ actions

    def _once(self, step: Step) -> tuple[str, str | None]:
        """Status and a branch's decision; `final Failed` is not tried again."""
        inputs = step["inputs"]
        match step["action"]:
            case "aws:sleep":
                return self._slept(int(inputs["Duration"][2:-1]), inputs["Duration"], step.get("timeoutSeconds")), None
            case "aws:updateVariable":
                return self._set(inputs["Name"].removeprefix("variable:"), self._value(inputs["Value"])), None
            case "aws:executeAwsApi":
                return self._called(self._value(inputs["QueueNamePrefix"])), None
            case "aws:pause":
                return self._paused(step), None
            case "aws:branch":
                n = self.variables["n"]
                chosen = [each["NextStep"] for each in inputs["Choices"] if n == each["NumericEquals"]]
                return "Success", (chosen or [inputs.get("Default")])[0]
            case _:
                return self._looped(step), None

    def _slept(self, number: int, written: str, timeout: int | None) -> str:
        if number == 0:
            return "Success"
        due: list[tuple[float, Any]] = [(self.now + number * (3600 if written.endswith("H") else 1), "Success")]
        due += [] if timeout is None else [(self.now + timeout, "TimedOut")]
        due += [(run.deadline, run) for run in self.runs if run.deadline is not None]
        due += [] if self.cancel_until is None else [(self.cancel_until, None)]
        (self.now, what), *others = sorted(due, key=lambda each: each[0])
        if any(at - self.now < APART for at, _ in others):
            raise Unclear
        if what is None:
            raise Over
        if isinstance(what, Run):
            raise Expired(what)
        return str(what)

    def _set(self, name: str, value: Any) -> str:
        if not isinstance(value, int if name == "n" else list):
            return "final Failed"
        self.variables[name] = value
        return "Success"

    def _called(self, prefix: str) -> str:
        refused = refuses(prefix, self.asked[prefix])
        self.asked[prefix] += 1
        self.calls.append(prefix)
        return "Failed" if refused else "Success"

    def _paused(self, step: Step) -> str:
        response = self.responses.pop(0) if self.responses and self.stop != "Cancel" else "Resume"
        if response == "StopStep":
            raise Over
        if response == "Cancel":
            self.stop, self.cancel_until = "Cancel", self.now + CANCEL_SECONDS
            for run in self.runs:
                run.stopped = True
            raise Stopped(step["onCancel"].removeprefix("step:") if "onCancel" in step else None)
        if response == "Complete":
            self.stop = "Complete"
        return "Success"

    def _looped(self, step: Step) -> str:
        inputs, name = step["inputs"], step["name"]
        most, values = int(self._value(inputs.get("MaxIterations", 100))), self._value(inputs.get("Iterators"))
        if most < 1:
            return "final Failed"
        if values == []:
            return "Success"
        seconds = step.get("timeoutSeconds")
        run = Run(name, None if seconds is None else self.now + seconds)
        self.runs.append(run)
        try:
            while True:
                run.iteration += 1
                self.passes[name] = {"CurrentIteration": run.iteration}
                if values is not None:
                    value = values[run.iteration - 1]
                    typed = int(value) if inputs.get("IteratorDataType") == "Integer" else value
                    self.passes[name]["CurrentIteratorValue"] = typed
                failed = self._list(inputs["Steps"], run)
                if run.stopped:
                    raise Over
                if failed is not None:
                    return failed
                more = self._holds(inputs["LoopCondition"]) if values is None else run.iteration < len(values)
                if run.iteration >= most or not more:
                    return "Success"
        except Expired as expired:
            if expired.run is not run:
                raise
            if run.stopped:
                raise Over from None
            return "TimedOut"
        finally:
            self.runs.remove(run)

    # ------------------------------------------------------------------------------------------------- values

    def _holds(self, condition: dict[str, Any]) -> bool:
        if "Not" in condition:
            return not self._holds(condition["Not"])
        return bool(self._value(condition["Variable"]) < condition["NumericLesser"])

    def _value(self, written: Any) -> Any:
        if not isinstance(written, str):
            return written
        if whole := re.fullmatch(r"\{\{(\S+)\}\}", written):
            return self._referred(whole[1])
        return re.sub(r"\{\{(\S+?)\}\}", lambda found: str(self._referred(found[1])), written)

    def _referred(self, reference: str) -> Any:
        if reference.startswith("variable:"):
            return self.variables[reference.removeprefix("variable:")]
        step, _, output = reference.partition(".")
        return self.passes[step][output]


def _onward(step: Step, status: str, goto: str | None, following: str | None) -> tuple[str | None, bool]:
    """The step to go to, and whether the list ends badly for this one."""
    next_step = goto or step.get("nextStep") or following
    on_failure = step.get("onFailure", "Abort")
    if status == "Success":
        return None if step.get("isEnd") and goto is None else next_step, False
    critical = step.get("isCritical", on_failure != "Continue")
    if on_failure.startswith("step:"):
        return on_failure.removeprefix("step:"), critical
    if step.get("isEnd"):
        return None, critical
    return (next_step, critical) if on_failure == "Continue" else (None, True)
