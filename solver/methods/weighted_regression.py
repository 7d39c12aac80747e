"""A ridge regression for every row of one side, in which ratings have weights and all rows may share a matrix.

    x_u = argmin_x  Σ_j w_j (t_j − φ_j · x)² + xᵀ G x + ρ_u ‖x − c_u‖²      over the ratings j of row u, x ≥ l where there is an l
        = (Σ w φφᵀ + G + ρ_u I)⁻¹ (Σ w t φ + ρ_u c_u)                                                        where there is none

`ridge_regression` is this with all weights 1 and no G, and faster for rows of few ratings. G is what a row owes to everything
that it has not rated, w are the weights of ratings, and l = 0 keeps factors from being negative.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from solver.core.pairs.by_row import ByRow

from .ridge_regression import COMPILED_FROM, groups_on_device

BOUNDED_SWEEPS = 10     # over the features of a row, within x ≥ l: the next epoch goes on from there


class WeightedRidge(Protocol):
    """The regressions of one side."""

    def solve(self, features: Tensor, targets: Tensor, weights: Tensor, own: Tensor, centres: Tensor | None, ridge: Tensor,
              shared: Tensor | None, least: Tensor | None) -> Tensor:
        """x (n_rows, d); of a row without ratings, its `own`, from which a row that has a least value goes on.

        `features` φ (n_others, d), `targets` t and `weights` w (n_ratings,) in the order of the `ByRow`, `centres` c (n_rows, d),
        None: 0, `ridge` ρ > 0 (n_rows,), `shared` G (d, d), None: 0, `least` l (d,), −inf where there is no limit.
        """


def weighted_ridge_for(ratings: ByRow, *, threads: int) -> WeightedRidge:
    """The fast way on the CPU, but for a sheet's size; else plain torch."""
    if ratings.values.device.type == "cpu" and len(ratings.values) >= COMPILED_FROM:
        from solver.kernels.weighted_ridge_kernel import CompiledWeightedRidge
        return CompiledWeightedRidge(ratings, threads, sweeps=BOUNDED_SWEEPS)
    return PlainWeightedRidge(ratings)


class PlainWeightedRidge:
    """Rows of about as many ratings together, padded to the longest."""

    def __init__(self, ratings: ByRow):
        self.ratings, self.groups = ratings, groups_on_device(ratings)

    def solve(self, features: Tensor, targets: Tensor, weights: Tensor, own: Tensor, centres: Tensor | None, ridge: Tensor,
              shared: Tensor | None, least: Tensor | None) -> Tensor:
        solved, (m, d) = own.clone(), features.shape
        others = torch.cat([self.ratings.others, self.ratings.others.new_tensor([m])])
        features = torch.cat([features, features.new_zeros(1, d)])      # a place that is empty: features, target and weight 0
        targets, weights = (torch.cat([of, of.new_zeros(1)]) for of in (targets, weights))
        for rows, places in self.groups:
            phi, root = features[others[places]], weights[places].sqrt()[..., None]      # (r, n, d), (r, n, 1)
            phi = phi * root
            right = (phi.mT @ (targets[places][..., None] * root))[..., 0]
            if centres is not None:
                right = right + ridge[rows, None] * centres[rows]
            matrix = phi.mT @ phi if shared is None else phi.mT @ phi + shared
            matrix.diagonal(dim1=1, dim2=2).add_(ridge[rows, None])
            solved[rows] = _unbounded(matrix, right) if least is None else _within(matrix, right, own[rows], least)
        return solved


def _unbounded(matrix: Tensor, right: Tensor) -> Tensor:
    root, _ = torch.linalg.cholesky_ex(matrix)
    half_way = torch.linalg.solve_triangular(root, right[..., None], upper=False)
    return torch.linalg.solve_triangular(root.mT, half_way, upper=True)[..., 0]


def _within(matrix: Tensor, right: Tensor, x: Tensor, least: Tensor) -> Tensor:
    """A feature at a time (Cichocki & Phan 2009), from x (r, d) on: no step goes uphill."""
    x = x.clone()
    for _ in range(BOUNDED_SWEEPS):
        for f in range(x.shape[1]):
            slope = right[:, f] - (matrix[:, f] * x).sum(1)
            x[:, f] = torch.maximum(x[:, f] + slope / matrix[:, f, f], least[f])
    return x
