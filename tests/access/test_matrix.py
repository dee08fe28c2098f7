"""Every operation, asked in every wrong way and in the right one: only the last succeeds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from runwright.api.operations import NEVER_PASSED, OPERATIONS
from runwright.messages import Json
from tests.access.secured import EVERYTHING, NOTHING, OTHER_ACCOUNT, Options, Secured, key, secured
from tests.api.runbooks import PAUSE, SLEEP, text
from tests.api.serving import Backend

RIGHT = key("right", EVERYTHING)
POOR = key("poor")
BARRED = key("barred", EVERYTHING, NOTHING)
FAR = key("far", EVERYTHING, account=OTHER_ACCOUNT)

PASSED = {"GetParameter": {"Name": "/a"}, "DescribeParameters": {}}
ANSWERS: dict[str, Json] = {
    "GetParameter": {"Parameter": {}},
    "DescribeParameters": {},
    "GetServiceSetting": {},
    "UpdateServiceSetting": {},
    "ResetServiceSetting": {},
    "ListDocuments": {"DocumentIdentifiers": []},
}


def members(operation: str, execution: str) -> Json:
    """A request of each operation that succeeds on what `prepared` has made."""
    tagged = {"ResourceType": "Document", "ResourceId": "Held"}
    setting = {"SettingId": "/ssm/parameter-store/high-throughput-enabled"}
    requests: dict[str, Json] = {
        "StartAutomationExecution": {"DocumentName": "Held"},
        "GetAutomationExecution": {"AutomationExecutionId": execution},
        "DescribeAutomationExecutions": {},
        "DescribeAutomationStepExecutions": {"AutomationExecutionId": execution},
        "StopAutomationExecution": {"AutomationExecutionId": execution},
        "SendAutomationSignal": {
            "AutomationExecutionId": execution,
            "SignalType": "Resume",
            "Payload": {"StepName": ["halt"]},
        },
        "CreateDocument": {"Name": "New", "DocumentType": "Automation", "Content": text(PAUSE)},
        "UpdateDocument": {"Name": "Held", "Content": text(SLEEP)},
        "UpdateDocumentDefaultVersion": {"Name": "Held", "DocumentVersion": "1"},
        "DeleteDocument": {"Name": "Held"},
        "ListDocuments": {},
        "AddTagsToResource": tagged | {"Tags": [{"Key": "a", "Value": "b"}]},
        "RemoveTagsFromResource": tagged | {"TagKeys": ["a"]},
        "ListTagsForResource": tagged,
        "GetServiceSetting": setting,
        "UpdateServiceSetting": setting | {"SettingValue": "true"},
        "ResetServiceSetting": setting,
        "StartChangeRequestExecution": {"DocumentName": "Held", "Runbooks": [{"DocumentName": "Held"}]},
        "StartExecutionPreview": {"DocumentName": "Held"},
        "GetExecutionPreview": {"ExecutionPreviewId": execution},
        "ModifyDocumentPermission": {
            "Name": "Held",
            "PermissionType": "Share",
            "AccountIdsToAdd": ["444455556666"],
        },
        "DescribeDocumentPermission": {"Name": "Held", "PermissionType": "Share"},
        **PASSED,
    }
    return requests.get(operation, {"Name": "Held"})


async def prepared(server: Secured) -> str:
    """Make the document Held and an execution of it that waits for a person; its id."""
    made = {"Name": "Held", "DocumentType": "Automation", "Content": text(PAUSE)}
    assert (await server.call(RIGHT, "CreateDocument", made))[0] is None
    _, started = await server.call(RIGHT, "StartAutomationExecution", {"DocumentName": "Held"})
    execution: str = started["AutomationExecutionId"]
    while True:
        _, found = await server.call(RIGHT, "GetAutomationExecution", {"AutomationExecutionId": execution})
        server.clock.later += 3  # each request has a signature of its own
        if found["AutomationExecution"]["AutomationExecutionStatus"] == "Waiting":
            return execution
        await asyncio.sleep(0)  # nothing else here lets the engine have its turn


def with_answers(story: Callable[[Secured, Backend], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        json_type = "application/x-amz-json-1.1"
        backend = Backend({name: (200, json_type, json.dumps(answer).encode()) for name, answer in ANSWERS.items()})
        listener = await asyncio.start_server(backend.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with listener:
            await asyncio.to_thread(
                secured, [RIGHT, POOR, BARRED, FAR], lambda server: story(server, backend), Options(aws=url)
            )

    asyncio.run(all_of_it())


@pytest.mark.parametrize("operation", sorted({*OPERATIONS, *NEVER_PASSED, *PASSED}))
def test_only_the_right_principal_with_a_fresh_signature_is_served(operation: str) -> None:
    async def story(server: Secured, backend: Backend) -> None:
        execution = await prepared(server)
        body = json.dumps(members(operation, execution)).encode()
        came, server.clock.later = len(backend.came), 0.0

        async def refused(headers: dict[str, str], sent: bytes = body) -> str:
            answered = await server.send(sent, headers)
            assert answered.status == 400
            return str(answered.json()["__type"])

        good = server.signed(RIGHT, operation, body)
        unsigned = {name: value for name, value in good.items() if name != "authorization"}
        assert await refused(unsigned) == "MissingAuthenticationTokenException"
        assert await refused(server.signed(key("nobody", EVERYTHING), operation, body)) == "UnrecognizedClientException"
        wrong = server.signed(RIGHT, operation, body, secret="another-secret-of-twenty")
        assert await refused(wrong) == "InvalidSignatureException"
        assert await refused(good, body + b" ") == "InvalidSignatureException"
        server.clock.later = 301.0
        assert await refused(good) == "InvalidSignatureException"
        server.clock.later = 0.0
        assert await refused(server.signed(POOR, operation, body)) == "AccessDeniedException"
        assert await refused(server.signed(BARRED, operation, body)) == "AccessDeniedException"
        assert len(backend.came) == came

        served = await server.send(body, good)
        if operation in NEVER_PASSED:
            assert served.json()["__type"] == NEVER_PASSED[operation].code
        else:
            assert served.status == 200, served.body
        server.clock.later = 10.0
        assert await refused(good) == "InvalidSignatureException"

    with_answers(story)


def test_a_refusal_is_worded_as_iam_words_it() -> None:
    async def story(server: Secured, backend: Backend) -> None:
        execution = await prepared(server)
        arn = f"arn:aws:ssm:eu-central-1:111122223333:automation-execution/{execution}"
        _, answer = await server.call(POOR, "StopAutomationExecution", {"AutomationExecutionId": execution})
        assert answer["Message"] == (
            "User: arn:aws:iam::111122223333:user/poor is not authorized to perform: ssm:StopAutomationExecution on "
            f"resource: {arn} because no identity-based policy allows the ssm:StopAutomationExecution action"
        )
        _, answer = await server.call(BARRED, "StartAutomationExecution", {"DocumentName": "Held"})
        assert answer["Message"] == (
            "User: arn:aws:iam::111122223333:user/barred is not authorized to perform: ssm:StartAutomationExecution on "
            "resource: arn:aws:ssm:eu-central-1:111122223333:automation-definition/Held:$DEFAULT with an explicit deny "
            "in an identity-based policy"
        )

    with_answers(story)


def test_what_exists_in_another_account_is_answered_as_what_exists_nowhere() -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"

    async def story(server: Secured, backend: Backend) -> None:
        execution = await prepared(server)
        backend.answers.clear()
        for operation in sorted(OPERATIONS):
            theirs, none = members(operation, execution), members(operation, nowhere)
            if (theirs == none and not {"Held"} & set(map(str, theirs.values()))) or operation == "CreateDocument":
                continue
            none = json.loads(json.dumps(none).replace("Held", "None"))
            theirs_answer = await server.call(FAR, operation, theirs)
            none_answer = await server.call(FAR, operation, none)
            told = json.dumps(theirs_answer).replace(execution, "*").replace("Held", "*")
            assert told == json.dumps(none_answer).replace(nowhere, "*").replace("None", "*"), operation
            assert theirs_answer[0] is not None

    with_answers(story)


def test_the_backend_sees_the_principals_account_and_not_its_signature() -> None:
    async def story(server: Secured, backend: Backend) -> None:
        assert (await server.call(FAR, "GetParameter", {"Name": "/a"}))[0] is None
        ((head, _),) = backend.came
        assert f"Credential={OTHER_ACCOUNT}/".encode() in head
        assert FAR.id.encode() not in head

    with_answers(story)


def test_a_key_of_twelve_digits_means_nothing() -> None:
    async def story(server: Secured, backend: Backend) -> None:
        digits = key("digits", EVERYTHING)
        shown = type(digits)("111122223333", digits.principal, digits.secret)
        assert (await server.call(shown, "ListDocuments"))[0] == "UnrecognizedClientException"

    with_answers(story)


def test_a_client_may_make_the_same_call_twice_in_a_second_and_nobody_else_may() -> None:
    async def story(server: Secured, backend: Backend) -> None:
        headers = server.signed(RIGHT, "GetParameter", b'{"Name": "/a"}')
        for status in (200, 200):
            assert (await server.send(b'{"Name": "/a"}', headers)).status == status
        server.clock.later = 3.0
        assert (await server.send(b'{"Name": "/a"}', headers)).status == 400

    with_answers(story)
