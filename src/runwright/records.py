"""Nouns that cost little to define: `@record` stands where `@dataclass(frozen=True, slots=True)` would.

A dataclass takes half a millisecond to make, and a command that reads one runbook would spend most of its time on that.
A record is made in a thirtieth of it: what it shares with others is shared, and its constructor is compiled when the
first one is made. Types, `==` (between equals of one kind), hash, repr and `match` are those of a dataclass. That its
fields are not set again is for the type checker to see to, and nothing does so while the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")


class _Factory:
    """Stands where a field has a default of its own for each record."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, factory: Callable[[], T]) -> T:
    """A default that is made anew for each record."""
    return cast(T, _Factory(factory))


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(kind: type[T]) -> type[T]:
    """The class with its annotated names as slots. What it defines itself (`__eq__`, a method) stays."""
    return _made(kind, {"__hash__": _hash_of})


@dataclass_transform(field_specifiers=(field,))
def mutable_record(kind: type[T]) -> type[T]:
    """A record whose fields may be set, and which therefore has no hash."""
    return _made(kind, {"__hash__": None})


def is_record(value: object) -> bool:
    return "_values" in type(value).__dict__


def names_of(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a kind of record."""
    names: tuple[str, ...] = kind.__slots__
    return names


def as_dict(value: Any) -> dict[str, Any]:
    """The fields of a record by name; records in them, also in tuples, are told in the same way."""
    return {name: _told(getattr(value, name)) for name in names_of(type(value))}


def _told(value: Any) -> Any:
    if is_record(value):
        return as_dict(value)
    return tuple(_told(each) for each in value) if isinstance(value, tuple) else value


# ------------------------------------------------------------------------------------------------------- making


def _made(kind: type[T], shared: Mapping[str, Any]) -> type[T]:
    written = dict(vars(kind))
    names = tuple(kind.__annotations__)
    defaults = {name: written.pop(name) for name in names if name in written}
    for name in ("__dict__", "__weakref__"):
        del written[name]
    own: dict[str, Any] = {
        "__slots__": names,
        "__match_args__": names,
        "__qualname__": kind.__qualname__,
        "__init__": _first_of(defaults),
        "__eq__": _equals,
        "__repr__": _shown,
        "_values": attrgetter(*names) if names else _nothing,
    }
    return cast(type[T], type(kind.__name__, kind.__bases__, own | dict(shared) | written))


def _first_of(defaults: Mapping[str, Any]) -> Callable[..., None]:
    """A constructor that puts the compiled one in its own place."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        kind = type(self)
        kind.__init__ = _constructor(kind.__slots__, defaults)
        kind.__init__(self, *values, **named)

    return __init__


def _constructor(names: tuple[str, ...], defaults: Mapping[str, Any]) -> Callable[..., None]:
    """`__init__` as one would write it by hand, with the fields as its parameters."""
    parameters = ["self", *(f"{name}=_default_{name}" if name in defaults else name for name in names)]
    lines = [f"def __init__({', '.join(parameters)}):", "    pass"]
    for name in names:
        value = name
        if isinstance(defaults.get(name), _Factory):
            value = f"_default_{name}.make() if {name} is _default_{name} else {name}"
        lines.append(f"    self.{name} = {value}")
    made: dict[str, Any] = {f"_default_{name}": value for name, value in defaults.items()}
    exec("\n".join(lines), made)  # noqa: S102 - names of fields, which our own source holds
    constructor: Callable[..., None] = made["__init__"]
    return constructor


def _nothing(self: object) -> tuple[()]:
    return ()


def _equals(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return type(self)._values(self) == type(self)._values(other)


def _hash_of(self: Any) -> int:
    return hash(type(self)._values(self))


def _shown(self: Any) -> str:
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
    return f"{type(self).__qualname__}({told})"
