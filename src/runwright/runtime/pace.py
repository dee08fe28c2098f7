"""The engine's own work in short pieces, so that a request that only reads is answered in between.

One thread does both. Executions are folded, stored and answered fastest many at a time, and who comes meanwhile to read
would wait for all of them. Nor do readers, however many, keep the work from its share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

READERS_STAY_SECONDS = 0.25
"""How long after a read the next one is expected."""
UNREAD_PIECE_SECONDS = 0.01
"""How long a piece lasts while nobody reads."""


class Pace:
    """Knows of reads. `now` gives seconds that never go back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.reads = 0
        self._readers_until = now()

    def reader_came(self) -> None:
        self.reads += 1
        self._readers_until = self.now() + READERS_STAY_SECONDS

    def is_read_at(self, now: float) -> bool:
        return now < self._readers_until


class Pieces:
    """Work on many things: `begin` it, and await `stand_back` after each of them.

    While somebody reads a piece lasts `least` seconds, or `a_read` for each read that came since the piece before where
    that is more; then as many rounds of the event loop are the others'. What has arrived is seen in one round and
    answered in the next.
    """

    def __init__(self, pace: Pace, *, least: float, a_read: float, rounds: int) -> None:
        self._pace, self._least, self._a_read, self._rounds = pace, least, a_read, rounds
        self.begin()

    def begin(self) -> None:
        self._began, self._lasts = self._pace.now(), self._least

    async def stand_back(self) -> None:
        """Let the others go on when this piece is over."""
        now = self._pace.now()
        lasts = self._lasts if self._pace.is_read_at(now) else max(self._lasts, UNREAD_PIECE_SECONDS)
        if now < self._began + lasts:
            return
        reads = self._pace.reads
        for _ in range(self._rounds):
            await asyncio.sleep(0)
        self._began = self._pace.now()
        self._lasts = max(self._least, self._a_read * (self._pace.reads - reads))
