"""How often one user may ask: so many times a second, and more at once after a while of asking little."""

from __future__ import annotations

import time
from collections.abc import Callable

_BURST = 10         # seconds' worth of requests that may come at once
_REMEMBERED = 10_000


class RequestRates:
    """Counts the requests of each user. `per_second` requests flow in; who has used up what flowed in is refused."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic):
        self._per_second, self._clock = per_second, clock
        self._left: dict[str, tuple[float, float]] = {}     # user -> what was left, and when

    def take(self, who: str) -> bool:
        """Whether a request more is allowed, which then counts."""
        now, full = self._clock(), self._per_second * _BURST
        left, when = self._left.get(who, (full, now))
        left = min(full, left + (now - when) * self._per_second)
        if len(self._left) >= _REMEMBERED and who not in self._left:
            self._left.clear()
        self._left[who] = (max(0.0, left - 1), now)
        return left >= 1
