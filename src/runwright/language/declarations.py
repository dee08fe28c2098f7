"""The shape in which an action declares its inputs, once; checks, documentation and editor schema read it.

The declarations themselves stand with the actions; this room only knows how to hold an input map against one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from runwright.messages import Json
from runwright.records import record


@record
class Input:
    """`type` is one of the six types, or `Any`. `allowed` lists the only values there are, when there is such a list.

    What is `is_verbatim` is never rendered: it may hold foreign `{{ }}`. Where it `keeps_unresolved`, a reference
    without a value is no failure: it stays as text. A number that `takes_text` may also be a text of digits when the
    step runs.
    """

    name: str
    type: str
    description: str = ""
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_chars: int | None = None
    pattern: str | None = None
    is_verbatim: bool = False
    keeps_unresolved: bool = False
    takes_text: bool = False


@record
class Declaration:
    """What an action takes and gives.

    `is_open`: further inputs are arguments of the API that it calls. `outputs` names its own outputs with their types.
    `timeout_seconds` is the default of an attempt (None: none), `timeout_cap` its upper bound. `rule` finds what no
    single input shows (exclusive inputs): it yields (input name, message). `only_aws`: the action is accepted but can
    be run by AWS alone. `forbids` are step properties that may not be written.
    """

    action: str
    summary: str
    inputs: tuple[Input, ...] = ()
    is_open: bool = False
    outputs: Mapping[str, str] | None = None
    timeout_seconds: float | None = 3600.0
    timeout_cap: float | None = None
    rule: Callable[[Mapping[str, Json]], Iterator[tuple[str, str]]] | None = None
    only_aws: bool = False
    forbids: tuple[str, ...] = ()

    def input(self, name: str) -> Input | None:
        return next((one for one in self.inputs if one.name == name), None)


Declarations = Mapping[str, Declaration]
