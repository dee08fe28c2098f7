"""What a fan-out is between two events: data that `fanout` folds, `views` shows and the cursor holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from runwright.interpreter import rulings
from runwright.messages import Effect, Json, Reply, WishId
from runwright.stored_form import NotUnderstood, take_only_known

_OF_FANOUTS = frozenset(("Targets", "TargetMaps", "TargetLocations", "TargetLocationsURL"))


def is_fanout(request: dict[str, Json]) -> bool:
    """Whether an execution with these members runs its runbook on many targets."""
    return not _OF_FANOUTS.isdisjoint(request) and any(request.get(name) for name in _OF_FANOUTS)


@dataclass(slots=True, eq=False)
class Group:
    """Targets that share limits: all of a rate control, or the pairs of one item of TargetLocations.

    `first` is the index of its first target, `next` of the next one to start. `window` is how many may run now: 1, 2,
    4 ... up to `concurrency`, doubled when as many have ended since the last time.
    """

    first: int
    count: int
    concurrency: int
    max_errors: int
    window: int
    next: int
    running: int = 0
    errors: int = 0
    ended_in_window: int = 0

    @property
    def gives_up(self) -> bool:
        """[B] one error more than MaxErrors starts nothing further."""
        return self.errors > self.max_errors

    @property
    def left(self) -> int:
        return 0 if self.gives_up else self.first + self.count - self.next


@dataclass(slots=True, eq=False)
class Child:
    """A running child: its step's position and the time it began."""

    position: int
    since: float


@dataclass(slots=True, eq=False)
class Fanout:
    """`targets` are values, parameter maps, or [item, account, region] triples; None until they are found.

    `locations` is TargetLocations as it stands in the request or in the file that it names. `running` is by index.
    """

    target_type: str | None = None
    targets: list[Json] | None = None
    locations: list[dict[str, Json]] | None = None
    groups: list[Group] = field(default_factory=list)
    running: dict[int, Child] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(rulings.ENDS_OF_CHILDREN, 0))
    wishes: dict[WishId, Effect] = field(default_factory=dict)
    found: Reply | None = None
    found_at: float = 0.0


_GROUP = ("first", "count", "concurrency", "max_errors", "window", "next", "running", "errors", "ended_in_window")
_MEMBERS = frozenset({"target_type", "groups", "running", "counts", "found_at"})


def fanout_to_json(fanout: Fanout) -> dict[str, Json]:
    """The fan-out without its targets and wishes."""
    return {
        "target_type": fanout.target_type,
        "groups": [[getattr(group, name) for name in _GROUP] for group in fanout.groups],
        "running": [[index, child.position, child.since] for index, child in fanout.running.items()],
        "counts": fanout.counts,
        "found_at": fanout.found_at,
    }


def fanout_from_json(value: dict[str, Json], found: Reply | None) -> Fanout:
    """As it was stored, with the reply of the effect that found the targets, if there was one. Raises NotUnderstood."""
    take_only_known(value, _MEMBERS, "fanout")
    if any(len(stored) != len(_GROUP) for stored in value["groups"]):
        raise NotUnderstood(f"fanout.groups with other members than {', '.join(_GROUP)}")
    return Fanout(
        target_type=value["target_type"],
        groups=[Group(**dict(zip(_GROUP, stored, strict=True))) for stored in value["groups"]],
        running={index: Child(position, since) for index, position, since in value["running"]},
        counts=value["counts"],
        found=found,
        found_at=value["found_at"],
    )
