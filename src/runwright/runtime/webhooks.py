"""Stored webhook integrations: looked up in Parameter Store as they are needed, called once, and kept out of all texts.

An integration is a SecureString whose JSON holds `url` (https), `headers` and `payload` [UG23].
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import urllib3

from runwright.language.json_values import json_value
from runwright.messages import CallWebhook, Failure, Json, Reply
from runwright.runtime.backend import Backend
from runwright.runtime.failures import OUTCOME_UNKNOWN, Refused
from runwright.runtime.lanes import LaneBlocked, OutOfTime
from runwright.runtime.scope import Scope

PARAMETER_PREFIX = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/"
RESPONSE_BYTES = 100 * 1024

_HARMLESS_HEADERS = frozenset({"accept", "content-type", "user-agent"})
_SHORTEST_SECRET = 6
"""Characters; shorter words are not worth hiding and would tear ordinary text apart."""


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    headers: dict[str, str]
    body: bytes
    seconds: float

    def without_secrets(self, text: str) -> str:
        """`text` with the URL's and the headers' values hidden, should the answer repeat them."""
        parts = urlsplit(self.url)
        secrets = {self.url, parts.path, parts.query}
        for name, value in self.headers.items():
            if name.lower() not in _HARMLESS_HEADERS:
                secrets |= {value, *value.split()}
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text


class Webhooks:
    """`ssl_context` None trusts whom the machine trusts."""

    def __init__(self, backend: Backend, ssl_context: ssl.SSLContext | None = None) -> None:
        self._backend = backend
        self._http = urllib3.PoolManager(
            num_pools=32, maxsize=4, retries=False, ssl_context=ssl_context or ssl.create_default_context()
        )

    async def call(self, effect: CallWebhook, scope: Scope) -> Reply:
        """Look the integration up and send the request; what is not 2xx is a failure (inferred)."""
        request = await self._request(effect, scope)
        if isinstance(request, Failure):
            return Reply(failure=request)
        name, host = effect.integration, urlsplit(request.url).hostname
        try:
            status, text = await self._backend.lanes.call(
                f"webhook {host}", effect.seconds, partial(self._send, request)
            )
        except OutOfTime as error:
            return _failed(f"The webhook integration '{name}' gave no answer. {error}", OUTCOME_UNKNOWN)
        except LaneBlocked as error:
            return _failed(f"The webhook integration '{name}' was not called: {error}", "ServiceUnavailable")
        except urllib3.exceptions.HTTPError as error:
            # Not its text: that quotes the URL, which is a secret.
            return _failed(f"The webhook integration '{name}' cannot be reached ({type(error).__name__}).")
        except ValueError:  # a header or URL that cannot be sent
            return _failed(f"The webhook integration '{name}' holds a url or a header that cannot be sent.")
        text = request.without_secrets(text)
        if not 200 <= status < 300:
            return _failed(f"The webhook integration '{name}' answered with status {status}: {text[:500]}")
        return Reply({"Response": text, "ResponseCode": status})

    def close(self) -> None:
        self._http.clear()

    async def _request(self, effect: CallWebhook, scope: Scope) -> _Request | Failure:
        parameter = PARAMETER_PREFIX + effect.integration
        reply = await self._backend.call(
            scope, "ssm", "GetParameter", {"Name": parameter, "WithDecryption": True}, seconds=effect.seconds
        )
        if isinstance(reply, Refused):
            return reply.because_of(
                f"The webhook integration '{effect.integration}' could not be looked up (SecureString {parameter})"
            ).failure
        if reply["Parameter"].get("Type") != "SecureString":
            return Failure(f"The webhook integration '{effect.integration}' must be a SecureString ({parameter}).")
        return _request_of(effect, reply["Parameter"]["Value"])

    def _send(self, request: _Request) -> tuple[int, str]:
        answer = self._http.request(
            "POST",
            request.url,
            body=request.body,
            headers=request.headers,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(total=request.seconds),
        )
        try:
            data = answer.read(RESPONSE_BYTES, decode_content=True)
        finally:
            answer.close()
        return answer.status, data.decode("utf-8", "replace")


def _request_of(effect: CallWebhook, stored: str) -> _Request | Failure:
    name = effect.integration
    try:
        integration = json_value(stored)
    except ValueError:
        integration = None
    if not isinstance(integration, dict) or not isinstance(integration.get("url"), str):
        return Failure(f"The webhook integration '{name}' must hold a JSON object with a url.")
    if urlsplit(integration["url"]).scheme != "https" or not urlsplit(integration["url"]).hostname:
        return Failure(f"The url of the webhook integration '{name}' must begin with https://.")
    given = integration.get("headers") or {}
    if not isinstance(given, dict):
        return Failure(f"The headers of the webhook integration '{name}' must be a JSON object.")
    headers = {str(key): str(value) for key, value in given.items()}
    if not any(key.lower() == "content-type" for key in headers):
        headers["Content-Type"] = "application/json"
    body = effect.body if effect.body is not None else _text(integration.get("payload"))
    return _Request(integration["url"], headers, body.encode("utf-8", "replace"), effect.seconds)


def _text(payload: Json) -> str:
    if payload is None:
        return ""
    return payload if isinstance(payload, str) else json.dumps(payload)


def _failed(message: str, code: str = "") -> Reply:
    return Reply(failure=Failure(message, code))
