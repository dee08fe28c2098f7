from __future__ import annotations

import pytest

from runwright.language.durations import epoch_of_timestamp, seconds_of_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT10M", 600),
        ("P1D", 86400),
        ("P1DT2H3M4S", 93784),
        ("PT0.5S", 0.5),
        ("PT600S", 600),
        ("pt1h30m", 5400),
        ("P2W", 1209600),
        ("PT0S", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "10", "PT-5S", "-PT5S", "P1Y", "P1M", "PT5", "PT1H1H", "P1DT", "1h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="PT10M"):
        seconds_of_duration(text)


def test_timestamps_without_an_offset_are_utc() -> None:
    assert epoch_of_timestamp("2024-01-01T00:00:00Z") == 1704067200
    assert epoch_of_timestamp("2024-01-01T02:00:00+02:00") == 1704067200
    assert epoch_of_timestamp("2024-01-01T00:00:00.5") == 1704067200.5


def test_what_is_no_timestamp_is_refused() -> None:
    with pytest.raises(ValueError, match="2024-01-31T08:00:00Z"):
        epoch_of_timestamp("tomorrow")
