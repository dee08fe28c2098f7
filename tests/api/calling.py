"""A client for ASGI applications in this process: one request, no port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from starlette.types import ASGIApp, Message

from runwright.api.operations import OPERATIONS
from runwright.constraints import undeclared_members
from runwright.messages import Json

COMMON = ("ValidationException", "SerializationException", "UnknownOperationException")
"""Errors of status 400 that every operation may give."""

ACCOUNT = "111122223333"
REGION = "eu-central-1"


@cache
def declared_errors(operation: str) -> frozenset[str]:
    """The errors that the service model declares for an operation."""
    model = botocore.session.Session().get_service_model("ssm").operation_model(operation)
    return frozenset(shape.name for shape in model.error_shapes)


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Json:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    app: ASGIApp
    account: str = ACCOUNT
    region: str = REGION

    async def call(self, operation: str, members: Json | None = None, **more: Json) -> Json:
        """The answer of an operation that succeeds; it holds no member that the service model lacks."""
        answered = await self.post(operation, json.dumps((members or {}) | more).encode())
        assert answered.status == 200, answered.body
        assert undeclared_members(operation, answered.json()) == []
        return answered.json()

    async def error(self, operation: str, members: Json | None = None, **more: Json) -> tuple[str, str]:
        """Code and message of an operation that is refused with status 400, by an error that it may give."""
        answered = await self.post(operation, json.dumps((members or {}) | more).encode())
        assert answered.status == 400, (answered.status, answered.body)
        code = answered.json()["__type"]
        assert code in COMMON or operation not in OPERATIONS or code in declared_errors(operation), code
        return code, answered.json()["Message"]

    async def post(self, operation: str, body: bytes, headers: Mapping[str, str | None] | None = None) -> Answered:
        """POST / with the headers of a signed call; a header given as None is left out."""
        credential = f"Credential={self.account}/20260101/{self.region}/ssm/aws4_request"
        usual: dict[str, str | None] = {
            "host": "localhost:4583",
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"AmazonSSM.{operation}",
            "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
        }
        merged = usual | dict(headers or {})
        return await self.request("POST", "/", body, {name: value for name, value in merged.items() if value})

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answered:
        usual = {"host": "localhost"} if headers is None else headers
        parts = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]
        incoming = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, 1)
        ]
        outgoing: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0)

        async def send(message: Message) -> None:
            outgoing.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "server": ("127.0.0.1", 4583),
            "client": ("127.0.0.1", 50000),
            "http_version": "1.1",
            "headers": [(name.encode(), value.encode()) for name, value in usual.items()],
        }
        await self.app(scope, receive, send)
        start, *rest = outgoing
        return Answered(
            start["status"],
            {name.decode().lower(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )
