"""Who waits for the ends of executions."""

from __future__ import annotations

import asyncio

from runwright.errors import ServiceError
from runwright.runtime.live import fail


class Watchers:
    """Futures by execution. Each is done when the end is committed, or fails with ServiceError."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def add(self, execution_id: str) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(execution_id, []).append(done)
        return done

    def ended(self, execution_id: str) -> None:
        for done in self._waiting.pop(execution_id, []):
            if not done.done():
                done.set_result(None)

    def not_stored(self, execution_id: str, why: ServiceError | None = None) -> None:
        """Its start was refused by the disk, or nothing of it can be stored any more."""
        fail(self._waiting.pop(execution_id, []), why)

    def close(self) -> None:
        """No end is told any more."""
        for execution_id in list(self._waiting):
            why = f"Execution {execution_id} has not ended: what runs it is closed."
            fail(self._waiting.pop(execution_id), ServiceError("InternalServerError", why, 500))
