"""What a handler may give back: the members of an answer, its JSON text, or word that the backend is to be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.scope import Caller

if TYPE_CHECKING:
    from runwright.engine import Engine


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The request is the backend's.

    `otherwise` is said where there is no backend to ask. With `is_ours` the operation is one of ours on a name that we
    do not have, and `otherwise` also stands in for a backend that does not serve the operation.
    """

    otherwise: ServiceError
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Continued:
    """A list that goes on in the backend: `ours` is the answer without it.

    `request` is what to ask there, `join` puts its answer behind ours.
    """

    ours: dict[str, Json]
    request: dict[str, Json]
    join: Callable[[dict[str, Json]], dict[str, Json]]


Answer: TypeAlias = dict[str, Json] | str | Elsewhere | Continued
Handler: TypeAlias = Callable[["Engine", dict[str, Json], Caller], Awaitable[Answer]]


def not_served(what: str) -> ServiceError:
    """The refusal of what is neither ours nor anybody's."""
    return ServiceError("UnknownOperationException", f"{what} is not served here.")
