"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runwright.runtime.simulated import start_simulated_aws


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The endpoint of a moto server that lives as long as the test session; its state is shared by all tests."""
    server = start_simulated_aws()
    yield server.url
    server.close()
