"""Rows of about as many ratings together, so that their small systems of equations are solved at once."""

from __future__ import annotations

import numpy as np


def groups(starts: np.ndarray, *, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows with ratings in groups: (rows (r,), places of their ratings (r, n)), int64.

    Where a row has fewer than n ratings, the place is one after the last rating. No more than a
    quarter of a long row is padding, and a group has `most` places at most, or a single row.
    """
    counts, nowhere = np.diff(starts), int(starts[-1])
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    ascending, found, first = counts[order], [], 0
    while first < len(order):
        longest = max(8, ascending[first] + ascending[first] // 4)
        last = int(np.searchsorted(ascending, longest, side="right"))
        last = min(last, first + max(1, most // int(longest)))
        rows = order[first:last]
        within = np.arange(ascending[last - 1])
        places = np.where(within < counts[rows][:, None], starts[rows][:, None] + within, nowhere)
        found.append((rows, places))
        first = last
    return found
