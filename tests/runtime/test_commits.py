from __future__ import annotations

import asyncio
from typing import Any

from runwright.runtime.commits import Commits
from runwright.runtime.live import Live, Turn
from runwright.runtime.metrics import Metrics
from runwright.runtime.pace import Pace
from runwright.runtime.slots import Line

LIVE = Live("x", 1, "x", Line("1", "r", "running"), is_child=False)


def test_what_follows_from_commits_takes_effect_in_their_order() -> None:
    """Also where the second one has nothing to store and is over at once."""

    async def play() -> list[str]:
        class Disk:
            async def commit(self, turns: Any) -> None:
                await may_store.wait()

        def turn(status: str, rows: Any) -> Turn:
            return Turn(
                LIVE, [], rows, {}, None, awaits_person=False, status=status, slot=None, ended=False, answers=[]
            )

        may_store, stored = asyncio.Event(), list[str]()
        disk: Any = Disk()
        commits = Commits(
            disk,
            Metrics(),
            Pace(),
            lambda turn: stored.append(turn.status),
            lambda turn, why: None,
            lambda: None,
            lambda task: None,
        )
        commits.add(turn("first", object()))
        commits.begin()
        commits.add(turn("second", None))
        may_store.set()
        await commits.finish()
        return stored

    assert asyncio.run(play()) == ["first", "second"]
