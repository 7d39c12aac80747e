"""The regressions of a Gibbs sweep at every precision that matrix units have, and with fewer rows at once: milliseconds, and how
far from float64."""

from __future__ import annotations

import numpy as np
import torch
from figures import Part

from solver.core.pairs.by_row import ByRow
from solver.gpu.triton_ridge import PRECISION, TOGETHER, TritonRidge
from solver.methods.ridge_regression import PlainRidge

VARIANTS = ((PRECISION, TOGETHER), ("tf32", TOGETHER), ("bf16x3", TOGETHER), ("ieee", TOGETHER), (PRECISION, TOGETHER // 8))
JUDGED = 500    # rows


def measure_ridge(part: Part, ratings: ByRow, d: int, *, side: str) -> None:
    generator = torch.Generator(ratings.values.device).manual_seed(0)
    n, m = len(ratings.counts), int(ratings.others.max()) + 1

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator, device=ratings.values.device)

    features, targets, centres = normal(m, d) * 0.3, normal(2, len(ratings.values)), normal(n, 2, d)
    ridge = torch.full((n,), 2.0, device=features.device)
    rows = np.unique(np.linspace(0, n - 1, JUDGED).astype(int))
    expected = PlainRidge(few := rows_of(ratings, rows)).solve(features.double(), places_of(targets, ratings, rows).double(),
                                                               centres[rows].double(), ridge[rows].double())
    for precision, together in VARIANTS:
        solver = TritonRidge(ratings, precision=precision, together=together)
        milliseconds = 1e3 * part.seconds(lambda: solver.solve(features, targets, centres, ridge), times=4)
        found = solver.solve(features, targets, centres, ridge)[rows].double()
        part.save("ridge", side=side, precision=precision, together=together, rows=n, ratings=len(ratings.values), features=d, ms=milliseconds,
                  error=float((found - expected).norm() / expected.norm()), judged=len(few.values))


def rows_of(ratings: ByRow, rows: np.ndarray) -> ByRow:
    """These rows alone, on their device, in float64."""
    places = torch.as_tensor(positions(ratings, rows), device=ratings.others.device)
    starts = np.concatenate([[0], np.cumsum(ratings.counts[rows])])
    return ByRow(starts, ratings.others[places], ratings.values[places].double())


def places_of(targets: torch.Tensor, ratings: ByRow, rows: np.ndarray) -> torch.Tensor:
    return targets[:, torch.as_tensor(positions(ratings, rows), device=targets.device)]


def positions(ratings: ByRow, rows: np.ndarray) -> np.ndarray:
    return np.concatenate([np.arange(ratings.starts[row], ratings.starts[row + 1]) for row in rows])
