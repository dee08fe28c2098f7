"""ISO-8601 durations and times, as aws:sleep takes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d{1,9})?)S)?)?",
    re.IGNORECASE,
)
_SECONDS = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


@lru_cache(maxsize=1024)
def seconds_of_duration(text: str) -> float:
    """The seconds that `PT10M` or `P1DT2H` lasts. Years and months have no fixed length and are refused: ValueError."""
    found = _DURATION.fullmatch(text.strip()) if len(text) <= 100 else None
    parts = {unit: value for unit, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise ValueError(f'"{text[:100]}" is no ISO-8601 duration; write for example PT10M, PT1H30M or P1D')
    return sum(float(value.replace(",", ".")) * _SECONDS[unit] for unit, value in parts.items())


def epoch_of_timestamp(text: str) -> float:
    """Seconds since the epoch of `2024-01-01T00:00:00Z`; a time without an offset is UTC (inferred). ValueError."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        example = "2024-01-31T08:00:00Z"
        raise ValueError(f'"{text[:100]}" is no ISO-8601 time; write for example {example}') from None
