"""How often one user may ask: a number of times a second, and more at once after a quiet while."""

from __future__ import annotations

import time
from collections.abc import Callable

_BURST = 10         # the requests of this many seconds may come at once
_REMEMBERED = 10_000


class RequestRates:
    """Counts the requests of each user. Every second a user may make `per_second` more of them; one who has none left is refused."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic):
        self._per_second, self._clock = per_second, clock
        self._left: dict[str, tuple[float, float]] = {}     # user -> what was left, and when

    def take(self, who: str) -> bool:
        """Whether the user may make one more request; if so, it is counted."""
        now, full = self._clock(), self._per_second * _BURST
        left, when = self._left.get(who, (full, now))
        left = min(full, left + (now - when) * self._per_second)
        if len(self._left) >= _REMEMBERED and who not in self._left:
            self._left.clear()
        self._left[who] = (max(0.0, left - 1), now)
        return left >= 1
