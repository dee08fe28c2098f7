"""Two accounts on one server, in any order of calls: neither sees, starts, stops, signals or tags the other's."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from runwright.messages import Json
from tests.access.secured import ACCOUNT, EVERYTHING, OTHER_ACCOUNT, Secured, key, secured
from tests.api.runbooks import PAUSE, text

KEYS = {ACCOUNT: key("ana", EVERYTHING), OTHER_ACCOUNT: key("far", EVERYTHING, account=OTHER_ACCOUNT)}
NAMES = ("Same", "Own")

calls = st.tuples(
    st.sampled_from(sorted(KEYS)),
    st.sampled_from(["create", "delete", "start", "get", "steps", "stop", "signal", "tag", "describe", "read", "list"]),
    st.sampled_from(NAMES),
    st.integers(0, 7),
)


@dataclass
class Model:
    """What each account has made: documents by name, executions by id."""

    documents: dict[str, set[str]] = field(default_factory=lambda: {account: set() for account in KEYS})
    executions: dict[str, list[str]] = field(default_factory=lambda: {account: [] for account in KEYS})

    def any_execution(self, number: int) -> str | None:
        everyones = [each for account in sorted(KEYS) for each in self.executions[account]]
        return everyones[number % len(everyones)] if everyones else None


async def step(server: Secured, model: Model, account: str, what: str, name: str, number: int) -> None:
    access_key, documents, executions = KEYS[account], model.documents[account], model.executions[account]
    target = model.any_execution(number)
    one = {"AutomationExecutionId": target}
    document_of = {"Name": name}
    match what:
        case "create":
            content = {"DocumentType": "Automation", "Content": text(PAUSE, description=f"of {account}")}
            code, _ = await server.call(access_key, "CreateDocument", document_of | content)
            assert (code is None) == (name not in documents)
            documents.add(name)
        case "delete":
            code, _ = await server.call(access_key, "DeleteDocument", document_of)
            assert name not in documents or code is None
            documents.discard(name)
        case "start":
            code, answer = await server.call(access_key, "StartAutomationExecution", {"DocumentName": name})
            assert (code is None) == (name in documents)
            if code is None:
                executions.append(answer["AutomationExecutionId"])
        case "describe":
            _, answer = await server.call(access_key, "DescribeAutomationExecutions")
            listed = {each["AutomationExecutionId"] for each in answer["AutomationExecutionMetadataList"]}
            assert listed == set(executions)
        case "list":
            _, answer = await server.call(access_key, "ListDocuments")
            listed = {each["Name"] for each in answer["DocumentIdentifiers"]}
            assert {each for each in listed if not each.startswith("AWS-")} == documents
        case "read":
            code, answer = await server.call(access_key, "DescribeDocument", document_of)
            assert name not in documents or answer["Document"]["Description"] == f"of {account}"
            assert code is None or name not in documents
        case _ if target is not None:
            requests: dict[str, tuple[str, dict[str, Json]]] = {
                "get": ("GetAutomationExecution", {}),
                "steps": ("DescribeAutomationStepExecutions", {}),
                "stop": ("StopAutomationExecution", {}),
                "signal": ("SendAutomationSignal", {"SignalType": "Resume", "Payload": {"StepName": ["halt"]}}),
                "tag": ("AddTagsToResource", {"ResourceType": "Automation", "ResourceId": target, "Tags": TAGS}),
            }
            operation, more = requests[what]
            code, _ = await server.call(access_key, operation, more if what == "tag" else one | more)
            if target not in executions:
                assert code == ("InvalidResourceId" if what == "tag" else "AutomationExecutionNotFoundException")


TAGS = [{"Key": "mine", "Value": "yes"}]


@settings(max_examples=10, deadline=None)
@given(st.lists(calls, min_size=5, max_size=25))
def test_accounts_are_isolated_whatever_they_do_in_whatever_order(
    interleaving: list[tuple[str, str, str, int]],
) -> None:
    async def story(server: Secured) -> None:
        model = Model()
        for account, what, name, number in interleaving:
            before = await snapshot(server, other_than=account)
            await step(server, model, account, what, name, number)
            assert await snapshot(server, other_than=account) == before

    secured(list(KEYS.values()), story)


async def snapshot(server: Secured, other_than: str) -> list[tuple[str, str]]:
    """Which executions the other account has, and of which document; what only it may change."""
    (other,) = set(KEYS) - {other_than}
    query = "SELECT id, document, json_extract(record, '$.StopType') FROM executions WHERE account = ? ORDER BY id"
    names = "SELECT name, type, '' FROM documents WHERE account = ? ORDER BY name"
    tagged = "SELECT resource, name, value FROM tags WHERE account = ? ORDER BY resource"

    def read(connection: object) -> list[tuple[str, str]]:
        rows = []
        for each in (query, names, tagged):
            rows += connection.execute(each, (other,)).fetchall()  # type: ignore[attr-defined]
        return [tuple(row) for row in rows]

    return await server.host.engine.database.read(read)
