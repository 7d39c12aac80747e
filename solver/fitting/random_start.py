"""Random start values as a sheet has them, drawn without torch: a workbook is built before torch would be loaded.

The numbers are those of torch's generator of the same seed, to the last bit: both are MT19937, and two of its 32 bits make a float64.
"""

from __future__ import annotations

import math

import numpy as np

from solver.data.ratings import Ratings
from solver.errors import UserError
from solver.model.factors import Factors, tensors_later
from solver.model.models import MODELS


def random_factors(ratings: Ratings, *, model: str, n_factors: int, seed: int,
                   low: float | None = None, high: float | None = None) -> Factors:
    """Start values by seed, float64, scaled so that first predictions are of the ratings' size.

    Without biases the dot product alone must reach the mean rating m: every factor is drawn from
    ``[½, 1½] · √(m/k)``, so that ``E[p·q] = m``. With biases these carry the mean, half each, and
    the factors start small and around zero. For a bounded model m is taken through the inverse
    of the sigmoid first.
    """
    random = np.random.RandomState(int(seed) & 0xFFFFFFFF)
    mean, spread = float(ratings.values.mean()), float(ratings.values.std()) or 1.0
    if MODELS[model].bounded:
        mean, spread = inside(mean, model, low, high), 1.0

    def around_zero(*shape: int) -> np.ndarray:  # in [-½, ½)
        return drawn_uniformly(random, shape) - 0.5

    n_users, n_items = ratings.n_users, ratings.n_items
    if not MODELS[model].biases:
        scale = math.sqrt(max(abs(mean), 0.1 * spread) / n_factors)
        sign = -1.0 if mean < 0 else 1.0
        return _factors(scale * (1 + around_zero(n_users, n_factors)),
                        sign * scale * (1 + around_zero(n_items, n_factors)))
    scale = math.sqrt(spread / math.sqrt(n_factors))  # the dot product then varies by spread/12
    return _factors(scale * around_zero(n_users, n_factors), scale * around_zero(n_items, n_factors),
                    mean / 2 + 0.1 * spread * around_zero(n_users),
                    mean / 2 + 0.1 * spread * around_zero(n_items))


def _factors(*parts: np.ndarray) -> Factors:
    return tensors_later(dict(zip(("user", "item", "user_bias", "item_bias"), parts)))


def drawn_uniformly(random: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers in [0, 1), float64, as ``torch.rand`` draws them."""
    halves = random.randint(0, 2**32, 2 * math.prod(shape), dtype=np.uint32).astype(np.uint64)
    whole = halves[0::2] << np.uint64(32) | halves[1::2]
    return ((whole & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53).reshape(shape)


def through_sigmoid(mean: float, low: float, high: float) -> float:
    """x with low + (high − low)·σ(x) = mean."""
    share = min(max((mean - low) / (high - low), 0.01), 0.99)
    return math.log(share / (1 - share))


def inside(mean: float, model: str, low: float | None, high: float | None) -> float:
    """The mean rating as it stands before the sigmoid where the model is bounded, else as it is."""
    if not MODELS[model].bounded:
        return mean
    if low is None or high is None:
        raise UserError("A bounded model needs a range of ratings. Give low and high.")
    return through_sigmoid(mean, low, high)
