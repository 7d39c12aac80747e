"""Parts of the kernels that make and solve small linear systems, a row's each.

Tables are aligned to 64 bytes and as wide as a multiple of 16; what is beyond the true number of features is 0. Both the products
that make a system and the steps that solve it are `add_products`: 8 × 16 results at a time, kept in registers. Here x are the
features of a row's ratings, a is the matrix of its system and b are its vectors: b[0] the inverse pivots, b[1] half-way results,
b[2 + s] right side s and b[2 + sides + s] its solution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .kernel_parts import AHEAD, inlined
from .vectors import LANES, load_vector, prefetch, splat, store, total

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 8      # of a block of results
BLOCK = 128   # ratings whose features are held at once: what the nearest cache takes


def aligned_features(rows: Tensor) -> Tensor:
    """A copy (n, d rounded up to a multiple of 16), aligned as torch aligns what it allocates."""
    n, d = rows.shape
    table = rows.new_empty(n, -(-d // LANES) * LANES)
    table[:, :d] = rows
    table[:, d:] = 0
    return table


@inlined
def take_features(features, others, rating, x, j):
    """x[j] = the features of a rating; those of a later one are asked for."""
    other, later = others[rating], others[min(rating + AHEAD, len(others) - 1)]
    for c in range(features.shape[1] // LANES):
        prefetch(features, later, c)
        store(x, j, c, load_vector(features, other, c))


@inlined
def feature_product(left, i, right, j, shift, chunks):
    """The dot product of left[i] and right[j], which begins at chunk `shift`."""
    product = load_vector(left, i, 0) * load_vector(right, j, shift)
    for c in range(1, chunks):
        product = product + load_vector(left, i, c) * load_vector(right, j, shift + c)
    return total(product)


@inlined
def add_products(x, n, i, c, sign, a):
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
def factorise(a, n, ridge, b):
    """A + ridge·I = UᵀU by Cholesky, the upper triangle in place; b[0] are the inverse pivots.

    Left of the diagonal, what shares a chunk with it takes part and means nothing.
    """
    chunks, one = (n + LANES - 1) // LANES, a.dtype.type(1)
    for d in range(n):
        a[d, d] += ridge
    for i in range(0, n, ROWS):
        for c in range(i // LANES, chunks):
            add_products(a, i, i, c, -1, a)
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
def substitute(a, n, b, s, sides):
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
