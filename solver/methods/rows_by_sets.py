"""The rows of a side once more, after the last epoch of SGD: regressed on their ratings, and pulled to what their sets say.

That somebody rated an item at all tells something of it, whatever the rating was (`row_sets`). Gibbs sampling draws what the members of a
set say in the chain; here it is found once. F has the set of each row, 1/√n for each of its n members, X are the rows as SGD left them,
w = n / (n + 5), and all others stay as they are:

    W = argmin Σ_i w_i ‖x_i − m − Wᵀ f_i‖² + λ‖W‖²,      x_i ← argmin_x Σ_j (r_ij − r̂_ij)² + ρ ‖x − m − Wᵀ f_i‖²

in units in which the ratings' standard deviation is 1. Where the sets say nothing it makes predictions worse: `effort` tries that out.
Without torch, as SGD is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.core.pairs.row_groups import groups
from solver.core.steps import FitTask, Seen, Steps
from solver.data.ratings import Ratings
from solver.model.array_factors import rmse_of_arrays
from solver.model.factors import Factors
from solver.model.net import additive

from .row_sets import SIDES, columns_times, regressed_on, set_columns, set_family

_PULL = 12.0        # ρ: more than twice that of newcomers, whose prior mean says less
_OF_VECTORS = 2.0   # λ
_FEW = 5.0          # ratings with which a row counts half
_PLACES = 2**16     # ratings, about, whose rows of the other side are gathered at once


class RowsBySets:
    """Steps whose last one ends with the rows of the sides that ``settings.implicit_sets`` names."""

    def __init__(self, steps: Steps, problem: FitTask):
        self.steps, self.problem = steps, problem
        self.first, self.epochs, self.to_the_end, self.lr = steps.first, steps.epochs, steps.to_the_end, steps.lr

    def step(self, *, last: bool) -> Seen:
        seen = self.steps.step(last=last)
        if not last:
            return seen
        problem, factors = self.problem, additive(seen.factors())
        for side in SIDES[problem.settings.implicit_sets]:
            factors = rows_by_sets(factors, side, problem.ratings)
        held = None if problem.holdout is None else rmse_of_arrays(factors, problem.holdout, clip=problem.clip)
        error = rmse_of_arrays(factors, problem.ratings)
        return replace(seen, loss=error ** 2, rmse=error, factors=lambda: factors, holdout_rmse=held)


def rows_by_sets(factors: Factors, side: str, ratings: Ratings) -> Factors:
    """The factors with new rows of one side; given columns stay."""
    other, given, arrays = "item" if side == "user" else "user", factors.given, factors.arrays()
    index = {"user": ratings.user_index, "item": ratings.item_index}
    order = np.argsort(index[side], kind="stable")
    own, others = index[side][order], index[other][order]
    rows, features = arrays[side], arrays[other]
    targets = ratings.values[order].astype(rows.dtype) - rows.dtype.type(factors.offset)
    learnt, seen = rows[:, given:], features[:, given:]
    biases = "user_bias" in arrays
    if biases:
        learnt = np.column_stack([learnt, arrays[f"{side}_bias"]])
        seen = np.column_stack([seen, np.ones(len(seen), seen.dtype)])
        targets -= arrays[f"{other}_bias"][others]
    if given:
        targets -= (rows[own, :given] * features[others, :given]).sum(1)
    starts = np.searchsorted(own, np.arange(len(rows) + 1))
    found = _ridge(starts, others, targets, seen, _expected(learnt, own, others, len(features)))
    k = rows.shape[1] - given
    return factors.with_arrays({side: np.concatenate([rows[:, :given], found[:, :k]], 1)} | ({f"{side}_bias": found[:, k].copy()} if biases else {}))


def _expected(rows: np.ndarray, own: np.ndarray, others: np.ndarray, n_others: int) -> np.ndarray:
    """(n, d) m + Wᵀ f of each row."""
    counts = np.bincount(own, minlength=len(rows))
    family = set_family(own, others, counts, set_columns(np.bincount(others, minlength=n_others)))
    weights = counts / (counts + _FEW)
    mean = (weights @ rows / weights.sum()).astype(rows.dtype)
    vectors = regressed_on(family, rows - mean, _OF_VECTORS, weights=weights).astype(rows.dtype)
    return mean + columns_times(family, vectors, len(rows))


def _ridge(starts: np.ndarray, others: np.ndarray, targets: np.ndarray, features: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(n, d) x of each row: the smaller of the two systems of `ridge_regression`, rows of about as many ratings together."""
    found, (m, d) = centres.copy(), features.shape
    others, targets = np.append(others, m), np.append(targets, targets.dtype.type(0))
    features = np.concatenate([features, np.zeros((1, d), features.dtype)])     # a place that is empty: features 0, target 0
    for rows, places in groups(starts, most=_PLACES):
        phi, centre = features[others[places]], centres[rows]
        errors = targets[places] - (phi @ centre[:, :, None])[:, :, 0]
        turned = phi.transpose(0, 2, 1)
        few = places.shape[1] < d
        gram = phi @ turned if few else turned @ phi
        gram[:, np.arange(gram.shape[1]), np.arange(gram.shape[1])] += features.dtype.type(_PULL)
        right = errors[:, :, None] if few else turned @ errors[:, :, None]
        step = np.linalg.solve(gram, right)
        found[rows] = centre + (turned @ step if few else step)[:, :, 0]
    return found
