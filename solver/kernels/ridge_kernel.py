"""`solver.methods.ridge_regression` compiled for the CPU: a small linear system for every row, one after the other.

What makes and solves a system is in `ridge_parts`. The limit is n_ratings · d² + n_rows · d³/3 floating
point operations, where all rows have at least d ratings, as fast as the machine multiplies.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from .parts.kernel_parts import EDITION, compiled, inlined
from .parts.ridge_parts import (
    BLOCK,
    ROWS,
    add_products,
    aligned_features,
    factorise,
    feature_product,
    substitute,
    take_features,
)
from .parts.vectors import LANES, load_vector, splat, store
from .parts.workers import Workers

if TYPE_CHECKING:
    from torch import Tensor

    from solver.core.pairs.by_row import ByRow

PARTS = 256   # of about the same work, so that threads end together


class CompiledRidge:
    """`solver.methods.ridge_regression.Ridge` on the CPU, on `threads` of it.

    Every row is computed by itself, so that the result does not depend on their number.
    """

    def __init__(self, ratings: ByRow, threads: int):
        self.workers = Workers(threads)
        self.starts, self.others = ratings.starts, ratings.others.numpy()
        cost = np.cumsum(ratings.counts + 8)  # a row's ratings, and what it costs without any
        self.bounds = np.searchsorted(cost, np.linspace(0, cost[-1], PARTS + 1), side="right").tolist()

    def solve(self, features: Tensor, targets: Tensor, centres: Tensor, ridge: Tensor) -> Tensor:
        n, sides, d = centres.shape
        phi, out = aligned_features(features), aligned_features(centres.reshape(n * sides, d))
        width = phi.shape[1]
        tables = phi.numpy(), targets.numpy(), ridge.contiguous().numpy(), out.view(n, sides * width).numpy()

        kernel = ridge_kernel()

        def part(first: int, after: int) -> None:
            scratch = torch.zeros(max(BLOCK, width) + width + 2 + 2 * sides, width, dtype=phi.dtype).numpy()
            kernel(self.bounds[first], self.bounds[after], self.starts, self.others, *tables, scratch)

        self.workers.share(PARTS, part)
        return out.view(n, sides, width)[:, :, :d]


@cache
def ridge_kernel():
    """The kernel for tables of any width."""
    edition = EDITION

    @compiled
    def ridge_rows(first, after, starts, others, features, targets, ridge, out, scratch):
        """Rows `first` to `after`; a row of `out` holds the centres, a stretch of features for each right
        side, and takes the results. `scratch` is as wide as `features` and 0."""
        edition
        width, sides = features.shape[1], targets.shape[0]
        end = scratch.shape[0] - 2 - 2 * sides
        x, a, b = scratch[:end - width], scratch[end - width:end], scratch[end:]
        for row in range(first, after):
            begin, n = starts[row], starts[row + 1] - starts[row]
            if n == 0:
                continue
            if n < width:
                _few(row, begin, n, others, features, targets, ridge[row], x, a, b, out)
            else:
                _many(row, begin, n, others, features, targets, ridge[row], x, a, b, out)

    return ridge_rows


@inlined
def _few(row, begin, n, others, features, targets, ridge, x, a, b, out):
    """Fewer ratings than features: z = c + Φᵀ (ΦΦᵀ + ρI)⁻¹ (t − Φc), a system of n × n."""
    chunks, sides = features.shape[1] // LANES, targets.shape[0]
    size = (n + ROWS - 1) // ROWS * ROWS
    b[2:] = 0
    for j in range(n):
        take_features(features, others, begin + j, x, j)
        for s in range(sides):
            b[2 + s, j] = targets[s, begin + j] - feature_product(x, j, out, row, s * chunks, chunks)
    for i in range(size):
        a[i, :(size + LANES - 1) // LANES * LANES] = 0
        for j in range(i, n):
            a[i, j] = feature_product(x, i, x, j, 0, chunks)
    factorise(a, size, ridge, b)
    for s in range(sides):
        substitute(a, size, b, s, sides)
        for j in range(n):
            weight = splat(b[2 + sides + s, j])
            for c in range(chunks):
                store(out, row, s * chunks + c, load_vector(out, row, s * chunks + c) + weight * load_vector(x, j, c))


@inlined
def _many(row, begin, n, others, features, targets, ridge, x, a, b, out):
    """z = c + (ΦᵀΦ + ρI)⁻¹ Φᵀ(t − Φc), a system of width × width."""
    width, sides = features.shape[1], targets.shape[0]
    chunks = width // LANES
    a[:] = 0
    b[2:] = 0
    for block in range(begin, begin + n, BLOCK):
        held = min(BLOCK, begin + n - block)
        for j in range(held):
            take_features(features, others, block + j, x, j)
            for s in range(sides):
                error = splat(targets[s, block + j] - feature_product(x, j, out, row, s * chunks, chunks))
                for c in range(chunks):
                    store(b, 2 + s, c, load_vector(b, 2 + s, c) + error * load_vector(x, j, c))
        for i in range(0, width, ROWS):
            for c in range(i // LANES, chunks):
                add_products(x, held, i, c, 1, a)
    factorise(a, width, ridge, b)
    for s in range(sides):
        substitute(a, width, b, s, sides)
        for c in range(chunks):
            store(out, row, s * chunks + c, load_vector(out, row, s * chunks + c) + load_vector(b, 2 + sides + s, c))
