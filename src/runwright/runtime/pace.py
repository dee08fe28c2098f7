"""The engine's own work in short pieces, so that a request that only reads is answered in between.

One thread does both. Executions are folded, stored and answered fastest many at a time, and who comes meanwhile to read
would wait for all of them: 64 busy clients made a read take 40 times as long as one client alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

READERS_STAY_SECONDS = 0.25
"""How long after a read the next one is expected."""
PIECE_SECONDS = 0.0002
"""How long to work at a time while somebody reads."""
LONG_PIECE_SECONDS = 0.01
"""How long to work at a time while nobody does."""


class Pace:
    """What many executions have to be done to stops here after each of them. `now` gives seconds that never go back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._readers_until = self._gave_way_at = now()

    def reader_came(self) -> None:
        self._readers_until = self._now() + READERS_STAY_SECONDS

    async def give_way(self) -> None:
        """Let others go first when this piece of work has lasted long enough."""
        now = self._now()
        piece = PIECE_SECONDS if now < self._readers_until else LONG_PIECE_SECONDS
        if now >= self._gave_way_at + piece:
            await asyncio.sleep(0)  # the event loop sees what has arrived,
            await asyncio.sleep(0)  # and answers it
            self._gave_way_at = self._now()

    async def space_out(self) -> None:
        """Tell callers of their commit one by one while somebody reads: they read next, and would come all at once."""
        if self._now() < self._readers_until:
            await asyncio.sleep(0)
