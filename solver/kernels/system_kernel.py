"""Solutions of the systems that `normal_equations_kernel` adds up, compiled, and draws around them.

    s = (G + ρI)⁻¹ g,    r = s + σ·U⁻¹ε,  with G + ρI = UᵀU,    Σ (e − φ·r)² = Σ e² − 2 r·g + |U r|² − ρ|r|²

for every row, with its ridge ρ: with ε ~ N(0, I), r is a draw around s whose covariance is σ²(G + ρI)⁻¹. The limit is
n_rows · d³/3 floating point operations.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from .parts.kernel_parts import EDITION, compiled
from .parts.ridge_parts import aligned_features, factorise, substitute
from .parts.workers import Workers

_PARTS = 64     # which threads share


def solved_systems(systems: np.ndarray, d: int, ridge: Tensor, workers: Workers, *, noise: Tensor | None = None,
                   sigma: float = 0.0) -> tuple[Tensor, Tensor, np.ndarray]:
    """(s (n, d), r (n, d), the squared error of each row's ratings at r (n,) float64) of systems (n, `system_size`), with
    `ridge` ρ > 0 (n,) and `noise` ε (n, d); without it r is s. A row's result does not depend on the threads."""
    n = len(systems)
    strayed = aligned_features(ridge.new_zeros(n, d) if noise is None else noise)
    solved, squares = torch.zeros_like(strayed), np.empty(n)
    tables = systems, ridge.contiguous().numpy(), strayed.numpy(), solved.numpy()
    width, kernel = strayed.shape[1], solve_systems_kernel()

    def part(first: int, after: int) -> None:
        scratch = aligned_features(ridge.new_zeros(width + 4, width)).numpy()
        kernel(n * first // _PARTS, n * after // _PARTS, *tables, d, strayed.numpy().dtype.type(sigma), squares, scratch)

    workers.share(_PARTS, part)
    return solved[:, :d], strayed[:, :d], squares


@cache
def solve_systems_kernel():
    """The kernel for systems of any size."""
    edition = EDITION

    @compiled
    def solve_rows_systems(first, after, systems, ridge, strayed, solved, d, sigma, squares, scratch):
        """Rows `first` to `after`. `strayed` holds ε and takes r. `scratch` is as wide as these, and 0."""
        edition
        width = strayed.shape[1]
        a, b = scratch[:width], scratch[width:]
        for row in range(first, after):
            a[:] = 0
            b[:] = 0
            place = 0
            for i in range(d):
                for j in range(i, d):
                    a[i, j] = systems[row, place + j - i]
                place += d - i
            for i in range(d):
                b[2, i] = systems[row, place + i]
            factorise(a, width, ridge[row], b)
            substitute(a, width, b, 0, 1)
            error = np.float64(systems[row, place + d + 1])
            for i in range(d):
                solved[row, i] = b[3, i]
            for i in range(d - 1, -1, -1):      # U z = σ ε, which stays in b[2]
                b[2, i] = strayed[row, i] * sigma
                z = b[2, i]
                for j in range(i + 1, d):
                    z -= a[i, j] * strayed[row, j]
                strayed[row, i] = z * b[0, i]
            for i in range(d):
                strayed[row, i] += solved[row, i]
                r, half = np.float64(strayed[row, i]), np.float64(b[1, i]) + np.float64(b[2, i])
                error += half * half - r * (2 * np.float64(systems[row, place + i]) + np.float64(ridge[row]) * r)
            squares[row] = error

    return solve_rows_systems
