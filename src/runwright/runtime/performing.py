"""Begins wanted effects and brings their replies back; tells parents of the ends of their children."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Protocol

from runwright.interpreter.state import Start
from runwright.messages import CallAws, CallWebhook, Effect, Reply, RunChild, RunScript, StopChild, WishId
from runwright.runtime.clock import Clock
from runwright.runtime.damage import Damaged
from runwright.runtime.scope import Scope

AGAIN_SECONDS = 1.0
"""How long after a fault of ours an effect that has to come about is performed again."""


class Performer(Protocol):
    """Performs effects that touch the world; what it raises is a fault of ours."""

    async def perform(
        self, effect: Effect, wish: WishId, scope: Scope, clock: Clock, report: Callable[[str], None]
    ) -> Reply: ...


class Children(Protocol):
    """Sees to children. `run` and `stop` give None when the end is still to come: `outcome` is asked for it then."""

    async def run(self, effect: RunChild, child_id: str, parent: Start) -> Reply | None: ...

    async def stop(self, child_id: str) -> Reply | None: ...

    async def outcome(self, child_id: str) -> Reply | None: ...


class Broken(Protocol):
    """Told of a fault of ours within its handler; `again`: it is not the first one of the effect."""

    def __call__(self, *, again: bool) -> None: ...


class Performing:
    """`reply` takes (execution id, wish, reply); `report` takes (execution id, step path, text)."""

    def __init__(
        self,
        performer: Performer,
        clock: Clock,
        reply: Callable[[str, WishId, Reply], None],
        report: Callable[[str, str, str], None],
    ) -> None:
        self._performer, self._clock, self._reply, self._report = performer, clock, reply, report
        self._under_way: dict[asyncio.Task[None], Effect] = {}
        self._parents: dict[str, dict[tuple[str, str, WishId], None]] = {}
        self.children: Children | None = None

    def began(self, task: asyncio.Task[None], effect: Effect) -> None:
        """`task` performs the effect now."""
        if isinstance(effect, CallAws | RunScript | CallWebhook):
            self._under_way[task] = effect
            task.add_done_callback(self._under_way.pop)

    async def settle(self, seconds: float) -> None:
        """Return when the calls and scripts under way are answered, or after so long."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    def scripts(self) -> int:
        """How many scripts run now or wait for a worker."""
        return sum(isinstance(effect, RunScript) for effect in self._under_way.values())

    async def see_through(
        self, start: Start, wish: WishId, effect: Effect, broke: Broken, goes_on: Callable[[], bool]
    ) -> None:
        """Perform an effect. After a fault of ours in it the execution is to end, and wants nothing of it any more.

        It only goes on wanting the ends of its children: to bring one about is tried again, while the driver `goes_on`.
        """
        again = False
        while True:
            try:
                await self.perform(start, wish, effect)
            except Damaged:
                return  # nothing of it could be stored; the next start begins it again
            except Exception:
                broke(again=again)
            else:
                return
            if not isinstance(effect, StopChild):
                return
            again = True
            with self._clock.working(start.family):  # skipping, it would try again at once
                await asyncio.sleep(AGAIN_SECONDS)
            if not goes_on():
                return

    async def perform(self, start: Start, wish: WishId, effect: Effect) -> None:
        """Do what the effect wishes. The reply arrives before the family's clock may move on."""
        with self._clock.working(start.family) if isinstance(effect, RunChild | StopChild) else nullcontext():
            reply = await self._reply_to(start, wish, effect)
            if reply is not None:
                self._reply(start.id, wish, reply)

    async def _reply_to(self, start: Start, wish: WishId, effect: Effect) -> Reply | None:
        match effect:
            case RunChild():
                child_id = wish.unique_in(start.id)
                return await self._ask_about(child_id, start, wish, self._kin().run(effect, child_id, start))
            case StopChild(child_id):
                return await self._ask_about(child_id, start, wish, self._kin().stop(child_id))
            case _:
                scope = Scope(start.id, start.family, start.account, start.region, start.role, start.via)
                return await self._performer.perform(
                    effect, wish, scope, self._clock, lambda text: self._report(start.id, wish.path, text)
                )

    async def _ask_about(
        self, child_id: str, start: Start, wish: WishId, asking: Awaitable[Reply | None]
    ) -> Reply | None:
        """Ask, and have the parent told of the child's end where that is still to come."""
        waiting = (start.id, start.family, wish)
        self._parents.setdefault(child_id, {})[waiting] = None
        comes_later = False
        try:
            reply = await asking
            comes_later = reply is None
            return reply
        finally:
            if not comes_later and (parents := self._parents.get(child_id)) is not None:
                parents.pop(waiting, None)
                if not parents:
                    del self._parents[child_id]

    def has_parent_waiting(self, child_id: str) -> bool:
        return child_id in self._parents

    async def tell_parents(self, child_id: str) -> None:
        """After the commit of a child's end."""
        for parent_id, family, wish in self._parents.pop(child_id, {}):
            with self._clock.working(family):
                reply = await self._kin().outcome(child_id)
                if reply is not None:
                    self._reply(parent_id, wish, reply)

    def _kin(self) -> Children:
        assert self.children is not None, "set before the first start"
        return self.children
