"""A server with principals in this process, and clients that sign for it with botocore's own signer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from runwright.access.audit import AuditLog
from runwright.access.front_door import FrontDoor
from runwright.access.policies import read_policy
from runwright.access.principals import AccessKey, Principal
from runwright.api.app import create_app
from runwright.api.guard import Guard
from runwright.config import Settings
from runwright.hosting import Host
from runwright.messages import Json
from tests.api.calling import Answered, Client
from tests.api.serving import NOBODY

REGION = "eu-central-1"
ACCOUNT, OTHER_ACCOUNT = "111122223333", "999988887777"

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NOTHING = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def key(name: str, *statements: Json, account: str = ACCOUNT) -> AccessKey:
    """The access key of a user of that name, to whom these statements apply."""
    read = read_policy({"Statement": list(statements)}, "the test") if statements else ()
    principal = Principal(f"arn:aws:iam::{account}:user/{name}", account, read)
    return AccessKey(f"AKIA{name.upper():0<16}", principal, f"the-secret-of-{name}-and-of-nobody-else")


@dataclass
class Clock:
    """Real time, and what a test adds to it."""

    later: float = 0.0

    def now(self) -> float:
        return time.time() + self.later


@dataclass(frozen=True)
class Secured:
    client: Client
    clock: Clock
    host: Host

    def signed(
        self, access_key: AccessKey, operation: str, body: bytes, region: str = REGION, secret: str | None = None
    ) -> dict[str, str]:
        """The headers of a request as botocore signs it."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AmazonSSM.{operation}",
            "Host": "localhost:4583",
        }
        request = AWSRequest("POST", "http://localhost:4583/", headers, body)
        SigV4Auth(Credentials(access_key.id, secret or access_key.secret), "ssm", region).add_auth(request)
        return {name.lower(): _text(value) for name, value in request.headers.items()}

    async def send(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        return await self.client.request("POST", "/", body, headers)

    async def call(
        self, access_key: AccessKey, operation: str, members: Json | None = None, region: str = REGION
    ) -> tuple[str | None, Json]:
        """(code of the error or None, the answer)."""
        body = json.dumps(members or {}).encode()
        answered = await self.send(body, self.signed(access_key, operation, body, region))
        answer = answered.json()
        return (None if answered.status == 200 else answer["__type"]), answer


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


Story = Callable[[Secured], Awaitable[None]]


@dataclass
class Options:
    aws: str = NOBODY
    audit: AuditLog | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def secured(keys: Sequence[AccessKey], story: Story, options: Options | None = None) -> None:
    """Run `story` on a server that these keys open."""

    async def all_of_it() -> None:
        chosen = options or Options()
        settings = Settings(aws=chosen.aws, **{"skip_time": True, **chosen.settings})
        clock = Clock()
        door = FrontDoor(
            keys,
            requests_per_second=settings.limits["requests"],
            skew_seconds=settings.limits["clock-skew"],
            now=clock.now,
        )
        host = await Host.open(settings, door.authorize, chosen.audit)
        try:
            app = create_app(host.engine, Guard(door, chosen.audit, settings.limits))
            await story(Secured(Client(app), clock, host))
        finally:
            await host.close()

    asyncio.run(all_of_it())
