"""What running steps say meanwhile (output lines, a poll's tries), for whoever watches: the last 64 KB a step.

It is lossy and never stored; what stays of a step is in its reply. The interpreter never reads it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

KEPT_CHARACTERS = 64 * 1024
MOST_STEPS = 2048
"""Steps whose text is kept; the one that spoke longest ago is forgotten first."""

_MOST_UNREAD = 1000

Key = tuple[str, str]
"""(execution id, path of the step)"""


@dataclass(slots=True)
class _Said:
    pieces: deque[str] = field(default_factory=deque)
    characters: int = 0

    def add(self, text: str) -> None:
        text = text[-KEPT_CHARACTERS:]
        self.pieces.append(text)
        self.characters += len(text)
        while self.characters - len(self.pieces[0]) >= KEPT_CHARACTERS:
            self.characters -= len(self.pieces.popleft())


class Watch:
    """Text as it comes. A reader that is too slow loses the oldest."""

    def __init__(self) -> None:
        self._unread: deque[str] = deque(maxlen=_MOST_UNREAD)
        self._something = asyncio.Event()

    def add(self, text: str) -> None:
        self._unread.append(text)
        self._something.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._unread:
                yield self._unread.popleft()


class Progress:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._said: OrderedDict[Key, _Said] = OrderedDict()
        self._watches: dict[Key, list[Watch]] = {}
        self.hear: Callable[[str, str, str], None] = lambda execution_id, path, text: None
        """Called with everything that is said, as it comes."""

    def report(self, execution_id: str, path: str, text: str) -> None:
        """Take what a step says."""
        key = execution_id, path
        self._said.setdefault(key, _Said()).add(text)
        self._said.move_to_end(key)
        if len(self._said) > MOST_STEPS:
            self._said.popitem(last=False)
        for watch in self._watches.get(key, ()):
            watch.add(text)
        self.hear(execution_id, path, text)

    def said(self, execution_id: str, path: str) -> str:
        """The last of what the step has said; empty when it said nothing or is forgotten."""
        known = self._said.get((execution_id, path))
        return "".join(known.pieces)[-KEPT_CHARACTERS:] if known else ""

    @contextmanager
    def watch(self, execution_id: str, path: str) -> Iterator[Watch]:
        """What the step says from now on."""
        key, watch = (execution_id, path), Watch()
        self._watches.setdefault(key, []).append(watch)
        try:
            yield watch
        finally:
            self._watches[key].remove(watch)
            if not self._watches[key]:
                del self._watches[key]
