"""Requests made from botocore's shapes: such as the model allows, and such as it does not."""

from __future__ import annotations

from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import strategies as st

from tests.api.calling import ACCOUNT, REGION
from tests.fuzzing.world import BOOKS, IDS, KINDS, STEP_IDS, content

MOST_DEPTH = 4
MOST_OPTIONAL = 4
"""Members that a request need not have: with more of them hardly any request is without a fault."""
MOST_LENGTH = 40

NOBODYS = "00000000-0000-4000-8000-000000000000"
NAMES = ["Spare", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/Spare", "Missing", "New", *BOOKS]
STEPS = ["hold", "after", "in", "none"]

_CHANGED = st.text(max_size=8).map(lambda text: content(BOOKS["Book"], text))
_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "DocumentName": st.sampled_from(NAMES),
    "Name": st.sampled_from(NAMES[:4]),
    "AutomationExecutionId": st.sampled_from([*IDS, *IDS, NOBODYS, *STEP_IDS[:1]]),
    "DocumentVersion": st.sampled_from(["1", "2", "3", "$LATEST", "$DEFAULT"]),
    "VersionName": st.sampled_from(["first", "third"]),
    "MaxConcurrency": st.sampled_from(["1", "10%"]),
    "MaxErrors": st.sampled_from(["0", "50%"]),
    "DocumentType": st.just("Automation"),
    "DocumentFormat": st.sampled_from(["JSON", "YAML"]),
    "Content": _CHANGED | st.sampled_from(["{", "[]", "schemaVersion: '0.3'", "{}"]),
    "ResourceType": st.sampled_from(["Automation", "Document"]),
    "ResourceId": st.sampled_from([*IDS, *NAMES[:4], NOBODYS]),
    "TargetParameterName": st.sampled_from(["P", "List", "None"]),
    "Payload": st.dictionaries(
        st.sampled_from(["StepName", "StepExecutionId", "Comment", "Other"]),
        st.lists(st.sampled_from([*STEPS, *STEP_IDS]), min_size=1, max_size=2),
        max_size=2,
    )
    | st.sampled_from(STEPS).map(lambda name: {"StepName": [name]})
    | st.sampled_from(STEP_IDS).map(lambda id_: {"StepExecutionId": [id_]}),
    "AutomationParameterKey": st.sampled_from(["P", "List", "None"]),
    "AutomationExecutionFilterValue": st.sampled_from([*IDS, *NAMES, "Success", "Local"]),
    "StepExecutionFilterValue": st.sampled_from([*STEP_IDS, *STEPS, "Success", "1", "aws:pause"]),
    "TargetKey": st.sampled_from(["ParameterValues", "tag:Name", "ResourceGroup"]),
    "TargetValue": st.sampled_from(["a", "b", "", *STEP_IDS[:1]]),
    "TargetMaps": st.lists(st.just({"P": ["a"]}) | st.just({"None": ["a"]}) | st.just({"P": []}), max_size=3),
    "TargetLocationsURL": st.just("https://bucket.s3.eu-central-1.amazonaws.com/file.json") | st.text(max_size=20),
    "Account": st.sampled_from([ACCOUNT, "444455556666", "ou-abcd-12345678", "x"]),
    "ExcludeAccount": st.sampled_from([ACCOUNT, "444455556666"]),
    "Region": st.sampled_from([REGION, "us-east-1", "nowhere"]),
    "ExecutionRoleName": st.sampled_from(["Role", "path/Role"]),
    "TagKey": st.sampled_from(["k", "aws:k", "other"]),
    "TagValue": st.sampled_from(["v", ""]),
    "ServiceSettingId": st.sampled_from(["/ssm/automation/customer-script-log-destination", "/ssm/other"]),
    "ClientToken": st.sampled_from([NOBODYS, "11111111-1111-4111-8111-111111111111"]),
}
"""Values by member or shape that get a request further than chance would."""

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def valid(shape: Shape, depth: int = 0, member: str = "") -> st.SearchStrategy[Any]:
    """Values of the shape's type, mostly within its limits."""
    known = _KNOWN.get(member, _KNOWN.get(shape.name))
    if known is not None:
        return known
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
            if depth or not optional:
                return st.fixed_dictionaries(required, optional={} if depth >= MOST_DEPTH else optional)
            some = st.lists(st.sampled_from(sorted(optional)), unique=True, max_size=MOST_OPTIONAL)
            return some.flatmap(lambda names: st.fixed_dictionaries(required | {n: optional[n] for n in names}))
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
def signals(draw: st.DrawFn) -> dict[str, Any]:
    """SendAutomationSignal with the payload that the signal needs, for an execution in any state."""
    kind, signal = draw(st.sampled_from(KINDS)), draw(st.sampled_from(["Approve", "Resume", "StartStep", "StopStep"]))
    payloads = {
        "Approve": {"Comment": ["fine"]},
        "Resume": {"StepName": [draw(st.sampled_from(STEPS))]},
        "StartStep": {"StepName": [draw(st.sampled_from(STEPS))]},
        "StopStep": {"StepExecutionId": [f"@{kind}/step@"]},
    }
    return {"AutomationExecutionId": f"@{kind}@", "SignalType": signal, "Payload": payloads[signal]}


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
