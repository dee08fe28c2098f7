"""A real server on a real file, killed while calls to a real backend are under way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runwright.runtime.simulated import start_simulated_aws
from tests.durability.killing import play


@pytest.fixture
def own_moto_url() -> Iterator[str]:
    """A moto server whose state is this test's alone."""
    server = start_simulated_aws()
    yield server.url
    server.close()


def test_a_loaded_server_that_is_killed_loses_nothing_and_repeats_nothing(
    own_moto_url: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    account = play(tmp_path / "data", own_moto_url, pytestconfig.getoption("kills"))

    print(account)
    assert account.acknowledged
    assert account.lost == []
    assert account.repeated == []
    assert account.missing == []
    assert account.unfinished == []
    assert account.unsuccessful == {}
    assert account.changed == []
