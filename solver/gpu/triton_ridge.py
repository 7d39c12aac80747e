"""The regressions of `methods.ridge_regression` on a CUDA GPU, in float32: batches of rows through `ridge_kernels`.

The limit, d features: a sweep over one side reads n · (4d + 4 + 4s) bytes and multiplies n · 2d² numbers. For 100 million ratings
and d = 65 that is 27 GB, most of it from the L2 cache, and 0.85 TFLOP. Normal equations in between are 17 kB a row, written and
read again.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from solver.core.pairs.by_row import ByRow

from .ridge_kernels import BESIDE, normal_equations, solve_rows

MOST_FEATURES = 129     # a square of 128 fills the registers
STRETCH = 4096          # ratings of one program at most: the busiest rows are shared out
RATINGS_AT_ONCE = 32    # ratings that are multiplied at once
TOGETHER = 2**15        # stretches whose normal equations are held at once
PRECISION = "tf32x3"    # of the squares: three products of tf32, which is float32 but for the last bits
TOLERANCE = 1e-6        # of the residual, at which a system counts as solved
MOST_GRADIENTS = 512    # steps of conjugate gradients


def has_kernels_for(ratings: ByRow, d: int) -> bool:
    """Whether these regressions, on d features, are for the kernels."""
    return ratings.values.is_cuda and ratings.values.dtype == torch.float32 and 16 <= d <= MOST_FEATURES


class TritonRidge:
    """`solver.methods.ridge_regression.Ridge` on a GPU. Rows with many ratings come first, so that no long one is the last."""

    def __init__(self, ratings: ByRow, *, precision: str = PRECISION, stretch: int = STRETCH, together: int = TOGETHER):
        self.ratings, self.precision, self.device = ratings, precision, ratings.values.device
        self.batches = [_Batch.of(ratings, rows, stretch, self.device) for rows in _shares(ratings.counts, stretch, together)]
        self.held = max((batch.stretches for batch in self.batches), default=0)

    def solve(self, features: Tensor, targets: Tensor, centres: Tensor, ridge: Tensor) -> Tensor:
        (sides, n), d = targets.shape, features.shape[1]
        main, with_border = square_of(d)
        wide = features.new_zeros(len(features), main)
        wide[:, :min(d, main)] = features[:, :main]
        border = features[:, main].contiguous() if with_border else wide
        out = centres.new_zeros(len(centres), sides, main + with_border)
        out[:, :, :d] = centres
        squares = wide.new_empty(self.held, main, main)
        beside = wide.new_empty(self.held, main + 1, BESIDE.value)
        targets, ridge = targets.contiguous(), ridge.contiguous()
        warps = 4 if main <= 64 else 8
        for batch in self.batches:
            normal_equations[(batch.stretches,)](wide, border, self.ratings.others, targets, n, batch.begins, batch.ends, squares,
                                                 beside, MAIN=main, BORDER=with_border, SIDES=sides, STEP=RATINGS_AT_ONCE,
                                                 PRECISION=self.precision, num_warps=warps, num_stages=3)
            solve_rows[(len(batch.rows),)](squares, beside, batch.starts, batch.rows, ridge, out, TOLERANCE, MAIN=main,
                                           BORDER=with_border, SIDES=sides, MOST=MOST_GRADIENTS, num_warps=warps)
        return out[:, :, :d]


def square_of(d: int) -> tuple[int, int]:
    """(MAIN, whether there is a border) for d features."""
    power = 1 << (d.bit_length() - 1)
    return (power, d - power) if d - power <= 1 else (2 * power, 0)


class _Batch:
    """Rows, and the stretches of ratings that their normal equations are added up from."""

    def __init__(self, rows: np.ndarray, starts: np.ndarray, begins: np.ndarray, ends: np.ndarray, device: torch.device):
        self.stretches = len(begins)
        self.rows, self.starts, self.begins, self.ends = (
            torch.as_tensor(array.astype(np.int32), device=device) for array in (rows, starts, begins, ends))

    @classmethod
    def of(cls, ratings: ByRow, rows: np.ndarray, stretch: int, device: torch.device) -> _Batch:
        each = -(-ratings.counts[rows] // stretch)
        starts = np.concatenate([[0], np.cumsum(each)])
        of_row = np.repeat(np.arange(len(rows)), each)
        begins = ratings.starts[:-1][rows][of_row] + stretch * (np.arange(starts[-1]) - starts[:-1][of_row])
        return cls(rows, starts, begins, np.minimum(begins + stretch, ratings.starts[1:][rows][of_row]), device)


def _shares(counts: np.ndarray, stretch: int, together: int) -> list[np.ndarray]:
    """The rows that have ratings, the busiest first, so many at once that their stretches are `together` at most, or one row."""
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    ends = np.cumsum(-(-counts[order] // stretch))
    shares, first, done = [], 0, 0
    while first < len(order):
        last = max(first + 1, int(np.searchsorted(ends, done + together, side="right")))
        shares.append(order[first:last])
        first, done = last, int(ends[last - 1])
    return shares
