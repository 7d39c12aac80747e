"""RMSE of ratings held out, from a packed table."""

from __future__ import annotations

import math

import numpy as np

from solver.data.ratings import Ratings
from solver.kernels.parts.packed import LANES, Packed
from solver.kernels.parts.target import Target
from solver.model.models import Bounds

_BLOCK = 1 << 16  # ratings summed by one thread at a time; sums are added in order, whoever made them


class PackedJudge:
    """Holds the ratings ready: sorted by user, as row numbers, in the table's precision."""

    def __init__(self, ratings: Ratings, packed: Packed, target: Target, *, kernels, clip: Bounds, workers):
        order = np.argsort(ratings.user_index, kind="stable")  # a user's row is then loaded once
        self.users, self.items, self.ratings = packed.rows_of(ratings, order)
        self.kernel = kernels.predict_kernel(packed.width // LANES, target.link)
        self.packed, self.target, self.workers = packed, target, workers
        self.edges = np.append(np.arange(0, len(order), _BLOCK), len(order))
        number = packed.table.dtype.type
        self.constants = [number(x) for x in (packed.like.offset, target.low, target.span,
                                              *(clip or (-math.inf, math.inf)))]

    def rmse(self) -> float:
        sums = np.zeros(len(self.edges) - 1)
        self.workers.share(len(sums), lambda first, after: self.kernel(
            self.users, self.items, self.ratings, self.edges, first, after, self.packed.table, *self.constants, sums))
        return math.sqrt(sums.sum() / len(self.ratings))
