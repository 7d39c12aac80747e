"""Systems of normal equations that are added up from parts of the ratings, compiled.

    G = Σ φ φᵀ,    g = Σ φ e,    n,    Σ e²,        e = t − φ · c        over the ratings of a row

for every row of one side, with the features φ of what it rated, the targets t and the row's centre c: what
`solver.methods.ridge_regression` solves in one go, kept so that other processes, and other parts of the ratings, can add to it.
A system is a row of numbers: the upper triangle of G, then g, n and Σ e². The limit is that of `ridge_kernel`:
n_ratings · d² floating point operations.
"""

from __future__ import annotations

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

_PARTS = 64     # of about the same work, which threads share


def system_size(d: int) -> int:
    """How many numbers the system of `d` features is."""
    return d * (d + 1) // 2 + d + 2


def unpacked_systems(systems: Tensor, d: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(G (n, d, d), g (n, d), how many ratings (n,), Σ e² (n,)) of systems (n, `system_size`)."""
    gram = systems.new_empty(len(systems), d, d)
    upper = torch.triu_indices(d, d)
    triangle = systems[:, :upper.shape[1]]
    gram[:, upper[0], upper[1]] = triangle
    gram[:, upper[1], upper[0]] = triangle
    return gram, systems[:, -d - 2:-2], systems[:, -2], systems[:, -1]


class SystemAdder:
    """Adds the systems of given ratings to others. Each row is added to by itself, so that the result does not depend on the
    number of threads."""

    def __init__(self, ratings: ByRow, workers: Workers):
        self.ratings, self.workers = ratings, workers
        cost = np.cumsum(ratings.counts + 1)
        self.bounds = np.searchsorted(cost, np.linspace(0, cost[-1], _PARTS + 1), side="right").tolist()

    def add(self, features: Tensor, targets: Tensor, centres: Tensor, systems: np.ndarray) -> None:
        """Add to systems (n_rows, `system_size`) what these ratings say: `features` (n_others, d) of what was rated, `targets`
        (n_ratings,) in the order of the ratings, `centres` (n_rows, d)."""
        d, phi, centre = features.shape[1], aligned_features(features), aligned_features(centres)
        starts, others, t = self.ratings.starts, self.ratings.others.numpy(), targets.numpy()
        kernel = add_systems_kernel()

        def part(first: int, after: int) -> None:
            scratch = aligned_features(torch.zeros(BLOCK + phi.shape[1] + 1, phi.shape[1], dtype=phi.dtype)).numpy()
            kernel(self.bounds[first], self.bounds[after], starts, others, phi.numpy(), t, centre.numpy(), d, systems, scratch)

        self.workers.share(_PARTS, part)


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
                    systems[row, place] += a[i, j]
                    place += 1
            for i in range(d):
                systems[row, place + i] += b[0, i]
            systems[row, place + d] += n
            systems[row, place + d + 1] += squares

    return add_rows_systems
