"""Start values of a fit of a store, block by block: the start of a row depends on the seed and its block alone."""

from __future__ import annotations

import math

import numpy as np
import torch

from solver.core.settings import Settings
from solver.fitting.random_start import through_sigmoid
from solver.model.factors import Factors
from solver.model.models import MODELS

SMALL_SPREAD = 0.01     # of factors that begin near 0, in units of the ratings' spread
_SIDES = {"users": 0, "items": 1}


def start_offset(settings: Settings, mean: float) -> float:
    """The number that is added to every prediction: the mean rating, put through the inverse of the sigmoid if the model is bounded;
    0 for a model without biases. It is in the units of `mean` and of the bounds in the settings."""
    if not MODELS[settings.known_model].biases:
        return 0.0
    return mean if settings.bounds is None else through_sigmoid(mean, *settings.bounds)


def start_factors(settings: Settings, mean: float, side: str, block: int, n: int, *, dtype: torch.dtype) -> Factors:
    """The first factors of the `n` rows of a block of one side; the other side has no rows.

    They are drawn as in `solver.fitting.start_values`: near 0, or, without biases, so that a product is about the mean.
    """
    rng = np.random.default_rng((settings.seed, _SIDES[side], block))
    shape = n, settings.n_factors
    if MODELS[settings.known_model].biases:
        drawn = (SMALL_SPREAD * rng.standard_normal(shape)).clip(-2 * SMALL_SPREAD, 2 * SMALL_SPREAD)
    else:
        scale = math.sqrt(max(abs(mean), 0.1) / settings.n_factors)
        drawn = scale * (0.5 + rng.random(shape)) * (-1 if mean < 0 and side == "items" else 1)
    return one_side(side, torch.from_numpy(drawn).to(dtype), start_offset(settings, mean), biases=MODELS[settings.known_model].biases)


def random_rows(settings: Settings, mean: float, spread: float, side: str, block: int, n: int) -> np.ndarray:
    """The first rows (p, b), or p without biases, of a block for alternating least squares, drawn as by `random_factors` of
    `solver.fitting.start_values`."""
    rng = np.random.default_rng((settings.seed, _SIDES[side], block))
    k = settings.n_factors
    if MODELS[settings.known_model].biases:
        scales = np.append(np.full(k, math.sqrt(spread / math.sqrt(k))), 0.1 * spread)
        rows = scales * (rng.random((n, k + 1)) - 0.5) + np.append(np.zeros(k), mean / 2)
    else:
        scale = math.sqrt(max(abs(mean), 0.1 * spread) / k)
        rows = scale * (0.5 + rng.random((n, k))) * (-1 if mean < 0 and side == "items" else 1)
    return rows.astype(settings.dtype)


def moving_rows(settings: Settings, mean: float, spread: float, side: str, block: int, n: int) -> np.ndarray:
    """The first rows (p, b), or p without biases, of a block for Gibbs sampling, in units of the ratings' spread beyond their mean:
    dot products vary by a third of what the ratings do, as in `solver.fitting.start_values`."""
    if not MODELS[settings.known_model].biases:
        return random_rows(settings, mean, spread, side, block, n) / np.asarray(math.sqrt(spread), settings.dtype)
    rng = np.random.default_rng((settings.seed, _SIDES[side], block))
    moving = math.sqrt(1 / 3) / settings.n_factors ** 0.25
    factors = (moving * rng.standard_normal((n, settings.n_factors))).clip(-2 * moving, 2 * moving)
    return np.column_stack([factors, np.zeros(n)]).astype(settings.dtype)


def one_side(side: str, factors: torch.Tensor, offset: float, *, biases: bool, bias: torch.Tensor | None = None) -> Factors:
    """Factors of one side alone. Where `bias` is None, biases are 0."""
    none = factors.new_zeros(0)
    bias = factors.new_zeros(len(factors)) if bias is None else bias
    pair, both = (factors, factors[:0]), (bias, none)
    if side == "items":
        pair, both = pair[::-1], both[::-1]
    user_bias, item_bias = both if biases else (None, None)
    return Factors(*pair, user_bias=user_bias, item_bias=item_bias, offset=offset)
