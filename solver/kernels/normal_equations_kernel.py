"""Systems of normal equations that are added up from parts of the ratings, compiled.

    G = Σ φ φᵀ,    g = Σ φ e,    n,    Σ e²,        e = t − φ · c        over the ratings of a row

for every row of one side, with the features φ of what it rated, the targets t and the row's centre c: what
`solver.methods.ridge_regression` solves in one go, kept so that other processes, and other parts of the ratings, can add to it.
A system is a row of numbers: the upper triangle of G, then g, n and Σ e². The limit is that of `ridge_kernel`:
n_ratings · d² floating point operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from .parts.kernel_parts import EDITION, compiled
from .parts.ridge_parts import BLOCK, ROWS, add_products, aligned_features, feature_product, take_features
from .parts.vectors import LANES, load_vector, splat, store
from .parts.workers import Workers

if TYPE_CHECKING:
    from torch import Tensor

    from solver.core.pairs.by_row import ByRow

_FEWEST_PARTS = 64      # of about the same work, which threads share …
_ROWS_OF_PART = 64      # … of so many rows, about


def system_size(d: int) -> int:
    """How many numbers the system of `d` features is."""
    return d * (d + 1) // 2 + d + 2


@dataclass(frozen=True, eq=False)
class SystemPiece:
    """A part of the ratings: those of each row, the features of what was rated, as `aligned_features` gives them, and the `targets`
    (n_ratings,) in the order of the ratings."""

    ratings: ByRow
    features: Tensor
    targets: Tensor


def add_systems(pieces: Sequence[SystemPiece], centres: Tensor, systems: np.ndarray, workers: Workers) -> None:
    """Add to systems (n_rows, `system_size`) what the pieces say of each row, one piece after the other; `centres` (n_rows, d).

    Each row is added to by itself, so that the result does not depend on the number of threads; all pieces are added to a few rows before
    the next ones, whose systems would not stay in the cache else.
    """
    n, d = centres.shape
    centre, kernel = aligned_features(centres).numpy(), add_systems_kernel()
    cost = np.cumsum(np.sum([piece.ratings.counts for piece in pieces], 0) + 1)
    parts = max(_FEWEST_PARTS, n // _ROWS_OF_PART)
    bounds = np.searchsorted(cost, np.linspace(0, cost[-1], parts + 1), side="right").tolist()
    tables = [(piece.ratings.starts, piece.ratings.others.numpy(), piece.features.numpy(), piece.targets.numpy())
              for piece in pieces]
    width = centre.shape[1]

    def part(first: int, after: int) -> None:
        scratch = aligned_features(torch.zeros(BLOCK + width + 1, width, dtype=centres.dtype)).numpy()
        for number in range(first, after):
            for table in tables:
                kernel(bounds[number], bounds[number + 1], *table, centre, d, systems, scratch)

    workers.share(parts, part)


@cache
def add_systems_kernel():
    """The kernel for features of any width."""
    edition = EDITION

    @compiled
    def add_rows_systems(first, after, starts, others, features, targets, centres, d, systems, scratch):
        """Rows `first` to `after`. `scratch` is as wide as `features`, whose columns beyond `d` are 0."""
        edition
        width = features.shape[1]
        chunks = width // LANES
        x, a, b = scratch[:BLOCK], scratch[BLOCK:BLOCK + width], scratch[BLOCK + width:]
        for row in range(first, after):
            begin, n = starts[row], starts[row + 1] - starts[row]
            if n == 0:
                continue
            a[:] = 0
            b[:] = 0
            squares = targets[0] - targets[0]
            for block in range(begin, begin + n, BLOCK):
                held = min(BLOCK, begin + n - block)
                for j in range(held):
                    take_features(features, others, block + j, x, j)
                    error = targets[block + j] - feature_product(x, j, centres, row, 0, chunks)
                    squares += error * error
                    weight = splat(error)
                    for c in range(chunks):
                        store(b, 0, c, load_vector(b, 0, c) + weight * load_vector(x, j, c))
                for i in range(0, width, ROWS):
                    for c in range(i // LANES, chunks):
                        add_products(x, held, i, c, 1, a)
            place = 0
            for i in range(d):
                for j in range(i, d):
                    systems[row, place + j - i] += a[i, j]
                place += d - i
            for i in range(d):
                systems[row, place + i] += b[0, i]
            systems[row, place + d] += n
            systems[row, place + d + 1] += squares

    return add_rows_systems
