"""Blocking calls in threads, bounded in number and in time.

A *lane* leads to one endpoint: so many calls at a time, the others wait their turn, and a hung endpoint holds up only
its own lane. A call's bound runs from the moment it leaves its lane. A call that exceeds it is answered all the same;
its thread is left behind and its place taken by another. It knows nothing of AWS and nothing of executions.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

CALLS_PER_LANE = 16
MOST_ABANDONED = 64
"""Threads a lane may leave behind before its calls fail at once."""


class OutOfTime(Exception):
    """A call took longer than its bound; whether it had an effect is not known."""


class LaneBlocked(Exception):
    """Nothing was begun: too many calls of this lane never came back."""


class Abandoned(Exception):
    """Raised inside a call that nobody waits for any more, where it would begin something new."""


_current = threading.local()


def refuse_when_abandoned() -> None:
    """Raise Abandoned if the call that this thread works for has been answered already.

    For what happens repeatedly within a call (a retry): what is answered with `outcome unknown` must not act later.
    """
    job: _Job | None = getattr(_current, "job", None)
    if job is not None and job.is_abandoned:
        raise Abandoned("The call exceeded its bound and is not tried again.")


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    answer: asyncio.Future[Any]
    lane: str
    is_abandoned: bool = False
    bound: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Lane:
    running: int = 0
    abandoned: int = 0
    waiting: deque[tuple[_Job, float]] = field(default_factory=deque)


class Lanes:
    """Belongs to one event loop; its methods are for that loop's thread."""

    def __init__(self, calls_per_lane: int = CALLS_PER_LANE, most_abandoned: int = MOST_ABANDONED) -> None:
        self._calls_per_lane = calls_per_lane
        self._most_abandoned = most_abandoned
        self._lanes: dict[str, _Lane] = {}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = 0  # without the abandoned ones
        self._busy = 0
        self._closed = False

    async def call(self, lane: str, seconds: float, work: Callable[[], T]) -> T:
        """Run `work` in a thread when the lane has room, for at most `seconds`.

        Raises what `work` raises, OutOfTime, or LaneBlocked. A caller that is cancelled leaves; its place in the lane
        is free when the call ends or its bound is over.
        """
        if self._closed:
            raise LaneBlocked("The server is closing.")
        state = self._lanes.setdefault(lane, _Lane())
        if state.abandoned >= self._most_abandoned:
            raise LaneBlocked(
                f"{state.abandoned} calls to {lane} have not come back within their time, so no further one is begun "
                "until some of them end. Is it reachable and answering?"
            )
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(work, answer, lane)
        if state.running < self._calls_per_lane:
            self._begin(state, job, seconds)
        else:
            state.waiting.append((job, seconds))
        return await answer

    def close(self) -> None:
        """Begin nothing more and let the idle threads end; those at work end with their calls or the process."""
        self._closed = True
        for lane in self._lanes.values():
            for job, _ in lane.waiting:
                if not job.answer.done():
                    job.answer.set_exception(LaneBlocked("The server is closing."))
            lane.waiting.clear()
        for _ in range(self._threads):
            self._jobs.put(None)

    # ----------------------------------------------------------------------------------------------- inside

    def _begin(self, lane: _Lane, job: _Job, seconds: float) -> None:
        lane.running += 1
        self._busy += 1
        job.bound = job.answer.get_loop().call_later(seconds, self._give_up, job, seconds)
        if self._busy > self._threads:
            self._threads += 1
            threading.Thread(target=self._work, name="runwright-call", daemon=True).start()
        self._jobs.put(job)

    def _give_up(self, job: _Job, seconds: float) -> None:
        job.is_abandoned = True
        self._threads -= 1
        self._lanes[job.lane].abandoned += 1
        if not job.answer.done():
            job.answer.set_exception(OutOfTime(f"There was no answer within {seconds:g} seconds."))
        self._leave(job)

    def _leave(self, job: _Job) -> None:
        """Give the place of a call that is over, or given up, to the next in its lane."""
        lane = self._lanes[job.lane]
        lane.running -= 1
        self._busy -= 1
        while lane.waiting and not self._closed:
            following, seconds = lane.waiting.popleft()
            if not following.answer.done():
                self._begin(lane, following, seconds)
                break
        self._forget_if_idle(job.lane, lane)

    def _forget_if_idle(self, name: str, lane: _Lane) -> None:
        if not lane.running and not lane.abandoned and not lane.waiting:
            self._lanes.pop(name, None)

    def _over(self, job: _Job, value: Any, error: BaseException | None) -> None:
        if job.is_abandoned:
            lane = self._lanes[job.lane]
            lane.abandoned -= 1
            self._jobs.put(None)  # a thread too many: its place has been taken
            self._forget_if_idle(job.lane, lane)
            return
        assert job.bound is not None
        job.bound.cancel()
        if not job.answer.done():
            if error is None:
                job.answer.set_result(value)
            else:
                job.answer.set_exception(error)
        self._leave(job)

    def _work(self) -> None:
        """The life of a thread."""
        while (job := self._jobs.get()) is not None:
            _current.job = job
            value: Any = None
            error: Exception | None = None
            try:
                value = job.work()
            except StopIteration as caught:  # which no future can hold
                error = RuntimeError(repr(caught))
            except Exception as caught:  # it is the awaiting caller's
                error = caught
            try:
                job.answer.get_loop().call_soon_threadsafe(self._over, job, value, error)
            except RuntimeError:
                return  # the loop is closed: nobody is left to be told
            _current.job = job = value = error = None
