"""`solver.methods.weighted_regression` compiled for the CPU: ridge regressions whose ratings have weights, row after row.

What makes and solves a system is in `ridge_parts`; here a system begins with a matrix that all rows share, and may be solved
within x ≥ 0. The limit is n_ratings · d² + n_rows · d³/3 floating point operations.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from .parts.kernel_parts import EDITION, compiled, inlined
from .parts.ridge_parts import BLOCK, ROWS, add_products, aligned_features, factorise, feature_product, substitute, take_features
from .parts.vectors import LANES, load_vector, splat, store
from .parts.workers import Workers

if TYPE_CHECKING:
    from torch import Tensor

    from solver.core.pairs.by_row import ByRow

_PIECES = 256   # of about the same work, so that threads end together


class CompiledWeightedRidge:
    """`solver.methods.weighted_regression.WeightedRidge` on `threads` of the CPU. Every row is computed by itself, so that the
    result does not depend on their number. Within least values a row goes `sweeps` times over its features."""

    def __init__(self, ratings: ByRow, threads: int, *, sweeps: int):
        self.workers, self.sweeps = Workers(threads), sweeps
        self.starts, self.others = ratings.starts, ratings.others.numpy()
        cost = np.cumsum(ratings.counts + 24)  # a row's ratings, and what it costs to solve its system
        self.bounds = np.searchsorted(cost, np.linspace(0, cost[-1], _PIECES + 1), side="right").tolist()

    def solve(self, features: Tensor, targets: Tensor, weights: Tensor, own: Tensor, centres: Tensor | None, ridge: Tensor,
              shared: Tensor | None, least: Tensor | None) -> Tensor:
        d = features.shape[1]
        phi, out = aligned_features(features), aligned_features(own)
        width = phi.shape[1]
        matrix = aligned_features(torch.zeros(width, width, dtype=phi.dtype))
        if shared is not None:
            matrix[:d, :d] = shared
        pulled = aligned_features(torch.zeros_like(own) if centres is None else centres)
        bounds = np.full(width, -np.inf, phi.numpy().dtype) if least is None else np.pad(least.numpy(), (0, width - d))
        tables = (phi.numpy(), targets.numpy(), weights.sqrt().numpy(), pulled.numpy(), ridge.contiguous().numpy(), matrix.numpy(),
                  bounds, 0 if least is None else self.sweeps, out.numpy())
        kernel = weighted_ridge_kernel()

        def part(first: int, after: int) -> None:
            scratch = aligned_features(torch.zeros(max(BLOCK, width) + width + 4, width, dtype=phi.dtype)).numpy()
            kernel(self.bounds[first], self.bounds[after], self.starts, self.others, *tables, scratch)

        self.workers.share(_PIECES, part)
        return out[:, :d]


@cache
def weighted_ridge_kernel():
    """The kernel for tables of any width."""
    edition = EDITION

    @compiled
    def weighted_rows(first, after, starts, others, features, targets, roots, centres, ridge, shared, least, sweeps, out, scratch):
        """Rows `first` to `after`; `out` holds the present rows, and takes the results. `roots` are those of the weights; with
        `sweeps` above 0 a row goes so often over its features, each within its `least`. `scratch` is 0."""
        edition
        width = features.shape[1]
        chunks, end = width // LANES, scratch.shape[0] - 4
        x, a, b = scratch[:end - width], scratch[end - width:end], scratch[end:]
        for row in range(first, after):
            begin, n = starts[row], starts[row + 1] - starts[row]
            if n == 0:
                continue
            a[:] = shared
            b[:] = 0
            for block in range(begin, begin + n, BLOCK):
                held = min(BLOCK, begin + n - block)
                for j in range(held):
                    take_features(features, others, block + j, x, j)
                    root, target = splat(roots[block + j]), splat(roots[block + j] * targets[block + j])
                    for c in range(chunks):
                        scaled = load_vector(x, j, c) * root
                        store(x, j, c, scaled)
                        store(b, 2, c, load_vector(b, 2, c) + target * scaled)
                for i in range(0, width, ROWS):
                    for c in range(i // LANES, chunks):
                        add_products(x, held, i, c, 1, a)
            pull = splat(ridge[row])
            for c in range(chunks):
                store(b, 2, c, load_vector(b, 2, c) + pull * load_vector(centres, row, c))
            if sweeps:
                _within(row, width, ridge[row], least, sweeps, a, b, out)
            else:
                factorise(a, width, ridge[row], b)
                substitute(a, width, b, 0, 1)
                for c in range(chunks):
                    store(out, row, c, load_vector(b, 3, c))

    return weighted_rows


@inlined
def _within(row, width, ridge, least, sweeps, a, b, out):
    """min xᵀ(A + ρI)x − 2 bᵀx, x ≥ least, a feature at a time (Cichocki & Phan 2009), from the present row on."""
    chunks = width // LANES
    for i in range(width):
        for j in range(i):
            a[i, j] = a[j, i]
        a[i, i] += ridge
    for _ in range(sweeps):
        for f in range(width):
            slope = b[2, f] - feature_product(a, f, out, row, 0, chunks)
            out[row, f] = max(least[f], out[row, f] + slope / a[f, f])
