"""Starting, watching, signalling and stopping executions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from runwright import tags
from runwright.api.answers import Answer, Handler
from runwright.api.operations.filters import executions_wanted, steps_wanted
from runwright.api.paging import page_size, place_of, token
from runwright.messages import Json
from runwright.runtime.records import StepPlace
from runwright.runtime.scope import Caller

if TYPE_CHECKING:
    from runwright.engine import Engine

MOST_TAGS_AT_START = 5
"""[B] the documentation of StartAutomationExecution."""


async def start(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    tags.mapping_of(request.get("Tags", ()), most=MOST_TAGS_AT_START)
    return {"AutomationExecutionId": await engine.start(request, caller)}


async def get(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    return await engine.records.get(caller.account, caller.region, request["AutomationExecutionId"])


async def describe(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    wanted, most = executions_wanted(request.get("Filters", ())), page_size(request)
    place = place_of("DescribeAutomationExecutions", request, caller)
    after = None if place is None else (place[0], place[1])
    found = await engine.records.executions(caller.account, caller.region, wanted, after, most + 1)
    more = None
    if len(found) > most:
        more = token("DescribeAutomationExecutions", request, caller, list(found[most - 1].place))
    return _page("AutomationExecutionMetadataList", (each.metadata for each in found[:most]), more)


async def describe_steps(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    place, most = place_of("DescribeAutomationStepExecutions", request, caller), page_size(request)
    found = await engine.records.steps(
        caller.account,
        caller.region,
        request["AutomationExecutionId"],
        steps_wanted(request.get("Filters", ())),
        newest_first=request.get("ReverseOrder", False),
        after=None if place is None else StepPlace(*place),
        most=most + 1,
    )
    more = None
    if len(found) > most:
        more = token("DescribeAutomationStepExecutions", request, caller, list(found[most - 1][0]))
    return _page("StepExecutions", (text for _, text in found[:most]), more)


def _page(name: str, records: Iterable[str], more: str | None) -> str:
    """An answer of records that are JSON text already."""
    return f'{{"{name}":[{",".join(records)}]' + (f',"NextToken":"{more}"}}' if more else "}")


async def stop(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    await engine.stop(request["AutomationExecutionId"], request.get("Type", "Cancel"), caller)
    return {}


async def signal(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    await engine.signal(request["AutomationExecutionId"], request["SignalType"], request.get("Payload", {}), caller)
    return {}


HANDLERS: dict[str, Handler] = {
    "StartAutomationExecution": start,
    "GetAutomationExecution": get,
    "DescribeAutomationExecutions": describe,
    "DescribeAutomationStepExecutions": describe_steps,
    "StopAutomationExecution": stop,
    "SendAutomationSignal": signal,
}
