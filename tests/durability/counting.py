"""A proxy before a moto server that counts what is done outside, and can kill the server that asks at the worst moment.

As EC2 does, it answers a request whose ClientToken it knows with the first answer, without doing it again (moto has no
such memory). What reaches moto is what was really done.
"""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.runtime.servers import Answer, Request, server


@dataclass
class Counting:
    """`asked` counts requests by ClientToken. `strike` is called at the `strike_at`-th request from now on."""

    moto_url: str
    asked: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Answer] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    strike_at: int | None = None
    strike_after: bool = False
    strike: Callable[[], None] = lambda: None

    def arm(self, requests: int, *, after: bool, strike: Callable[[], None]) -> None:
        """Strike at the so-manieth request: before it is done, or after it was done and before it is answered."""
        with self.lock:
            self.strike_at, self.strike_after, self.strike = requests, after, strike

    def answer(self, request: Request) -> Answer:
        token = next(iter(parse_qs(request.body.decode()).get("ClientToken", [])), None)
        strikes = self._is_its_turn()
        if strikes and not self.strike_after:
            self.strike()
            return 503, {}, b""
        if token is None:
            found = self._done(request)
        else:
            with self.lock:  # one at a time, so that a token is never under way twice
                self.asked[token] += 1
                found = self.answers.get(token) or self._done(request)
                self.answers[token] = found
        if strikes:
            self.strike()
        return found

    def _is_its_turn(self) -> bool:
        with self.lock:
            if self.strike_at is None:
                return False
            self.strike_at -= 1
            if self.strike_at > 0:
                return False
            self.strike_at = None
            return True

    def _done(self, request: Request) -> Answer:
        with closing(http.client.HTTPConnection(urlsplit(self.moto_url).netloc, timeout=30)) as connection:
            connection.request(request.method, request.path, request.body, request.headers)
            with connection.getresponse() as answer:
                return answer.status, {"Content-Type": answer.headers["Content-Type"]}, answer.read()


@contextmanager
def counting(moto_url: str) -> Iterator[tuple[Counting, str]]:
    """The proxy and its URL."""
    proxy = Counting(moto_url)
    with server(proxy.answer) as url:
        yield proxy, url
