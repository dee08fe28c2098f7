"""Filters of lists: from keys and values as AWS names them to what the queries ask for.

Values of one filter are alternatives, filters narrow each other. [inferred]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from runwright.constraints import enum_of, shorten
from runwright.errors import ServiceError
from runwright.language.durations import epoch_of_timestamp
from runwright.messages import Json
from runwright.runtime.listing import ExecutionsWanted
from runwright.runtime.records import StepsWanted

T = TypeVar("T")


def executions_wanted(filters: Iterable[Json]) -> ExecutionsWanted:
    """Read the filters of DescribeAutomationExecutions. Raises InvalidFilterValue."""
    wanted = ExecutionsWanted()
    for each in filters:
        wanted = _narrowed(wanted, each["Key"], each["Values"])
    return wanted


def _narrowed(wanted: ExecutionsWanted, key: str, values: list[str]) -> ExecutionsWanted:
    given = frozenset(values)
    match key:
        case "ExecutionId":
            return replace(wanted, ids=_both(wanted.ids, given))
        case "ParentExecutionId":
            return replace(wanted, parents=_both(wanted.parents, given))
        case "DocumentNamePrefix":
            return replace(wanted, prefixes=(*wanted.prefixes, given))
        case "ExecutionStatus":
            _require_one_of(key, values, enum_of("AutomationExecutionStatus"))
            return replace(wanted, statuses=_both(wanted.statuses, given))
        case "CurrentAction":
            return replace(wanted, actions=_both(wanted.actions, given))
        case "AutomationType":
            _require_one_of(key, values, enum_of("AutomationType"))
            return replace(wanted, types=_both(wanted.types, given))
        case "TagKey":
            return replace(wanted, tag_keys=(*wanted.tag_keys, given))
        case "StartTimeBefore":
            return replace(wanted, started_before=_earlier(wanted.started_before, max(_times(key, values))))
        case "StartTimeAfter":
            return replace(wanted, started_since=_later(wanted.started_since, min(_times(key, values))))
        case "AutomationSubtype":
            _require_one_of(key, values, enum_of("AutomationSubtype"))
            return replace(wanted, impossible=True)  # nothing here runs change or access requests
        case "TargetResourceGroup":
            return replace(wanted, groups=_both(wanted.groups, given))
        case _:  # OpsItemId: no execution here has one
            return replace(wanted, impossible=True)


def steps_wanted(filters: Iterable[Json]) -> StepsWanted:
    """Read the filters of DescribeAutomationStepExecutions. Raises InvalidFilterValue."""
    wanted = StepsWanted()
    for each in filters:
        wanted = _narrowed_steps(wanted, each["Key"], each["Values"])
    return wanted


def _narrowed_steps(wanted: StepsWanted, key: str, values: list[str]) -> StepsWanted:
    given = frozenset(values)
    match key:
        case "StepExecutionStatus":
            _require_one_of(key, values, enum_of("AutomationExecutionStatus"))
            return replace(wanted, statuses=_both(wanted.statuses, given))
        case "StepExecutionId":
            return replace(wanted, ids=_both(wanted.ids, given))
        case "StepName":
            return replace(wanted, names=_both(wanted.names, given))
        case "Action":
            return replace(wanted, actions=_both(wanted.actions, given))
        case "ParentStepExecutionId":
            return replace(wanted, parent_ids=_both(wanted.parent_ids, given))
        case "ParentStepIteration":
            return replace(wanted, iterations=_both(wanted.iterations, frozenset(_numbers(key, values))))
        case "ParentStepIteratorValue":
            return replace(wanted, iterator_values=_both(wanted.iterator_values, given))
        case "StartTimeBefore":
            return replace(wanted, started_before=_earlier(wanted.started_before, max(_times(key, values))))
        case _:
            return replace(wanted, started_since=_later(wanted.started_since, min(_times(key, values))))


def _both(known: frozenset[T] | None, given: frozenset[T]) -> frozenset[T]:
    return given if known is None else known & given


def _earlier(known: float | None, given: float) -> float:
    return given if known is None else min(known, given)


def _later(known: float | None, given: float) -> float:
    return given if known is None else max(known, given)


def _times(key: str, values: Sequence[str]) -> list[float]:
    try:
        return [epoch_of_timestamp(value) for value in values]
    except ValueError as error:
        raise _invalid(f"{key}: {error}") from None


def _numbers(key: str, values: Sequence[str]) -> list[int]:
    for value in values:
        if not (value.isascii() and value.isdigit() and len(value) < 16):
            raise _invalid(f"{key} takes whole numbers, not '{shorten(value)}'.")
    return [int(value) for value in values]


def _require_one_of(key: str, values: Sequence[str], allowed: Sequence[str]) -> None:
    for value in values:
        if value not in allowed:
            raise _invalid(f"{key} has no value '{shorten(value)}'; it takes {', '.join(allowed)}.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidFilterValue", message)
