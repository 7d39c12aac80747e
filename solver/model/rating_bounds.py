"""The range of a bounded model, where none is given."""

from __future__ import annotations

import numpy as np


def default_bounds(values: np.ndarray) -> tuple[float, float]:
    """The range of a bounded model: the ratings' own, widened by one step of their scale.

    A sigmoid only approaches its ends, so the best rating must lie inside. The step is the
    smallest gap between two ratings, kept between 1/50 and 1/8 of their range: half stars from
    0.5 to 5 give (0, 5.5), the lesson's choice.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low - 0.5, high + 0.5
    gap = float(np.diff(np.unique(values)).min())
    step = min(max(gap, (high - low) / 50), (high - low) / 8)
    return low - step, high + step
