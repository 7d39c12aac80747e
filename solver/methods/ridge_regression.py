"""A ridge regression for every row of one side, given the other side.

    z_u = argmin_z  Σ_j (t_j − φ_j · z)² + ρ_u ‖z − c_u‖²      over the ratings j of row u,
        = c_u + (ΦᵀΦ + ρ_u I)⁻¹ Φᵀ e = c_u + Φᵀ (ΦΦᵀ + ρ_u I)⁻¹ e,      e = t − Φ c_u,

where Φ (n_u, d) are the features of what the row rated. The first form is a system of d × d, the
second of n_u × n_u: whichever is smaller is solved. Alternating least squares is this with c and ρ
from its penalty; a draw from the posterior is this with noise on t and c (`gibbs`).

`PlainRidge` is plain torch on any device, to be read, and waits for nothing within a call;
`kernels.ridge_kernel` is the same, compiled for the CPU, and `gpu.triton_ridge` for a CUDA GPU.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Protocol

import torch
from torch import Tensor

from solver.core.pairs.by_row import ByRow
from solver.core.pairs.row_groups import groups

COMPILED_FROM = 20_000   # ratings for which loading compiled code pays


class Ridge(Protocol):
    """The regressions of one side."""

    def solve(self, features: Tensor, targets: Tensor, centres: Tensor, ridge: Tensor) -> Tensor:
        """z (n_rows, s, d) for s right sides at once; of a row without ratings, its centres.

        `features` φ (n_others, d), `targets` t (s, n_ratings) in the order of the `ByRow`, `centres`
        c (n_rows, s, d), `ridge` ρ > 0 (n_rows,).
        """


def ridge_for(ratings: ByRow, *, n_features: int, threads: int) -> Ridge:
    """The fast way where it is one: on the CPU, on so many threads of it, and on a CUDA GPU in float32; not for a sheet."""
    if ratings.values.device.type == "cpu" and len(ratings.values) >= COMPILED_FROM:
        from solver.kernels.ridge_kernel import CompiledRidge  # numba is loaded only where it is used
        return CompiledRidge(ratings, threads)
    if ratings.values.is_cuda and find_spec("triton"):
        from solver.gpu.triton_ridge import TritonRidge, has_kernels_for
        if has_kernels_for(ratings, n_features):
            return TritonRidge(ratings)
    return PlainRidge(ratings)


class PlainRidge:
    """Rows of about as many ratings together, padded to the longest."""

    def __init__(self, ratings: ByRow):
        self.ratings, self.groups = ratings, groups_on_device(ratings)

    def solve(self, features: Tensor, targets: Tensor, centres: Tensor, ridge: Tensor) -> Tensor:
        solved, (m, d) = centres.clone(), features.shape
        others = torch.cat([self.ratings.others, self.ratings.others.new_tensor([m])])
        features = torch.cat([features, features.new_zeros(1, d)])  # a place that is empty: features 0, target 0
        targets = torch.cat([targets, targets.new_zeros(len(targets), 1)], 1)
        for rows, places in self.groups:
            phi, centre = features[others[places]], centres[rows].mT                 # (r, n, d), (r, d, s)
            error = targets[:, places].movedim(0, 2) - phi @ centre                  # (r, n, s)
            if places.shape[1] < d:
                step = phi.mT @ _solve(phi @ phi.mT, ridge[rows], error)
            else:
                step = _solve(phi.mT @ phi, ridge[rows], phi.mT @ error)
            solved[rows] = (centre + step).mT
        return solved


def _solve(gram: Tensor, ridge: Tensor, right: Tensor) -> Tensor:
    """(A + ρI)⁻¹ b for a batch of matrices A (r, n, n) and right sides b (r, n, s)."""
    gram.diagonal(dim1=1, dim2=2).add_(ridge[:, None])
    root, _ = torch.linalg.cholesky_ex(gram)  # unlike `cholesky`, does not wait for a GPU to say whether all went well
    # not `cholesky_solve`, which may take the matrices one after the other on a GPU
    half_way = torch.linalg.solve_triangular(root, right, upper=False)
    return torch.linalg.solve_triangular(root.mT, half_way, upper=True)


def groups_on_device(ratings: ByRow) -> list[tuple[Tensor, Tensor]]:
    """The `groups` of these ratings where their values are, of a size that suits the device."""
    device = ratings.values.device
    return [(torch.as_tensor(rows, device=device), torch.as_tensor(places, device=device))
            for rows, places in groups(ratings.starts, most=2**18 if device.type == "cpu" else 2**22)]
