"""What one principal may send: each signature once, and so many requests a second. In memory, and bounded."""

from __future__ import annotations

from collections import OrderedDict

from runwright.errors import ServiceError

SAME_SECOND = 2.0
"""Seconds in which one address may send the same signature again.

Signatures have a resolution of a second, so a client that makes the same call twice within one signs it the same way.
"""

_MOST_SEEN = 1_000_000


class Replays:
    """Signatures seen until they are too old to be taken anyway. A restart forgets them."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, float, str]] = OrderedDict()

    def admit(self, signature: str, address: str, now: float, good_until: float) -> bool:
        """Whether the signature is new, or the same client's within the same moment."""
        while self._seen and (first := next(iter(self._seen.items())))[1][0] < now:
            del self._seen[first[0]]
        seen = self._seen.get(signature)
        if seen is not None:
            _, first_at, first_address = seen
            return address == first_address and now - first_at <= SAME_SECOND
        if len(self._seen) >= _MOST_SEEN:
            raise ServiceError("ThrottlingException", "Rate exceeded")
        self._seen[signature] = (good_until, now, address)
        return True


class Rates:
    """A bucket of one second's requests for each principal; 0 for no limit."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, arn: str, now: float) -> None:
        """Count one request. Raises ThrottlingException."""
        if not self._per_second:
            return
        left, since = self._buckets.get(arn, (float(self._per_second), now))
        left = min(float(self._per_second), left + max(0.0, now - since) * self._per_second)
        if left < 1:
            self._buckets[arn] = (left, now)
            raise ServiceError("ThrottlingException", "Rate exceeded")
        self._buckets[arn] = (left - 1, now)
