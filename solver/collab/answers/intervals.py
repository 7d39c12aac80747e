"""Intervals around predictions that hold a rating as often as they claim to.

Half an interval is q · a_g · b_h · s: s is how far a rating may lie from its prediction, √(spread of the draws² + noise²)
where there are draws, and the same for all where there are none. The other numbers are learnt from ratings that were held
out: a and b are factors of the fifth g of users by activity, and of the fifth h of items by popularity, and q is the
conformal quantile of |r − r̂| / (a·b·s) (Vovk, Gammerman & Shafer 2005; Lei et al. 2018, "Distribution-free predictive
inference for regression"). So as many intervals hold their rating as claimed, in each fifth, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

FEWEST = 50             # held-out ratings from which on they correct an interval …
FEWEST_IN_FIFTHS = 500  # … and from which on they do so in each fifth
_FIFTHS = (0.2, 0.4, 0.6, 0.8)
_ROUNDS = 10            # of finding one side's factors given the other's
_TINY = 1e-9            # errors of 0 are as good as this, and can be divided by


@dataclass(frozen=True, eq=False)
class Residuals:
    """Of each held-out rating: how far it lies from its prediction, how far it may lie, and how many ratings were learnt
    from of its user and of its item."""

    errors: np.ndarray
    scales: np.ndarray
    user_counts: np.ndarray
    item_counts: np.ndarray

    def __len__(self) -> int:
        return len(self.errors)


@dataclass(frozen=True, eq=False)
class Interval:
    """Half the length of an interval for a rating is `quantile` times its scale, times the factors of its two fifths."""

    quantile: float
    user_edges: np.ndarray
    item_edges: np.ndarray
    user_factors: np.ndarray
    item_factors: np.ndarray

    def half(self, scales: np.ndarray, user_counts: np.ndarray, item_counts: np.ndarray) -> np.ndarray:
        """(n,) half lengths, where as many ratings of each user and item were learnt from."""
        of_users = self.user_factors[np.searchsorted(self.user_edges, user_counts, side="right")]
        of_items = self.item_factors[np.searchsorted(self.item_edges, item_counts, side="right")]
        return self.quantile * of_users * of_items * scales


def uncorrected(level: float) -> Interval:
    """The interval of a normal distribution, where too few ratings were held out to correct it."""
    return Interval(NormalDist().inv_cdf((1 + level) / 2), np.empty(0), np.empty(0), np.ones(1), np.ones(1))


def corrected(residuals: Residuals, level: float) -> Interval:
    """The interval that holds this share of the held-out ratings, and of others like them."""
    ratios = np.maximum(np.abs(residuals.errors) / residuals.scales, _TINY)
    if len(residuals) < FEWEST_IN_FIFTHS:
        return Interval(conformal_quantile(ratios, level), np.empty(0), np.empty(0), np.ones(1), np.ones(1))
    edges = [np.unique(np.quantile(counts, _FIFTHS)) for counts in (residuals.user_counts, residuals.item_counts)]
    fifths = [np.searchsorted(edge, counts, side="right")
              for edge, counts in zip(edges, (residuals.user_counts, residuals.item_counts))]
    factors = [np.ones(len(edge) + 1) for edge in edges]
    for _ in range(_ROUNDS):
        for own, other in ((0, 1), (1, 0)):
            left = ratios / factors[other][fifths[other]]
            factors[own] = np.array([conformal_quantile(left[fifths[own] == group], level) for group in range(len(factors[own]))])
    quantile = conformal_quantile(ratios / (factors[0][fifths[0]] * factors[1][fifths[1]]), level)
    return Interval(quantile, edges[0], edges[1], factors[0], factors[1])


def conformal_quantile(ratios: np.ndarray, level: float) -> float:
    """The ⌈(n + 1)·level⌉-th smallest of n, which one more of their kind does not exceed with this probability; the largest
    where there are too few to say so, and 1 of none."""
    if not len(ratios):
        return 1.0
    place = min(math.ceil((len(ratios) + 1) * level), len(ratios))
    return float(np.partition(ratios, place - 1)[place - 1])
