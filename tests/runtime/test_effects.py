from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from runwright.messages import CallAws, Effect, Failure, Json, Poll, Reply, RunScript, Selection, SleepUntil, WishId
from runwright.runtime.backend import Backend
from runwright.runtime.effects import Effects
from runwright.runtime.scope import Scope

from .servers import Answer, Request, server, silent_server

SCOPE = Scope("0d5c0d5c-6f0d-4d0a-9b5e-2c1d6f1c7a11", "family", "123456789012", "us-east-1", None)
WISH = WishId("step", 1, 1, 0)


class StillClock:
    """A clock that stands until somebody sleeps, and then is where the sleeper wants it."""

    def __init__(self, *, skipping: bool = False) -> None:
        self.time = 1000.0
        self.skipping = skipping
        self.at_work = 0

    def now(self, family: str) -> float:
        return self.time

    def skips(self, family: str) -> bool:
        return self.skipping

    async def sleep_until(self, family: str, at: float) -> None:
        assert not self.at_work
        self.time = at

    @contextmanager
    def working(self, family: str) -> Iterator[None]:
        self.at_work += 1
        yield
        self.at_work -= 1

    @contextmanager
    def asked_before_jumps(self, family: str) -> Iterator[Callable[[], Awaitable[None]]]:
        async def never() -> None:
            await asyncio.get_running_loop().create_future()

        yield never


def perform(
    url: str, effect: Effect, clock: StillClock | None = None, report: Callable[[str], None] = lambda text: None
) -> Reply:
    async def whole() -> Reply:
        backend = await Backend.open(url, "us-east-1", "123456789012")
        effects = Effects(backend)
        try:
            return await effects.perform(effect, WISH, SCOPE, clock or StillClock(), report)
        finally:
            effects.close()
            await backend.close()

    return asyncio.run(whole())


def failure_of(reply: Reply) -> Failure:
    assert reply.failure is not None
    return reply.failure


def answers(*documents: Json) -> Callable[[Request], Answer]:
    """A JSON service that gives these documents one after the other, the last one for ever; a number is an error."""
    left = list(documents)

    def answer(_: Request) -> Answer:
        document = left.pop(0) if len(left) > 1 else left[0]
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        if isinstance(document, int):
            return document, headers, b'{"__type": "SomethingWrong", "message": "no"}'
        return 200, headers, json.dumps(document).encode()

    return answer


# --------------------------------------------------------------------------------------------------------- calls


def test_a_call_gives_what_is_selected_and_no_more(moto_url: str) -> None:
    select = (
        Selection("Vpc", "$.Vpcs[0].State", "String"),
        Selection("Missing", "$.Vpcs[0].Nothing", "String"),
        Selection("Status", "$.ResponseMetadata.HTTPStatusCode", "Integer"),
    )
    reply = perform(moto_url, CallAws("ec2", "DescribeVpcs", {}, select))
    assert reply == Reply({"Vpc": "available", "Status": 200})


def test_a_selected_value_of_the_wrong_type_fails(moto_url: str) -> None:
    effect = CallAws("ec2", "DescribeVpcs", {}, (Selection("Vpcs", "$.Vpcs", "Integer"),))
    assert "Vpcs" in failure_of(perform(moto_url, effect)).message


def test_an_output_that_is_too_large_fails_and_says_so() -> None:
    effect = CallAws("ssm", "GetParameter", {"Name": "n"}, (Selection("Value", "$.Parameter.Value", "String"),))
    with server(answers({"Parameter": {"Value": "x" * 102_401}})) as url:
        failure = failure_of(perform(url, effect))
    assert failure.message == (
        "The output 'Value' has 102401 bytes; at most 102400 are kept. Select less of the reply."
    )


@pytest.mark.parametrize(("letters", "failure"), [(204_798, None), (204_799, "has 204801 bytes; at most 204800")])
def test_a_lambda_function_may_answer_more(letters: int, failure: str | None) -> None:
    effect = CallAws("lambda", "Invoke", {"FunctionName": "f"}, (Selection("Payload", "$.Payload"),))
    with server(answers("x" * letters)) as url:
        reply = perform(url, effect)
    if failure is None:
        assert reply == Reply({"Payload": '"' + "x" * letters + '"'})
    else:
        assert failure in failure_of(reply).message


@pytest.mark.parametrize(("written", "sent"), [({}, WISH.unique_in(SCOPE.execution_id)), ({"ClientToken": "m"}, "m")])
def test_idempotency_tokens_come_from_the_wish_unless_written(written: dict[str, Json], sent: str) -> None:
    seen: list[Request] = []

    def record(request: Request) -> Answer:
        seen.append(request)
        return answers({})(request)

    with server(record) as url:
        perform(url, CallAws("ssm", "CreatePatchBaseline", {"Name": "baseline", **written}))
    assert json.loads(seen[0].body) == {"Name": "baseline", "ClientToken": sent}


# --------------------------------------------------------------------------------------------------------- polls


def poll(every_seconds: float = 5, desired: str = "done", tolerate: tuple[str, ...] = ()) -> Poll:
    call = CallAws("ssm", "GetParameter", {"Name": "n"})
    args = {"selector": "$.Parameter.Value", "desired": [desired]}
    return Poll(call, "aws.property", args, every_seconds, tolerate)


def state(value: str) -> Json:
    return {"Parameter": {"Value": value}}


def test_a_poll_asks_until_its_verdict_is_done() -> None:
    clock, said = StillClock(), list[str]()
    with server(answers(state("no"), state("no"), state("done"))) as url:
        assert perform(url, poll(), clock, said.append) == Reply(None)
    assert clock.time == 1010.0
    assert said == ["ssm:GetParameter, try 1: not yet\n", "ssm:GetParameter, try 2: not yet\n"]


@pytest.mark.parametrize("status", [500, 503])
def test_a_poll_asks_again_after_errors_that_pass(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with server(answers(status, state("done"))) as url:
        assert perform(url, poll()) == Reply(None)


def test_another_error_fails_a_poll_unless_it_is_tolerated() -> None:
    with server(answers(400, state("done"))) as url:
        assert failure_of(perform(url, poll())).code == "SomethingWrong"
    with server(answers(400, state("done"))) as url:
        assert perform(url, poll(tolerate=("SomethingWrong",))) == Reply(None)


def test_where_time_is_skipped_an_hour_in_vain_costs_about_65_calls() -> None:
    clock, tries = StillClock(skipping=True), list[str]()

    def until_an_hour_has_passed(request: Request) -> Answer:
        return answers(state("done" if clock.time >= 1000 + 3600 else "no"))(request)

    with server(until_an_hour_has_passed) as url:
        perform(url, poll(every_seconds=2), clock, tries.append)
    assert 40 < len(tries) < 70


def test_a_cancelled_poll_stops() -> None:
    async def whole(url: str) -> None:
        backend = await Backend.open(url, "us-east-1", "123456789012")
        task = asyncio.create_task(Effects(backend).perform(poll(), WISH, SCOPE, StillClock(), lambda text: None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await backend.close()

    with silent_server() as url:
        asyncio.run(whole(url))


# ------------------------------------------------------------------------------------------------------- scripts

ASK_STS = """
import boto3
def main(events, context):
    print('asking')
    identity = boto3.client('sts').get_caller_identity()
    return {'account': identity['Account'], 'name': events['name']}
"""


def script(text: str, **more: Json) -> RunScript:
    return RunScript("python3.11", text, "main", {"name": "n"}, {}, **more)


def test_a_script_reaches_the_same_aws_with_boto3(moto_url: str) -> None:
    said: list[str] = []
    effect = script(ASK_STS, select=(Selection("Account", "$.Payload.account", "String"),))
    reply = perform(moto_url, effect, report=said.append)
    assert reply == Reply({"Payload": {"account": "123456789012", "name": "n"}, "Account": "123456789012"})
    assert "".join(said) == "asking\n"


def test_a_script_that_fails_fails_its_effect(moto_url: str) -> None:
    failure = failure_of(perform(moto_url, script("def main(e, c):\n    raise ValueError('no')")))
    assert failure.message.endswith("ValueError - no")


def test_a_script_that_needs_a_file_says_which(moto_url: str) -> None:
    assert "'tools.zip'" in failure_of(perform(moto_url, script("", attachment="tools.zip"))).message


def test_what_is_not_performed_here_is_a_fault_of_ours(moto_url: str) -> None:
    with pytest.raises(TypeError, match="SleepUntil"):
        perform(moto_url, SleepUntil(1.0))
