"""Which ratings lie apart from all others, as slips of the keyboard do."""

from __future__ import annotations

import numpy as np

_FEWEST, _MOST = 20, 1_000_000    # ratings between which they are sorted to see it: fewer tell no scale, more take seconds


def off_scale(values: np.ndarray) -> np.ndarray:
    """(n,) bool: the few ratings that lie beyond the range of all others by more than its width, or are alone below 0.

    On either side they are one rating, or one in a hundred at most; where there are more, they are part of the scale.
    """
    apart = np.zeros(len(values), dtype=bool)
    few = max(1, len(values) // 100)
    if 0 < (values < 0).sum() <= few and len(values) > 1:
        apart |= values < 0
    if _FEWEST <= len(values) <= _MOST:
        apart |= _far_above(values, few) | _far_above(-values, few)
    return apart


def _far_above(values: np.ndarray, few: int) -> np.ndarray:
    ordered = np.sort(values)
    tops, below = ordered[-few:], ordered[-few - 1:-1]
    widths = below - ordered[0]
    found = np.flatnonzero((widths > 0) & (tops - below > widths))
    return values >= tops[found[0]] if len(found) else np.zeros(len(values), dtype=bool)
