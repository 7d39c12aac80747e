"""Baselines: the mean of all ratings, and biases without factors.

    mean    r̂ = μ
    biases  r̂ = μ + b_u + b_i,   b_i = Σ_u (r − μ − b_u) / (d + n_i),   b_u = Σ_i (r − μ − b_i) / (d + n_u)

(Koren 2010, "Factor in the Neighbors", sec. 2.1.) The damping d draws the biases of those with few
ratings to 0. Where ratings have weights, all sums and counts are those of their weights.
"""

from __future__ import annotations

import numpy as np

from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.model.array_factors import rmse_of_arrays
from solver.model.factors import Factors, tensors_later

DAMPING = 5.0   # ratings of size 0 that everybody gets beside their own
SWEEPS = 2      # of items and then users; more of them change the RMSE by 0.0005 at most


def mean_only(ratings: Ratings) -> Factors:
    """The mean rating for every pair, as factors of width 0."""
    return _factors(ratings.average(ratings.values), np.zeros(ratings.n_users), np.zeros(ratings.n_items))


def bias_only(ratings: Ratings, *, damping: float = DAMPING, sweeps: int = SWEEPS) -> Factors:
    """The mean rating and damped biases, as factors of width 0, float64."""
    mean = ratings.average(ratings.values)
    users, items, weights = ratings.user_index, ratings.item_index, ratings.weights
    user_weight = damping + np.bincount(users, weights, minlength=ratings.n_users)
    item_weight = damping + np.bincount(items, weights, minlength=ratings.n_items)
    of_one = 1 if weights is None else weights
    deviations = ratings.values - mean
    user_bias, item_bias = np.zeros(ratings.n_users), np.zeros(ratings.n_items)
    for _ in range(sweeps):
        item_bias = np.bincount(items, of_one * (deviations - user_bias[users]), len(item_bias)) / item_weight
        user_bias = np.bincount(users, of_one * (deviations - item_bias[items]), len(user_bias)) / user_weight
    return _factors(mean, user_bias, item_bias)


def baseline_rmse(learnt: Ratings, held: Ratings | None, settings: Settings, *, clip: tuple[float, float]) -> float | None:
    """The RMSE that biases alone reach: of the ratings held out, where there are some, else of those they are learnt from. None
    for a fit that tells pairs that happened from others: all its values are 1."""
    if settings.loss != "squared":
        return None
    return rmse_of_arrays(bias_only(learnt), held or learnt, clip=clip)


def _factors(mean: float, user_bias: np.ndarray, item_bias: np.ndarray) -> Factors:
    arrays = {"user": np.zeros((len(user_bias), 0)), "item": np.zeros((len(item_bias), 0)), "user_bias": user_bias, "item_bias": item_bias}
    return tensors_later(arrays, offset=mean)
