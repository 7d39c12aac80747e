"""`solver.methods.ridge_regression` compiled for the CPU: a small linear system for every row, one after the other.

Tables are aligned to 64 bytes and as wide as a multiple of 16; what is beyond the true number of
features is 0. Both the products that make a system and the steps that solve it are `_add_products`:
8 × 16 results at a time, kept in registers. The limit is n_ratings · d² + n_rows · d³/3 floating
point operations, where all rows have at least d ratings, as fast as the machine multiplies.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from .kernel_parts import AHEAD, EDITION, compiled, inlined
from .vectors import LANES, load_vector, prefetch, splat, store, total
from .workers import Workers

if TYPE_CHECKING:
    from torch import Tensor

    from solver.core.by_row import ByRow

ROWS = 8      # of a block of results
BLOCK = 128   # ratings whose features are held at once: what the nearest cache takes
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
        phi, out = _table(features), _table(centres.reshape(n * sides, d))
        width = phi.shape[1]
        tables = phi.numpy(), targets.numpy(), ridge.contiguous().numpy(), out.view(n, sides * width).numpy()

        kernel = ridge_kernel()

        def part(first: int, after: int) -> None:
            scratch = torch.zeros(max(BLOCK, width) + width + 2 + 2 * sides, width, dtype=phi.dtype).numpy()
            kernel(self.bounds[first], self.bounds[after], self.starts, self.others, *tables, scratch)

        self.workers.share(PARTS, part)
        return out.view(n, sides, width)[:, :, :d]


def _table(rows: Tensor) -> Tensor:
    """A copy (n, d rounded up to a multiple of 16), aligned as torch aligns what it allocates."""
    n, d = rows.shape
    table = rows.new_empty(n, -(-d // LANES) * LANES)
    table[:, :d] = rows
    table[:, d:] = 0
    return table


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


# In what follows x are the features of a row's ratings, a the matrix of its system and b its vectors:
# b[0] the inverse pivots, b[1] half-way results, b[2 + s] right side s and b[2 + sides + s] its solution.

@inlined
def _few(row, begin, n, others, features, targets, ridge, x, a, b, out):
    """Fewer ratings than features: z = c + Φᵀ (ΦΦᵀ + ρI)⁻¹ (t − Φc), a system of n × n."""
    chunks, sides = features.shape[1] // LANES, targets.shape[0]
    size = (n + ROWS - 1) // ROWS * ROWS
    b[2:] = 0
    for j in range(n):
        _take(features, others, begin + j, x, j)
        for s in range(sides):
            b[2 + s, j] = targets[s, begin + j] - _product(x, j, out, row, s * chunks, chunks)
    for i in range(size):
        a[i, :(size + LANES - 1) // LANES * LANES] = 0
        for j in range(i, n):
            a[i, j] = _product(x, i, x, j, 0, chunks)
    _factorise(a, size, ridge, b)
    for s in range(sides):
        _substitute(a, size, b, s, sides)
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
            _take(features, others, block + j, x, j)
            for s in range(sides):
                error = splat(targets[s, block + j] - _product(x, j, out, row, s * chunks, chunks))
                for c in range(chunks):
                    store(b, 2 + s, c, load_vector(b, 2 + s, c) + error * load_vector(x, j, c))
        for i in range(0, width, ROWS):
            for c in range(i // LANES, chunks):
                _add_products(x, held, i, c, 1, a)
    _factorise(a, width, ridge, b)
    for s in range(sides):
        _substitute(a, width, b, s, sides)
        for c in range(chunks):
            store(out, row, s * chunks + c, load_vector(out, row, s * chunks + c) + load_vector(b, 2 + sides + s, c))


@inlined
def _take(features, others, rating, x, j):
    """x[j] = the features of a rating; those of a later one are asked for."""
    other, later = others[rating], others[min(rating + AHEAD, len(others) - 1)]
    for c in range(features.shape[1] // LANES):
        prefetch(features, later, c)
        store(x, j, c, load_vector(features, other, c))


@inlined
def _product(left, i, right, j, shift, chunks):
    """The dot product of left[i] and right[j], which begins at chunk `shift`."""
    product = load_vector(left, i, 0) * load_vector(right, j, shift)
    for c in range(1, chunks):
        product = product + load_vector(left, i, c) * load_vector(right, j, shift + c)
    return total(product)


@inlined
def _add_products(x, n, i, c, sign, a):
    """a[i : i + 8, chunk c] += sign · Σ_{j < n} x[j, i : i + 8]ᵀ x[j, chunk c]."""
    zero = splat(x[0, 0] - x[0, 0])
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zero
    for j in range(n):
        y = load_vector(x, j, c)
        s0 = s0 + splat(x[j, i]) * y
        s1 = s1 + splat(x[j, i + 1]) * y
        s2 = s2 + splat(x[j, i + 2]) * y
        s3 = s3 + splat(x[j, i + 3]) * y
        s4 = s4 + splat(x[j, i + 4]) * y
        s5 = s5 + splat(x[j, i + 5]) * y
        s6 = s6 + splat(x[j, i + 6]) * y
        s7 = s7 + splat(x[j, i + 7]) * y
    plus = splat(x.dtype.type(sign))
    store(a, i, c, load_vector(a, i, c) + plus * s0)
    store(a, i + 1, c, load_vector(a, i + 1, c) + plus * s1)
    store(a, i + 2, c, load_vector(a, i + 2, c) + plus * s2)
    store(a, i + 3, c, load_vector(a, i + 3, c) + plus * s3)
    store(a, i + 4, c, load_vector(a, i + 4, c) + plus * s4)
    store(a, i + 5, c, load_vector(a, i + 5, c) + plus * s5)
    store(a, i + 6, c, load_vector(a, i + 6, c) + plus * s6)
    store(a, i + 7, c, load_vector(a, i + 7, c) + plus * s7)


@inlined
def _factorise(a, n, ridge, b):
    """A + ridge·I = UᵀU by Cholesky, the upper triangle in place; b[0] are the inverse pivots.

    Left of the diagonal, what shares a chunk with it takes part and means nothing.
    """
    chunks, one = (n + LANES - 1) // LANES, a.dtype.type(1)
    for d in range(n):
        a[d, d] += ridge
    for i in range(0, n, ROWS):
        for c in range(i // LANES, chunks):
            _add_products(a, i, i, c, -1, a)
        for p in range(i, i + ROWS):
            b[0, p] = one / np.sqrt(a[p, p])
            scale = splat(b[0, p])
            for c in range(i // LANES, chunks):
                store(a, p, c, load_vector(a, p, c) * scale)
            for r in range(p + 1, i + ROWS):
                factor = splat(a[p, r])
                for c in range(i // LANES, chunks):
                    store(a, r, c, load_vector(a, r, c) - factor * load_vector(a, p, c))


@inlined
def _substitute(a, n, b, s, sides):
    """Solve UᵀU z = b[2 + s] into b[2 + sides + s], which is 0 before."""
    chunks, right, solution = (n + LANES - 1) // LANES, 2 + s, 2 + sides + s
    for r in range(n):                     # Uᵀ y = b
        b[1, r] = b[right, r] * b[0, r]
        value = splat(b[1, r])
        for c in range(r // LANES, chunks):
            store(b, right, c, load_vector(b, right, c) - value * load_vector(a, r, c))
    for r in range(n - 1, -1, -1):         # U z = y; up to r, z is still 0
        known = load_vector(a, r, r // LANES) * load_vector(b, solution, r // LANES)
        for c in range(r // LANES + 1, chunks):
            known = known + load_vector(a, r, c) * load_vector(b, solution, c)
        b[solution, r] = (b[1, r] - total(known)) * b[0, r]
