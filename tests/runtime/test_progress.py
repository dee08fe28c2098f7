from __future__ import annotations

import asyncio

from runwright.runtime.progress import KEPT_CHARACTERS, MOST_STEPS, Progress


def test_the_last_of_what_a_step_says_is_kept() -> None:
    progress = Progress()
    for number in range(3000):
        progress.report("execution", "step", f"{number:99d}\n")
    said = progress.said("execution", "step")
    assert said.endswith("2999\n")
    assert len(said) == KEPT_CHARACTERS
    progress.report("execution", "step", "x" * 2 * KEPT_CHARACTERS)
    assert progress.said("execution", "step") == "x" * KEPT_CHARACTERS


def test_the_steps_that_spoke_longest_ago_are_forgotten() -> None:
    progress = Progress()
    for number in range(MOST_STEPS + 1):
        progress.report("execution", f"step{number}", "x")
    assert progress.said("execution", "step0") == ""
    assert progress.said("execution", "step1") == "x"


def test_a_watcher_hears_what_is_said_from_then_on() -> None:
    async def scenario() -> list[str]:
        progress = Progress()
        progress.report("execution", "step", "before")
        heard = []
        with progress.watch("execution", "step") as watch:
            progress.report("execution", "other", "elsewhere")
            progress.report("execution", "step", "one")
            progress.report("execution", "step", "two")
            async for text in watch:
                heard.append(text)
                if text == "two":
                    break
        progress.report("execution", "step", "after")
        return heard

    assert asyncio.run(scenario()) == ["one", "two"]
