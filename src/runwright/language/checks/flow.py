"""Checks where steps lead: names are used once, targets exist where they can be reached, and nothing runs in a circle.

nextStep, NextStep and Default stay in their own list of steps. onCancel and onFailure may name a step around the loop:
AWS's own runbooks leave a failing loop that way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from runwright.language.draft import Draft, WrittenStep
from runwright.language.fields import meant, one_of
from runwright.language.findings import Findings
from runwright.language.places import Path

NOT_WHILE_CANCELLING = frozenset(
    {
        "aws:approve",
        "aws:copyImage",
        "aws:createImage",
        "aws:createStack",
        "aws:createTags",
        "aws:pause",
        "aws:runInstances",
        "aws:sleep",
    }
)
"""Actions that may not be what onCancel leads to: they take longer than the two minutes there are."""


class Jump(NamedTuple):
    """Where a step may lead, and the property that says so (none: the next in the list)."""

    target: str
    written: Path
    may_leave_loop: bool = False


def check(draft: Draft, findings: Findings) -> None:
    """Note all that is wrong with names, targets and circles."""
    _check_names(draft, findings)
    for each in draft.steps:
        _check_jumps(draft, each, findings)
    frames = dict.fromkeys(each.loops for each in draft.steps)
    for loops in frames:
        _check_circles(draft, loops, findings)


def _check_names(draft: Draft, findings: Findings) -> None:
    for each in draft.steps:
        first = draft.by_name[each.step.name]
        if each.step.name and first is not each:
            text = f'the name "{each.step.name}" is used by another step already; each step needs a name of its own'
            findings.error("duplicate-step", (*each.path, "name"), text)


def jumps(each: WrittenStep) -> Iterator[Jump]:
    """All steps that may come after this one, a cancellation aside."""
    step = each.step
    for index, choice in enumerate(step.choices):
        yield Jump(choice.next_step, ("inputs", "Choices", index, "NextStep"))
    if step.default is not None:
        yield Jump(step.default, ("inputs", "Default"))
    elif not step.is_end:
        if step.next_step is not None:
            yield Jump(step.next_step, ("nextStep",))
        elif step.following is not None:
            yield Jump(step.following, ())
    if step.on_failure.startswith("step:"):
        yield Jump(step.on_failure[5:], ("onFailure",), may_leave_loop=True)


def _check_jumps(draft: Draft, each: WrittenStep, findings: Findings) -> None:
    step = each.step
    written = [jump for jump in jumps(each) if jump.written and jump.target]
    if step.next_step is not None and Jump(step.next_step, ("nextStep",)) not in written:
        written.append(Jump(step.next_step, ("nextStep",)))
    for jump in written:
        _check_target(draft, each, jump, findings)
    if step.on_cancel.startswith("step:"):
        target = step.on_cancel[5:]
        _check_target(draft, each, Jump(target, ("onCancel",), may_leave_loop=True), findings)
        if target in draft.by_name and draft.by_name[target].step.action in NOT_WHILE_CANCELLING:
            action = draft.by_name[target].step.action
            text = f'onCancel cannot lead to "{target}": {action} cannot run while an execution is being cancelled'
            findings.error("bad-cancel-target", (*each.path, "onCancel"), text)


def _check_target(draft: Draft, each: WrittenStep, jump: Jump, findings: Findings) -> None:
    path, key = (*each.path, *jump.written), str(jump.written[-1])
    found = draft.by_name.get(jump.target)
    if found is None:
        near = [other.step.name for other in draft.frame(each.loops)]
        text = f'{key} of step "{each.step.name}" names no step: "{jump.target}"{meant(jump.target, near)}'
        findings.error("unknown-step", path, text)
    elif found.loops != each.loops and not (jump.may_leave_loop and found.loops == each.loops[: len(found.loops)]):
        where = f'in the loop "{found.loops[-1]}"' if found.loops else "in mainSteps"
        near = [other.step.name for other in draft.frame(each.loops)]
        text = f'{key} of step "{each.step.name}" cannot be "{jump.target}", which stands {where}'
        findings.error("unreachable-target", path, f"{text}; it can be {one_of(near)}")
    elif found.loops != each.loops and key == "onFailure":
        text = f'the step "{jump.target}" stands outside of the loop "{each.loops[-1]}": going there ends the loop'
        findings.warning("leaves-loop", path, text)


# ------------------------------------------------------------------------------------------------------ circles


class _Edge(NamedTuple):
    target: Path
    written: Path


def _edges(draft: Draft, loops: tuple[str, ...]) -> dict[Path, list[_Edge]]:
    """Which steps of one list lead to which, by their paths; a loop with all that leaves it is one step."""
    frame = draft.frame(loops)
    following = {each.path: after.path for each, after in pairwise(frame)}
    by_name: dict[str, Path] = {}
    for each in frame:
        by_name.setdefault(each.step.name, each.path)
    edges: dict[Path, list[_Edge]] = {each.path: [] for each in frame}
    for each in draft.steps:
        if each.loops[: len(loops)] != loops:
            continue
        inside = each.loops != loops
        origin = by_name[each.loops[len(loops)]] if inside else each.path
        for jump in jumps(each):
            if inside and not jump.may_leave_loop:
                continue
            target = by_name.get(jump.target) if jump.written else following.get(each.path)
            if target is not None:
                edges[origin].append(_Edge(target, (*each.path, *jump.written)))
    return edges


def _check_circles(draft: Draft, loops: tuple[str, ...], findings: Findings) -> None:
    """Walk all ways from each step, without recursion, and note each that comes back to a step it came from."""
    edges = _edges(draft, loops)
    names = {each.path: each.step.name for each in draft.frame(loops)}
    done: set[Path] = set()
    for start in edges:
        if start in done:
            continue
        trail = {start: iter(edges[start])}
        while trail:
            last = next(reversed(trail))
            edge = next(trail[last], None)
            if edge is None:
                done.add(last)
                del trail[last]
            elif edge.target in trail:
                ways = list(trail)
                circle = [names[each] for each in (*ways[ways.index(edge.target) :], edge.target)]
                trace = " -> ".join(circle)
                text = f"the flow runs in a circle (circle trace: {trace}); repeat steps with aws:loop instead"
                findings.error("circle", edge.written, text)
            elif edge.target not in done:
                trail[edge.target] = iter(edges[edge.target])
