from __future__ import annotations

import pytest

from runwright.interpreter.rulings import timeout_text


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(30 * 86_400.0, "2592000"), (1_234_567.0, "1234567"), (2.0**31 - 1, "2147483647"), (1.5, "1.5"), (1.0000002, "1")],
)
def test_the_seconds_of_a_timeout_are_written_out(seconds: float, written: str) -> None:
    assert f"It had {written} seconds." in timeout_text("Execute/Cancelling action", seconds)
