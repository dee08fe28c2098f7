"""botocore clients: made once per service, region and endpoint, and shared by everybody on whose behalf calls are made.

A client takes its credentials from the thread that calls it, so that a thousand roles need no thousand clients. All of
this blocks and runs in the threads of a lane. It does not know where credentials come from.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.response import StreamingBody

from runwright.messages import Failure, Json
from runwright.runtime.failures import BackendLacks, Refused
from runwright.runtime.lanes import CALLS_PER_LANE, refuse_when_abandoned
from runwright.runtime.operations import Models
from runwright.runtime.replies import ReplyParsers, StreamRefused, as_json

MOST_CLIENTS = 256
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_LONGEST_PAYLOAD = 6 * 1024 * 1024
"""Bytes; Lambda's own limit of a synchronous answer."""


class Keys(NamedTuple):
    """Credentials as botocore's signers read them."""

    access_key: str
    secret_key: str
    token: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One call. `endpoint` None: botocore finds it. `keys` is asked in the calling thread; None: there are none.

    `token` goes into members that the model marks as idempotency tokens and that are not written. `stream_bytes`: so
    much of a reply that is a stream is read, as bytes under `Body`; 0: such a reply is refused. `tried_again` is told
    in the calling thread of each further try, with its number and the error code for which it is made.
    """

    service: str
    operation: str
    parameters: dict[str, Json]
    region: str
    endpoint: str | None
    keys: Callable[[], Keys | None]
    seconds: float
    token: str | None = None
    stream_bytes: int = 0
    tried_again: Callable[[int, str], None] = lambda number, code: None


class _Acting:
    """The call that the asking thread is making: what botocore takes for the session's credentials are its keys."""

    method = "runwright"

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def making(self, call: AwsCall) -> Iterator[None]:
        self._thread.keys, self._thread.call, self._thread.code = call.keys(), call, ""
        try:
            yield
        finally:
            self._thread.keys = self._thread.call = None

    def note_answer(self, response: Any, caught_exception: Exception | None, **_: object) -> None:
        """Keep why a try may be followed by another (botocore's `needs-retry`)."""
        error = {} if response is None else response[1].get("Error", {})
        self._thread.code = str(error.get("Code", "")) if caught_exception is None else type(caught_exception).__name__

    def begin_try(self, request: Any, **_: object) -> None:
        """Tell of a try that is not the first (botocore's `request-created`)."""
        number = request.context.get("retries", {}).get("attempt", 1)
        if number > 1:
            refuse_when_abandoned()
            self._thread.call.tried_again(number, self._thread.code)

    def get_frozen_credentials(self) -> Keys | None:
        keys: Keys | None = getattr(self._thread, "keys", None)
        return keys

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        return lambda: getattr(self.get_frozen_credentials(), name, None)

    def load_credentials(self) -> _Acting:
        """As a credential provider, which this also is."""
        return self


class Clients:
    """The clients of one backend. With a `url` nothing is read from the machine's AWS configuration."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._session = botocore.session.Session(session_vars=_NO_CONFIGURATION if url else None)
        self._chain = self._session.get_component("credential_provider")
        self._own: Any = None
        self._acting = _Acting()
        self._session.register_component("credential_provider", self._acting)
        self._session.register_component("response_parser_factory", ReplyParsers())
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[str, str, str | None, float], Any] = OrderedDict()
        self._models = Models(self._session)

    def own_keys(self) -> Keys | None:
        """The credentials that botocore's own chain finds, refreshed as they need it."""
        with self._lock:
            if self._own is None:
                self._own = self._chain.load_credentials()
        if self._own is None:
            return None
        frozen = self._own.get_frozen_credentials()
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, getattr(frozen, "account_id", None))

    def service_name(self, spelled: str) -> str | None:
        """The name by which botocore knows a service; None when there is no such service."""
        found = self._models.service(spelled)
        return found if isinstance(found, str) else None

    def call(self, call: AwsCall) -> dict[str, Json] | Refused:
        """Make the call and return the whole reply as JSON. Raises what botocore raises."""
        service = self._models.service(call.service)
        if isinstance(service, Failure):
            return Refused(service)
        operation = self._models.operation(service, call.operation)
        if isinstance(operation, Failure):
            return Refused(operation)
        if call.stream_bytes and operation.has_streaming_output:
            return self._streamed(service, operation.name, call)
        payload = _STREAMS_TAKEN.get((service, operation.name))
        if operation.has_event_stream_output or (operation.has_streaming_output and payload is None):
            raise StreamRefused(operation.name)
        parameters = dict(call.parameters)  # botocore encodes some of them in place
        if call.token is not None and operation.idempotent_members:
            parameters = dict.fromkeys(operation.idempotent_members, call.token) | parameters
        client = self._client(service, call.region, call.endpoint, call.seconds)
        with self._acting.making(call):
            # What a client's methods call too; the name comes from the model.
            reply = client._make_api_call(operation.name, parameters)
        if payload is not None and isinstance(reply.get(payload), StreamingBody):
            reply[payload] = reply[payload].read(_LONGEST_PAYLOAD).decode("utf-8", "replace")
        document: dict[str, Json] = as_json(reply)
        return document

    def _streamed(self, service: str, operation: str, call: AwsCall) -> dict[str, Json]:
        client = self._client(service, call.region, call.endpoint, call.seconds)
        with self._acting.making(call):
            reply = client._make_api_call(operation, call.parameters)
        with closing(reply["Body"]) as body:
            return {"Body": body.read(call.stream_bytes)}

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, service: str, region: str, endpoint: str | None, seconds: float) -> Any:
        # One read may take a little longer than the whole call, whose bound is kept elsewhere.
        read_timeout = 30.0 if seconds <= 25 else seconds + 5
        key = (service, region, endpoint, read_timeout)
        with self._lock:
            client = self._clients.get(key)
            if client is not None:
                self._clients.move_to_end(key)
                return client
            client = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=endpoint,
                config=_config(endpoint, read_timeout),
            )
            client.meta.events.register("before-send", _before_send)
            client.meta.events.register("needs-retry", self._acting.note_answer)
            client.meta.events.register("request-created", self._acting.begin_try)
            if endpoint is not None:
                client.meta.events.register("before-parse", partial(_refuse_html, endpoint))
            self._clients[key] = client
            if len(self._clients) > MOST_CLIENTS:
                self._clients.popitem(last=False)  # not closed: a call may be using it
            return client


_STREAMS_TAKEN = {("lambda", "Invoke"): "Payload"}
"""Replies whose stream is a short text: it is read."""

_NO_CONFIGURATION = {
    "profile": (None, None, None, None),
    "config_file": (None, None, "", None),
    "credentials_file": (None, None, "", None),
}


def _config(endpoint: str | None, read_timeout: float) -> Any:
    config = Config(
        connect_timeout=10,
        read_timeout=read_timeout,
        max_pool_connections=2 * CALLS_PER_LANE,
        user_agent_extra="runwright",
    )
    if endpoint is None:
        return config
    given = Config(
        inject_host_prefix=False,  # `account.127.0.0.1` is nobody
        s3={"addressing_style": "path"},
        use_dualstack_endpoint=False,
        use_fips_endpoint=False,
    )
    if urlsplit(endpoint).hostname in LOOPBACK:
        given = given.merge(Config(proxies={}))
    return config.merge(given)


def _before_send(**_: object) -> None:
    refuse_when_abandoned()


def _refuse_html(endpoint: str, operation_model: Any, response_dict: dict[str, Any], **_: object) -> None:
    """An HTML page is no answer of AWS but of a server that lacks the operation (moto); it is not tried again."""
    status = response_dict["status_code"]
    if status < 400 or "text/html" not in str(response_dict["headers"].get("content-type", "")).lower():
        return
    if b"<html" in response_dict["body"][:400].lower():
        raise BackendLacks(
            f"The backend at {endpoint} cannot perform {operation_model.service_model.service_name}:"
            f"{operation_model.name}: it answered with an HTML page and status {status}, as moto does for what it "
            "does not implement."
        )
