"""Requests made from botocore's shapes: such as the model allows, and such as it does not."""

from __future__ import annotations

from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import strategies as st

MOST_DEPTH = 4
MOST_LENGTH = 40

_KNOWN = {
    "DocumentName": ["Book", "Missing"],
    "Name": ["Book", "Missing", "New"],
    "AutomationExecutionId": ["00000000-0000-4000-8000-000000000000"],
    "DocumentVersion": ["1", "$LATEST", "$DEFAULT"],
    "MaxConcurrency": ["1", "10%"],
    "MaxErrors": ["0", "50%"],
    "DocumentType": ["Automation"],
    "DocumentFormat": ["JSON", "YAML"],
}
"""Values by member that get a request further than chance would."""

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def valid(shape: Shape, depth: int = 0, member: str = "") -> st.SearchStrategy[Any]:
    """Values of the shape's type, mostly within its limits."""
    if member in _KNOWN:
        return st.sampled_from(_KNOWN[member])
    match shape:
        case StructureShape():
            required = {
                name: valid(each, depth + 1, name)
                for name, each in shape.members.items()
                if name in shape.required_members
            }
            optional = {
                name: valid(each, depth + 1, name) for name, each in shape.members.items() if name not in required
            }
            return st.fixed_dictionaries(required, optional={} if depth >= MOST_DEPTH else optional)
        case ListShape():
            least = shape.metadata.get("min", 0)
            most = min(shape.metadata.get("max", 3), max(3, least))
            return st.lists(
                valid(shape.member, depth + 1),
                min_size=least,
                max_size=0 if depth >= MOST_DEPTH and not least else most,
            )
        case MapShape():
            return st.dictionaries(valid(shape.key, depth + 1), valid(shape.value, depth + 1), max_size=2)
    match shape.type_name:
        case "string":
            return _strings(shape)
        case "boolean":
            return st.booleans()
        case "integer" | "long":
            return st.integers(shape.metadata.get("min", -5), min(shape.metadata.get("max", 100), 10_000))
        case "timestamp":
            return st.integers(0, 2_000_000_000)
        case _:
            return st.text(max_size=8)


def _strings(shape: Shape) -> st.SearchStrategy[str]:
    if getattr(shape, "enum", None):
        return st.sampled_from(shape.enum)
    least = min(shape.metadata.get("min", 0), MOST_LENGTH)
    most = max(least, min(shape.metadata.get("max", MOST_LENGTH), MOST_LENGTH))
    letters = st.text("abcXYZ019-_.:/$", min_size=least, max_size=most)
    return letters | st.text(min_size=least, max_size=most)


@st.composite
def broken(draw: st.DrawFn, shape: Shape) -> Any:
    """A request with something of another type, or something more or less, somewhere in it."""
    value = draw(valid(shape))
    for _ in range(draw(st.integers(1, 3))):
        value = _damaged(draw, value)
    return value


def _damaged(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        if draw(st.booleans()):
            return {key: each for key, each in value.items() if key != name}
        return value | {name: _damaged(draw, value[name])}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [_damaged(draw, value[0]), *value[1:]]
    return draw(anything)
