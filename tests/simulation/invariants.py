"""What holds in every play, whatever goes wrong."""

from __future__ import annotations

from enum import Enum


class Invariant(Enum):
    STARTED_ONCE = "no execution is started twice"
    ENDS = "an acknowledged start ends"
    STEPS_END = "an execution that has ended has no step under way"
    FINAL = "a terminal status never changes"
    NO_STEP_AGAIN = "a recorded step does not run again"
    NOT_BEGUN_TWICE = "an effect is begun once in the life of a process"
    REPLY_KEPT = "a reply that came before a graceful stop is kept"
    NOTHING_AFTER_END = "no effect is wanted after the end"
    COUNTS = "a parent's counts equal its children's"
    CONCURRENCY = "no more children run than may"
    BUDGET = "no child is begun once the errors are too many"
    QUOTA = "no more executions hold slots than there are"
    QUEUE = "no more starts wait in a queue than may"
    SEEN_STAYS = "what a reader saw never vanishes"
    GRANTED = "a request that was granted shows in the end"
    TIME = "time does not run backwards"
    NO_FAULT = "no execution ends for a fault that nobody made"
    STOPS = "a graceful stop comes to an end"
    NOTHING_LEFT = "what has ended leaves nothing behind"


class Violation(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: Invariant, found: str) -> None:
        super().__init__(f"{invariant.value}: {found}")
        self.invariant = invariant
