"""Tags of automation executions and of our documents; tags of anything else are the backend's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runwright.api.answers import Answer, Elsewhere, Handler, not_served
from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.scope import Caller
from runwright.tags import Tags, mapping_of

if TYPE_CHECKING:
    from runwright.engine import Engine

_OURS = ("Automation", "Document")
_MOST_SENT = 1000
"""What the model lets through; whether a resource may have that many is found out there, with its own error."""


async def add(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    if elsewhere := _elsewhere(request):
        return elsewhere
    try:
        await Tags(engine.database).add(*_resource(request, caller), mapping_of(request["Tags"], most=_MOST_SENT))
    except ServiceError as error:
        return _unless_a_document(request, error)
    return {}


async def remove(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    if elsewhere := _elsewhere(request):
        return elsewhere
    try:
        await Tags(engine.database).remove(*_resource(request, caller), request["TagKeys"])
    except ServiceError as error:
        return _unless_a_document(request, error)
    return {}


async def list_all(engine: Engine, request: dict[str, Json], caller: Caller) -> Answer:
    if elsewhere := _elsewhere(request):
        return elsewhere
    try:
        return {"TagList": await Tags(engine.database).list(*_resource(request, caller))}
    except ServiceError as error:
        return _unless_a_document(request, error)


def _resource(request: dict[str, Json], caller: Caller) -> tuple[str, str, str, str]:
    return caller.account, caller.region, request["ResourceType"], request["ResourceId"]


def _elsewhere(request: dict[str, Json]) -> Elsewhere | None:
    kind = request["ResourceType"]
    return None if kind in _OURS else Elsewhere(not_served(f"Tagging of resources of type {kind}"))


def _unless_a_document(request: dict[str, Json], error: ServiceError) -> Elsewhere:
    """A document that we do not have may be the backend's; anything else that went wrong is the answer."""
    if error.code == "InvalidResourceId" and request["ResourceType"] == "Document":
        return Elsewhere(error, is_ours=True)
    raise error


HANDLERS: dict[str, Handler] = {
    "AddTagsToResource": add,
    "RemoveTagsFromResource": remove,
    "ListTagsForResource": list_all,
}
