"""A stage for each tier; a machine that lacks one says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from runwright.runtime.sandbox.tiers import REFUSED
from tests.sandbox.stage import TIERS, Stage


@pytest.fixture(scope="module", params=TIERS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        stage = Stage(runner, request.param)
        ladder = runner.run(stage.scripts.ladder())
        if ladder.tier == REFUSED:
            pytest.skip(f"no {request.param} on this machine: {dict(ladder.facts)}")
        yield stage
        stage.scripts.close()
