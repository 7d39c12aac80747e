"""Draws the mean and precision of one side's factors from their normal-Wishart posterior.

    x_u ~ N(m, Λ⁻¹),    m | Λ ~ N(0, (β₀ Λ)⁻¹),    Λ ~ Wishart(W₀ = I, ν₀ = d)

Given the rows x (n, d), with mean x̄ and scatter S = Σ (x_u − x̄)(x_u − x̄)ᵀ (Salakhutdinov & Mnih
2008, eq. 14; Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution"):

    Λ ~ Wishart((I + S + β₀n/(β₀+n) · x̄x̄ᵀ)⁻¹, d + n),    m | Λ ~ N(n x̄ / (β₀+n), ((β₀+n) Λ)⁻¹)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

PRIOR_ROWS = 2.0  # β₀: the weight of the prior mean 0, in rows


@dataclass(frozen=True, eq=False)
class Common:
    """`mean` m (d,) and `root` R (d, d) with R Rᵀ = Λ⁻¹: a row is m + R·z, and z is N(0, I)."""

    mean: Tensor
    root: Tensor


def draw_common(rows: Tensor, generator: torch.Generator) -> Common:
    """A draw given the rows (n, d). Computed in float64; random numbers come from the CPU, whatever the
    device of the rows, and the result is of their type, on their device."""
    n, d = rows.shape
    mean = rows.mean(0)
    centred = rows - mean
    mean, scatter = mean.double(), (centred.T @ centred).double()
    inverse_scale = scatter + PRIOR_ROWS * n / (PRIOR_ROWS + n) * torch.outer(mean, mean)
    inverse_scale.diagonal().add_(1)
    # Bartlett: Λ = C A Aᵀ Cᵀ with C Cᵀ the scale matrix; A is lower triangular, N(0, 1) below √χ²(ν − i)
    degrees = d + n - torch.arange(d, dtype=torch.float64)
    bartlett = torch.tril(torch.randn(d, d, dtype=torch.float64, generator=generator), -1)
    bartlett.diagonal().copy_((2 * torch._standard_gamma(degrees / 2, generator=generator)).sqrt())
    noise = torch.randn(d, dtype=torch.float64, generator=generator)
    # with inverse_scale = V Vᵀ, C = V⁻ᵀ, and so R = V A⁻ᵀ
    lower, _ = torch.linalg.cholesky_ex(inverse_scale)
    root = torch.linalg.solve_triangular(bartlett.to(rows.device).T, lower, upper=True, left=False)
    drawn = n / (PRIOR_ROWS + n) * mean + root @ noise.to(rows.device) / (PRIOR_ROWS + n) ** 0.5
    return Common(drawn.to(rows.dtype), root.to(rows.dtype))
