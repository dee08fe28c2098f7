"""A runbook while it is being checked: what `reader` has made of the text, with the paths that messages need."""

from __future__ import annotations

from collections.abc import Mapping

from runwright.language.model import Attachment, Parameter, Step, Variable
from runwright.language.places import Path
from runwright.messages import Json
from runwright.records import record


@record
class WrittenStep:
    """A step with the path of its map; `loops` are the names of the loops around it, the outermost first."""

    step: Step
    path: Path
    loops: tuple[str, ...] = ()


@record
class Draft:
    """`written` is the text's value; `steps` holds every step, also those in loops and those with a name used twice.

    `by_name` has the first step of each name.
    """

    written: Mapping[str, Json]
    main_steps: tuple[Step, ...]
    steps: tuple[WrittenStep, ...]
    by_name: Mapping[str, WrittenStep]
    parameters: Mapping[str, Parameter]
    variables: Mapping[str, Variable]
    files: Mapping[str, Attachment]
    description: str
    assume_role: str | None
    outputs: tuple[str, ...]

    def frame(self, loops: tuple[str, ...]) -> list[WrittenStep]:
        """The steps of one list: mainSteps, or those of a loop."""
        return [each for each in self.steps if each.loops == loops]
