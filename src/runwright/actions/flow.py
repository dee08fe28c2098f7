"""Actions that steer the execution itself: sleep and set a variable; the declarations of aws:branch and aws:loop.

Branches and loops are decided by the interpreter, which alone has the values of conditions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runwright.actions.phases import EXECUTING, refuse_input
from runwright.actions.registry import Context, Doing, SetVariable, action, declare
from runwright.language.declarations import Declaration, Input
from runwright.language.durations import epoch_of_timestamp, seconds_of_duration
from runwright.messages import Json, SleepUntil

MOST_SLEEP_SECONDS = 604799.0

declare(
    Declaration(
        "aws:branch",
        "Goes on at the first step whose condition holds.",
        (
            Input(
                "Choices",
                "MapList",
                "Maps with NextStep and a condition, tried in order. A Variable without a value stays as text.",
                required=True,
            ),
            Input("Default", "String", "The step to go to when no condition holds."),
        ),
        # Undocumented; AWSSupport-TroubleshootWindowsUpdate refers to it.
        outputs={"NextStep": "String"},
        timeout_seconds=None,
    )
)

declare(
    Declaration(
        "aws:loop",
        "Runs steps again and again: for each value, or as long as a condition holds.",
        (
            Input("Steps", "MapList", "The steps of a pass.", required=True),
            Input("Iterators", "Any", "A list of at most 100 values, one a pass; or LoopCondition."),
            Input(
                "IteratorDataType",
                "String",
                "The type of the values, by default String.",
                allowed=("Boolean", "Integer", "String", "StringMap"),
            ),
            Input("LoopCondition", "StringMap", "Looked at after each pass; or Iterators."),
            Input(
                "MaxIterations",
                "Integer",
                "At most 100, which is the default.",
                minimum=1,
                maximum=100,
                takes_text=True,
            ),
        ),
        outputs={"CurrentIteration": "Integer", "CurrentIteratorValue": "Any"},
        timeout_seconds=None,
        forbids=("onCancel",),
    )
)


def _has_one_end(inputs: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """One of Duration and Timestamp, and one that can be read; references are looked at once they have values."""
    duration, timestamp = inputs.get("Duration"), inputs.get("Timestamp")
    if (duration is None) == (timestamp is None):
        yield "Duration", "exactly one of Duration and Timestamp is required"
    for name, value, read in (
        ("Duration", duration, seconds_of_duration),
        ("Timestamp", timestamp, epoch_of_timestamp),
    ):
        if isinstance(value, str) and "{{" not in value:
            try:
                seconds = read(value)
            except ValueError as wrong:
                yield name, str(wrong)
            else:
                if name == "Duration" and seconds > MOST_SLEEP_SECONDS:
                    yield name, f"{value} is longer than {MOST_SLEEP_SECONDS:.0f} seconds"


@action(
    Declaration(
        "aws:sleep",
        "Waits for a time.",
        (
            Input("Duration", "String", "An ISO-8601 duration such as PT10M; or Timestamp."),
            Input("Timestamp", "String", "An ISO-8601 time such as 2024-01-31T08:00:00Z; or Duration."),
        ),
        outputs={},
        timeout_seconds=None,
        rule=_has_one_end,
    ),
    phase=EXECUTING,
)
def sleep(context: Context) -> Doing:
    """[UG] At most 604799 seconds, also until a timestamp (inferred); a time that has passed is no wait at all."""
    inputs = context.inputs
    if "Duration" in inputs:
        until = context.now + seconds_of_duration(inputs["Duration"])
    else:
        until = epoch_of_timestamp(inputs["Timestamp"])
        if until > context.now + MOST_SLEEP_SECONDS:
            refuse_input(f"{inputs['Timestamp']} is more than {MOST_SLEEP_SECONDS:.0f} seconds ahead")
    if until > context.now:
        yield SleepUntil(until)
    return {}


@action(
    Declaration(
        "aws:updateVariable",
        "Sets a variable of the runbook.",
        (
            Input("Name", "String", "`variable:` and its name.", required=True, pattern="variable:[A-Za-z0-9_.-]+"),
            Input("Value", "Any", "The value, of the variable's type.", required=True),
        ),
        outputs={},
        forbids=("onCancel",),
    ),
    phase=EXECUTING,
)
def update_variable(context: Context) -> Doing:
    """[UG] The value has to be of the variable's type: the interpreter, which knows it, refuses any other."""
    yield from ()
    return SetVariable(context.inputs["Name"].removeprefix("variable:"), context.inputs["Value"])
