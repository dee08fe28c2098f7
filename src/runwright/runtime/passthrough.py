"""Hands requests that are not ours to the backend as they came, and its answers back; it looks into neither."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import urllib3

from runwright.runtime.failures import OUTCOME_UNKNOWN
from runwright.runtime.lanes import CALLS_PER_LANE, LaneBlocked, Lanes, OutOfTime

SECONDS = 25.0

_OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that belong to one connection or to the body's coding; the rest, Host and signature too, is handed on."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The backend's answer, its body decoded. Header names are as the backend wrote them."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def error(self) -> str:
        """The error code that it says, the status where it says none; empty for a success."""
        if self.status < 400:
            return ""
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            said = None
        kind = said.get("__type") if isinstance(said, dict) else None
        return kind.rpartition("#")[2] if isinstance(kind, str) else str(self.status)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There was no connection, or no answer in time; `reason` is a text for a person, `code` names it in counts."""

    reason: str
    code: str


class Passthrough:
    """To the backend at `url`, in that URL's lane. Belongs to the lanes' event loop."""

    def __init__(self, url: str, lanes: Lanes) -> None:
        self._url = url
        self._lanes = lanes
        self._http = urllib3.PoolManager(maxsize=2 * CALLS_PER_LANE, retries=False)

    async def forward(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        *,
        seconds: float = SECONDS,
    ) -> Answered | Unanswered:
        """Send one request and wait for its answer, at most `seconds`. `target` is the path with its query."""
        sent = urllib3.HTTPHeaderDict()
        for name, value in headers:
            if name.lower() not in _OF_THE_CONNECTION:
                sent.add(name, value)
        try:
            return await self._lanes.call(self._url, seconds, partial(self._send, method, target, sent, body, seconds))
        except OutOfTime as error:
            return Unanswered(f"The backend at {self._url} did not answer. {error}", OUTCOME_UNKNOWN)
        except LaneBlocked as error:
            return Unanswered(f"The backend at {self._url} did not answer. {error}", "ServiceUnavailable")
        except urllib3.exceptions.HTTPError as error:
            kind = type(error).__name__
            return Unanswered(f"The backend at {self._url} cannot be reached ({kind}).", kind)

    def close(self) -> None:
        self._http.clear()

    def _send(self, method: str, target: str, headers: urllib3.HTTPHeaderDict, body: bytes, seconds: float) -> Answered:
        answer = self._http.request(
            method,
            self._url + target,
            body=body,
            headers=headers,
            redirect=False,
            timeout=urllib3.Timeout(total=seconds),
        )
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_THE_CONNECTION]
        return Answered(answer.status, kept, answer.data)
