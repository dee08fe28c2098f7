"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runwright.runtime.simulated import start_simulated_aws


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much of what could go on for ever is played."""
    parser.addoption("--kills", type=int, default=4, help="how often the loaded server is killed (tests/durability)")
    parser.addoption("--seed", type=int, default=0, help="the first seed of the simulation (tests/simulation)")
    parser.addoption("--seeds", type=int, default=None, help="how many seeds of each kind the simulation plays")


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The endpoint of a moto server that lives as long as the test session; its state is shared by all tests."""
    server = start_simulated_aws()
    yield server.url
    server.close()
