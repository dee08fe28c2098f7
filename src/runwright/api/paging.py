"""Opaque page tokens: they hold the place where a list goes on and are good for the request that they came with."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.scope import Caller

PAGE = 50
"""Members of a page when the request does not say. Inferred: the most that MaxResults takes."""

_NOT_PART_OF_THE_LIST = ("NextToken", "MaxResults")


def page_size(request: dict[str, Json]) -> int:
    return int(request.get("MaxResults", PAGE))


def token(operation: str, request: dict[str, Json], caller: Caller, place: Any) -> str:
    """A token for the rest of this list behind `place` (JSON)."""
    body = json.dumps([_seal(operation, request, caller, place), place], separators=(",", ":"))
    return base64.urlsafe_b64encode(body.encode()).decode()


def place_of(operation: str, request: dict[str, Json], caller: Caller) -> Any:
    """The place in the request's token, None without one. Raises InvalidNextToken for one of another list."""
    if (given := request.get("NextToken")) is None:
        return None
    try:
        seal, place = json.loads(base64.b64decode(given.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        seal = place = None
    if seal is None or seal != _seal(operation, request, caller, place):
        raise ServiceError("InvalidNextToken", "The token was not given by this operation for a request like this one.")
    return place


def _seal(operation: str, request: dict[str, Json], caller: Caller, place: Any) -> str:
    listed = {name: value for name, value in request.items() if name not in _NOT_PART_OF_THE_LIST}
    text = json.dumps([operation, caller.account, caller.region, listed, place], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
