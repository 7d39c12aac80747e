"""Draws what the rows of one side have in common, given the rows: their precision, and how they follow what is known of them.

    x_u ~ N(Wᵀ f_u, Λ⁻¹),    w_c | Λ ~ N(0, (λ_c Λ)⁻¹),    Λ ~ Wishart(I, d),    λ of a family ~ Gamma(1, 1)

f_u are the known columns of row u (`known_columns`), w_c (d,) how each of them moves a row. The column of ones has
λ = β₀, and with it alone this is the normal-Wishart prior of Salakhutdinov & Mnih 2008; with others it is the
link of Simm et al. 2015, "Macau". Given the rows X (n, d), and with G = FᵀF + diag(λ) and Ŵ = G⁻¹FᵀX
(Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", for several columns):

    Λ ~ Wishart((I + XᵀX − ŴᵀGŴ)⁻¹, d + n),    W | Λ = Ŵ + G^(−½) E Λ^(−½),  E ~ N(0, 1).

A row holds all that its columns say of it, so that W need not be kept: predictions are products of rows as ever.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .known_columns import FIRST_PRECISION, ColumnProducts, KnownColumns

PRIOR_ROWS = 2.0  # β₀: the weight of the prior mean 0, in rows


@dataclass(frozen=True, eq=False)
class Common:
    """A row is R·(c_u + z) with z ~ N(0, I): `centres` c (n, d), `root` R (d, d) with R Rᵀ = Λ⁻¹.

    `precisions` λ (families,) are a draw given the others, for the next draw of these.
    """

    centres: Tensor
    root: Tensor
    precisions: Tensor


def first_precisions(known: ColumnProducts) -> Tensor:
    """λ of each family before the first draw."""
    return torch.full((len(known.sizes),), FIRST_PRECISION, dtype=torch.float64)


def draw_common(rows: Tensor, known: KnownColumns, precisions: Tensor, generator: torch.Generator) -> Common:
    """A draw given the rows (n, d). Computed in float64; random numbers come from the CPU, whatever the
    device of the rows, and the result is of their type, on their device."""
    moves, root, precisions = draw_moves(len(rows), rows.T @ rows, known.table.transposed_times(rows), known, precisions, generator)
    return Common(known.table.times(moves.to(rows.dtype)), root.to(rows.dtype), precisions)


def draw_moves(n: int, squares: Tensor, sums: Tensor, known: ColumnProducts, precisions: Tensor,
               generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """(what each column moves a row by, in units of the rows' spread (f, d); root; precisions) given XᵀX (d, d) and FᵀX (f, d)
    of `n` rows, so that the rows need not be in one place. In float64."""
    d = len(squares)
    gram = known.gram.clone()
    gram.diagonal().add_(known.by_column(PRIOR_ROWS, precisions))
    lower_gram, _ = torch.linalg.cholesky_ex(gram)
    sums = sums.double()                                                # FᵀX
    weights = torch.cholesky_solve(sums, lower_gram)                    # Ŵ
    inverse_scale = squares.double() - sums.T @ weights
    inverse_scale.diagonal().add_(1)
    # Bartlett: Λ = C A Aᵀ Cᵀ with C Cᵀ the scale matrix; A is lower triangular, N(0, 1) below √χ²(ν − i)
    degrees = d + n - torch.arange(d, dtype=torch.float64)
    bartlett = torch.tril(torch.randn(d, d, dtype=torch.float64, generator=generator), -1)
    bartlett.diagonal().copy_((2 * torch._standard_gamma(degrees / 2, generator=generator)).sqrt())
    bartlett = bartlett.to(squares.device)
    noise = torch.randn(len(gram), d, dtype=torch.float64, generator=generator).to(squares.device)
    # with inverse_scale = V Vᵀ, C = V⁻ᵀ, and so R = V A⁻ᵀ, and R⁻¹ = Aᵀ V⁻¹
    lower, _ = torch.linalg.cholesky_ex(inverse_scale)
    root = torch.linalg.solve_triangular(bartlett.T, lower, upper=True, left=False)
    moves = torch.linalg.solve_triangular(lower, weights.T, upper=False).T @ bartlett   # Ŵ R⁻ᵀ (f, d)
    moves = moves + torch.linalg.solve_triangular(lower_gram.T, noise, upper=True)
    return moves, root, _draw_precisions(moves, known, generator)


def _draw_precisions(moves: Tensor, known: ColumnProducts, generator: torch.Generator) -> Tensor:
    """λ of each family given its factors in units of the rows' spread: Gamma(1 + f·d/2, 1 + Σ w²/2)."""
    squares = (moves ** 2).sum(1)[1:].cpu()
    shapes = 1 + torch.tensor(known.sizes, dtype=torch.float64) * moves.shape[1] / 2
    rates = 1 + torch.stack([of_family.sum() for of_family in squares.split(known.sizes)]) / 2 if known.sizes else shapes
    return torch._standard_gamma(shapes, generator=generator) / rates
