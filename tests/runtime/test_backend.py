from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from runwright.config import InvalidSetting, read
from runwright.errors import ServiceError
from runwright.messages import Json
from runwright.runtime.backend import Backend, BackendUnavailable, OwnSsm
from runwright.runtime.failures import Refused
from runwright.runtime.preflight import Preflight
from runwright.runtime.scope import Scope
from tests.backends.sts_proxy import sts_proxy

from .servers import Answer, Request, refusing_port, server, silent_server

SCOPE = Scope("6f2b9f0e-6f0d-4d0a-9b5e-2c1d6f1c7a11", "family", "123456789012", "eu-west-1", None)
ROLE = dataclasses.replace(SCOPE, role="arn:aws:iam::222222222222:role/Operator")


def with_backend(aws: str, scenario: Callable[[Backend], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        backend = await Backend.open(aws, "us-east-1", "123456789012")
        try:
            await scenario(backend)
        finally:
            await backend.close()

    asyncio.run(whole())


def replied(reply: dict[str, Json] | Refused) -> dict[str, Json]:
    assert not isinstance(reply, Refused), reply.failure.message
    return reply


def refused(reply: dict[str, Json] | Refused) -> Refused:
    assert isinstance(reply, Refused)
    return reply


@pytest.mark.parametrize("service", ["ec2", "EC2"])
@pytest.mark.parametrize("api", ["DescribeVpcs", "describe_vpcs", "describe-vpcs"])
def test_service_and_api_are_taken_in_every_spelling(moto_url: str, service: str, api: str) -> None:
    async def scenario(backend: Backend) -> None:
        reply = replied(await backend.call(SCOPE, service, api, {}, seconds=20))
        assert reply["Vpcs"][0]["IsDefault"] is True
        assert reply["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert set(reply["ResponseMetadata"]) == {"RequestId", "HTTPStatusCode", "HTTPHeaders", "RetryAttempts"}

    with_backend(moto_url, scenario)


@pytest.mark.parametrize(
    ("service", "api", "message"),
    [
        ("ec3", "x", "There is no AWS service 'ec3'. Did you mean ecs or ecr or ec2?"),
        ("sqs", "ListQueuez", "The service 'sqs' has no API 'ListQueuez'. Did you mean ListQueues"),
        ("sqs", "__class__", "The service 'sqs' has no API '__class__'."),
        ("../../secrets", "x", "There is no AWS service '../../secrets'."),
        ("../ec2", "DescribeVpcs", "There is no AWS service '../ec2'."),
        ("ec2", "Describe(Vpcs)", "The service 'ec2' has no API 'Describe(Vpcs)'."),
        ("s3", "GetObject", "The operation answers with a stream, which a runbook cannot take."),
        ("ec2", "StartInstances", 'Parameter validation failed:\nMissing required parameter in input: "InstanceIds"'),
    ],
)
def test_what_cannot_be_called_is_refused_with_the_reason(moto_url: str, service: str, api: str, message: str) -> None:
    async def scenario(backend: Backend) -> None:
        failure = refused(await backend.call(SCOPE, service, api, {}, seconds=20))
        assert failure.failure.message.startswith(message)
        assert not failure.is_transient

    with_backend(moto_url, scenario)


def test_an_api_error_reads_as_boto3_words_it(moto_url: str) -> None:
    async def scenario(backend: Backend) -> None:
        answer = refused(
            await backend.call(SCOPE, "ec2", "StopInstances", {"InstanceIds": ["i-0123456789abcdef0"]}, seconds=20)
        )
        assert answer.failure.code == "InvalidInstanceID.NotFound"
        assert answer.failure.message == (
            "An error occurred (InvalidInstanceID.NotFound) when calling the StopInstances operation: "
            "The instance ID 'i-0123456789abcdef0' does not exist"
        )

    with_backend(moto_url, scenario)


def test_what_the_backend_lacks_is_told_once_and_quickly(moto_url: str) -> None:
    async def scenario(backend: Backend) -> None:
        answer = refused(await backend.call(SCOPE, "ec2", "GetConsoleScreenshot", {"InstanceId": "i-1"}, seconds=20))
        assert answer.failure.code == "UnknownOperationException"
        assert f"The backend at {moto_url} cannot perform ec2:GetConsoleScreenshot" in answer.failure.message

    with_backend(moto_url, scenario)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "body", [b"[1,2]", b"null", b"\xff\xfe", b'{"TableNames":1}', b"<a>", b"<html>Bad gateway</html>"]
)
@pytest.mark.parametrize(
    ("service", "api"), [("dynamodb", "ListTables"), ("ec2", "DescribeVpcs"), ("s3", "ListBuckets")]
)
def test_no_answer_of_a_backend_is_a_fault_of_ours(service: str, api: str, body: bytes, status: int) -> None:
    async def scenario(backend: Backend) -> None:
        reply = await backend.call(SCOPE, service, api, {}, seconds=20)
        if isinstance(reply, Refused) and reply.failure.code == "ResponseParserError":
            assert reply.failure.message == f"The backend's answer cannot be read: status {status}, {body!r}"

    with server(lambda request: (status, {"Content-Type": "text/plain"}, body)) as url:
        with_backend(url, scenario)


@pytest.mark.parametrize("levels", [200, 5000])
def test_an_answer_that_is_nested_too_deeply_is_told(levels: int) -> None:
    async def scenario(backend: Backend) -> None:
        request = {"TableName": "Table", "Key": {"id": {"S": "1"}}}
        failure = refused(await backend.call(SCOPE, "dynamodb", "GetItem", request, seconds=20)).failure
        assert failure.message.startswith("The backend's answer cannot be read: ")

    body = b'{"Item":{"a":' + b'{"L":[' * levels + b"]}" * levels + b"}}"
    with server(lambda request: (200, {}, body)) as url:
        with_backend(url, scenario)


def test_an_answer_that_cannot_be_read_is_told() -> None:
    async def scenario(backend: Backend) -> None:
        failure = refused(await backend.call(SCOPE, "ec2", "DescribeVpcs", {}, seconds=20)).failure
        assert failure.message == "The backend's answer cannot be read: status 200, b'{}'"

    with server(lambda request: (200, {}, b"{}")) as url:
        with_backend(url, scenario)


def test_times_become_text_in_utc(moto_url: str) -> None:
    async def scenario(backend: Backend) -> None:
        await backend.call(SCOPE, "secretsmanager", "CreateSecret", {"Name": "t", "SecretBinary": "x"}, seconds=20)
        reply = replied(await backend.call(SCOPE, "secretsmanager", "GetSecretValue", {"SecretId": "t"}, seconds=20))
        assert reply["CreatedDate"].endswith("+00:00")
        assert reply["SecretBinary"] == "eA=="

    with_backend(moto_url, scenario)


def test_a_role_is_really_assumed_and_its_session_named_after_the_execution(moto_url: str) -> None:
    async def scenario(backend: Backend) -> None:
        reply = replied(await backend.call(ROLE, "sts", "GetCallerIdentity", {}, seconds=20))
        assert reply["Arn"] == f"arn:aws:sts::222222222222:assumed-role/Operator/{ROLE.execution_id}"

    with_backend(moto_url, scenario)


def test_a_role_is_asked_for_once_until_it_is_about_to_expire() -> None:
    asked: list[str] = []

    def sts(request: Request) -> Answer:
        asked.append(request.body.decode())
        return 200, {"Content-Type": "text/xml"}, ASSUMED.encode()

    async def scenario(backend: Backend) -> None:
        sessions = await asyncio.gather(*(backend.assume(ROLE) for _ in range(5)))
        assert len(asked) == 1
        assert len(set(sessions)) == 1
        backend._roles._now = lambda: 4102444800.0 - 60  # a minute before its end
        await backend.assume(ROLE)
        assert len(asked) == 2

    with server(sts) as url:
        with_backend(url, scenario)


ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""

DENIED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>not for you</Message></Error></ErrorResponse>"""


def test_a_role_that_sts_refuses_is_named_with_what_sts_says() -> None:
    async def scenario(backend: Backend) -> None:
        failure = refused(await backend.call(ROLE, "ec2", "DescribeVpcs", {}, seconds=20)).failure
        assert failure.type == "Permission"
        assert failure.message == (
            "The role arn:aws:iam::222222222222:role/Operator in account 222222222222 could not be assumed: "
            "An error occurred (AccessDenied) when calling the AssumeRole operation: not for you"
        )

    with server(lambda _: (403, {"Content-Type": "text/xml"}, DENIED.encode())) as url:
        with_backend(url, scenario)


def test_a_simulation_is_never_shown_the_servers_own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHESERVER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    seen: list[Request] = []

    def record(request: Request) -> Answer:
        seen.append(request)
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}"

    async def scenario(backend: Backend) -> None:
        replied(await backend.call(SCOPE, "sqs", "ListQueues", {}, seconds=20))

    with server(record) as url:
        with_backend(url, scenario)
    assert "Credential=123456789012/" in seen[0].headers["authorization"]
    assert "/eu-west-1/sqs/" in seen[0].headers["authorization"]
    assert "x-amz-security-token" not in seen[0].headers


def test_a_server_that_hangs_gives_outcome_unknown() -> None:
    async def scenario(backend: Backend) -> None:
        answer = refused(await backend.call(SCOPE, "sqs", "ListQueues", {}, seconds=0.3))
        assert answer.failure.code == "OutcomeUnknown"
        assert answer.failure.message == (
            "sqs:ListQueues: There was no answer within 0.3 seconds. Whether the call took effect is not known."
        )

    with silent_server() as url:
        with_backend(url, scenario)


def test_what_was_called_where_nobody_listens_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    async def scenario(backend: Backend) -> None:
        answer = refused(await backend.call(SCOPE, "SQS", "ListQueues", {}, seconds=20))
        assert answer.is_transient
        assert answer.failure.message.startswith("sqs:ListQueues: Could not connect to the endpoint URL")

    with refusing_port() as url:
        with_backend(url, scenario)


def test_throttling_is_transient_and_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    body = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'

    async def scenario(backend: Backend) -> None:
        answer = refused(await backend.call(SCOPE, "ssm", "DescribeParameters", {}, seconds=20))
        assert answer.is_transient
        assert answer.failure.type == "Throttling"

    with server(lambda _: (400, {"Content-Type": "application/x-amz-json-1.1"}, body)) as url:
        with_backend(url, scenario)


def test_ssm_calls_that_are_ours_go_to_our_own_endpoint(moto_url: str) -> None:
    seen: list[Request] = []

    def record(request: Request) -> Answer:
        seen.append(request)
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, b'{"AutomationExecutionId": "x"}'

    async def scenario(backend: Backend) -> None:
        backend.own_ssm = OwnSsm(lambda operation, _: "Automation" in operation, lambda scope: f"{url}/token")
        ours = await backend.call(SCOPE, "SSM", "start-automation-execution", {"DocumentName": "doc"}, seconds=20)
        assert replied(ours)["AutomationExecutionId"] == "x"
        assert "Parameters" in replied(await backend.call(SCOPE, "ssm", "DescribeParameters", {}, seconds=20))
        environment = await backend.script_environment(SCOPE)
        assert isinstance(environment, dict)
        assert environment["AWS_ENDPOINT_URL_SSM"] == f"{url}/token"

    with server(record) as url:
        with_backend(moto_url, scenario)
    assert [request.path for request in seen] == ["/token"]


def test_callers_are_known_by_account_or_as_sts_says(moto_url: str) -> None:
    async def scenario(backend: Backend) -> None:
        assert await backend.identify("111122223333") == (
            "111122223333",
            "arn:aws:iam::111122223333:user/111122223333",
        )
        session = await backend.assume(ROLE)
        assert not isinstance(session, Refused)
        assert await backend.identify(session.access_key) == (
            "222222222222",
            f"arn:aws:sts::222222222222:assumed-role/Operator/{ROLE.execution_id}",
        )
        assert await backend.identify(None) == ("123456789012", "arn:aws:iam::123456789012:root")

    with_backend(moto_url, scenario)


def test_an_error_of_sts_counts_as_no_answer_and_is_asked_again() -> None:
    answers = [(403, DENIED), (200, IDENTITY), (500, "")]

    def sts(_: Request) -> Answer:
        status, text = answers.pop(0)
        return status, {"Content-Type": "text/xml"}, text.encode()

    async def scenario(backend: Backend) -> None:
        assert await backend.identify("AKIAX") == ("123456789012", "arn:aws:iam::123456789012:user/AKIAX")
        for _ in range(2):
            assert await backend.identify("AKIAX") == ("444455556666", "arn:aws:iam::444455556666:user/ann")

    with server(sts) as url:
        with_backend(url, scenario)
    assert len(answers) == 1


IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::444455556666:user/ann</Arn><Account>444455556666</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


def test_on_real_aws_the_account_is_that_of_the_servers_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    own_configuration(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHESERVER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    asked: list[Request] = []

    def sts(request: Request) -> Answer:
        asked.append(request)
        return 200, {"Content-Type": "text/xml"}, IDENTITY.encode()

    async def scenario(backend: Backend) -> None:
        assert await backend.identify("123123123123") == (
            "444455556666",
            "arn:aws:iam::444455556666:user/123123123123",
        )
        assert await backend.identify("AKIAOFTHESERVER") == ("444455556666", "arn:aws:iam::444455556666:user/ann")
        assert "arn:aws:iam::444455556666:user/ann" in await backend.describe()
        environment = await backend.script_environment(SCOPE)
        assert isinstance(environment, dict)
        assert not any("KEY" in name or "ENDPOINT" in name for name in environment)

    with server(sts) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with_backend("default", scenario)
    assert len(asked) == 1
    assert "Credential=AKIAOFTHESERVER/" in asked[0].headers["authorization"]


def test_without_credentials_a_call_to_real_aws_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]
) -> None:
    own_configuration(monkeypatch, tmp_path)

    async def scenario(backend: Backend) -> None:
        failure = refused(await backend.call(SCOPE, "sqs", "ListQueues", {}, seconds=20)).failure
        assert failure.type == "Permission"
        assert failure.message.startswith("Unable to locate credentials")
        assert "no credentials" in await backend.describe()

    with_backend("default", scenario)


def own_configuration(monkeypatch: pytest.MonkeyPatch, folder: os.PathLike[str]) -> None:
    """An empty AWS configuration, and no way to the instance metadata."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.path.join(folder, "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.path.join(folder, "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize(
    ("aws", "reason"),
    [
        ("localhost", "'localhost' is none of default, simulated and an http(s) URL"),
        ("http://[::1", "'http://[::1' is none of default, simulated and an http(s) URL"),
        ("http://[::::]", "'http://[::::]' is none of default, simulated and an http(s) URL"),
        ("http://local host", "'http://local host' is none of default, simulated and an http(s) URL"),
        ("http://localhost:99999/x", "'http://localhost:99999/x' has no port: a number up to 65535 is expected"),
        ("http://localhost:five", "'http://localhost:five' has no port: a number up to 65535 is expected"),
        ("http://me:secret@localhost:5000", "the URL holds a user; credentials are not taken from there"),
        ("ftp://me:secret@localhost", "the URL holds a user; credentials are not taken from there"),
    ],
)
def test_what_is_no_backend_is_refused_as_the_command_line_does(aws: str, reason: str) -> None:
    with pytest.raises(BackendUnavailable) as refused:
        asyncio.run(Backend.open(aws, "us-east-1", "123456789012"))
    assert str(refused.value) == f"aws: {reason}."
    with pytest.raises(InvalidSetting) as refused_there:
        read("aws", aws)
    assert str(refused_there.value) == f"--aws: {reason}."


@pytest.mark.parametrize("url", ["http://[::1]:5000", "https://aws.example.com/a@b", "http://local_stack:4566/"])
def test_a_url_is_the_endpoint_of_every_service(url: str) -> None:
    async def scenario(backend: Backend) -> None:
        assert backend.url == url.rstrip("/")

    with_backend(url, scenario)


VIA = "arn:aws:iam::111111111111:role/Administration"


def test_a_role_is_assumed_by_way_of_another(moto_url: str) -> None:
    with sts_proxy(moto_url) as sts:

        async def scenario(backend: Backend) -> None:
            reply = replied(
                await backend.call(dataclasses.replace(ROLE, via=VIA), "sts", "GetCallerIdentity", {}, seconds=20)
            )
            assert reply["Arn"] == f"arn:aws:sts::222222222222:assumed-role/Operator/{ROLE.execution_id}"

        with_backend(sts.url, scenario)
    assert [role for role, _ in sts.assumed] == [VIA, ROLE.role]
    assert sts.assumed[0][1] == "123456789012"
    assert sts.assumed[1][1] not in ("123456789012", ""), "the session of the first role asks for the second"


def test_the_role_that_is_missing_on_the_way_is_the_one_named(moto_url: str) -> None:
    async def scenario(backend: Backend) -> None:
        answer = await backend.assume(dataclasses.replace(ROLE, via=VIA))
        assert isinstance(answer, Refused)
        assert answer.failure.message.startswith(
            f"The role {VIA} in account 111111111111 could not be assumed: An error"
        )

    with sts_proxy(moto_url) as sts:
        sts.missing.add(VIA)
        with_backend(sts.url, scenario)


def test_a_missing_role_of_a_location_reads_as_aws_words_it(moto_url: str) -> None:
    async def scenario(backend: Backend) -> None:
        scope = dataclasses.replace(ROLE, via=VIA)
        with pytest.raises(ServiceError) as caught:
            await Preflight(backend).check_role(scope, in_location=True)
        assert caught.value.message == (
            "The provided role: arn:aws:iam::222222222222:role/Operator can't be assumed. (Service: "
            "AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied; Request ID: "
            "00000000-1111-2222-3333-444444444444; Proxy: null) The role arn:aws:iam::222222222222:role/Operator in "
            f"account 222222222222 could not be assumed by {VIA}: An error occurred (AccessDenied) when calling the "
            f"AssumeRole operation: User: {sts.refused[0][1]} is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws:iam::222222222222:role/Operator"
        )

    with sts_proxy(moto_url) as sts:
        sts.missing.add("arn:aws:iam::222222222222:role/Operator")
        with_backend(sts.url, scenario)
