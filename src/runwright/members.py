"""Maps in answers from outside: what such a map lacks is the doing of whoever answered, and no fault of ours."""

from __future__ import annotations

from typing import Any, NoReturn


class Incomplete(KeyError):
    """An answer without a member that what was asked always has."""

    def __str__(self) -> str:
        return f"The backend's answer has no {self.args[0]}"


class Members(dict[str, Any]):
    """A map that raises Incomplete for what it does not hold."""

    __slots__ = ()

    def __missing__(self, name: str) -> NoReturn:
        raise Incomplete(name)
