"""How much weight decay suits given ratings: found by cross-validation, within about a second on a sheet.

The decays tried are shares of the one at which factors vanish. Around biases alone, with residuals E (0 where
nobody rated), the loss has a minimum at p = q = 0 as soon as

    λ ≥ ‖D_U^−½ E D_I^−½‖ / s_f,        D the numbers of ratings of each user and each item, s_f as in `objective`

(the largest singular value), so that more decay than that changes biases only. From a middle one it goes up and then
down, as long as held-out ratings are predicted better, each fit from the factors of the one before. The folds are
fitted all at once, as one table whose users and items are those of every fold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from solver.core.loop import descend
from solver.core.objective import rmse, spread_of
from solver.core.rows import Rows
from solver.core.settings import Settings
from solver.core.steps import FitTask
from solver.data.ratings import Ratings
from solver.data.splits import part
from solver.errors import UserError
from solver.judging.baselines import bias_only
from solver.methods.full_batch import FullBatch
from solver.model.factors import Factors
from solver.model.models import MODELS, Bounds, penalty_scales, predict
from solver.model.net import additive
from solver.threads import one_thread

from .start_values import random_factors

UP = (0.2, 0.3, 0.42, 0.57, 0.77, 1.0)          # shares of the decay at which factors vanish, which are tried first
DOWN = (0.12, 0.07, 0.04, 0.02, 0.01, 0.003)    # then, where the least of these was best
FOLDS = 5
ENOUGH = 10_000     # ratings, about, that are fitted to choose: of more, fewer folds are looked at
MOST_RATINGS = 200_000      # ratings, about, beyond which only some users count
EPOCHS = 60         # of lbfgs for each decay; on from the one before, that brings the hold-out RMSE to 0.001
PATIENCE = 2        # decays in a row that are worse, after which no more are tried
ROUNDS = 60         # of the power iteration


@dataclass(frozen=True)
class ChosenDecay:
    """`weight_decay` had the least RMSE, `rmse`, on held-out ratings of those tried; `bias_only` is that of biases
    alone on the same ratings. `tried` are pairs (weight decay, RMSE)."""

    weight_decay: float
    rmse: float
    bias_only: float
    tried: tuple[tuple[float, float], ...]

    @property
    def reason(self) -> str:
        """Which decay was chosen and why, as a sentence."""
        hardly = " More would leave no factors: these ratings tell hardly more than biases do." \
            if self.weight_decay == self.tried[-1][0] else ""
        return (f"Weight decay {self.weight_decay:.3g}, chosen by cross-validation: of {len(self.tried)} values it "
                f"predicted held-out ratings best (RMSE {self.rmse:.4f}, biases alone {self.bias_only:.4f}).{hardly}")


def choose_decay(ratings: Ratings, settings: Settings) -> ChosenDecay:
    """The weight decay with which the model of the `settings` best predicts ratings it has not seen.

    The folds and the start values are drawn by ``settings.seed``; the order of the ratings plays no part. Raises
    UserError where no sheet can hold the model, and where the ratings are too few.
    """
    if not MODELS[settings.model].additive or settings.loss != "squared":
        raise UserError("A weight decay is chosen for sums of factors and biases, and by squared error. Give a number.")
    with one_thread(True):
        ratings = _in_order(part(ratings, MOST_RATINGS))
        training, held = _folds(ratings, settings.seed)
        if not len(held):
            raise UserError(f"{len(ratings)} ratings are too few to choose a weight decay by cross-validation. Give a number.")
        trial = _Trial(training, held, settings, vanishing_decay(ratings, bounds=settings.bounds),
                       clip=(float(ratings.values.min()), float(ratings.values.max())))
        start = random_factors(training, model=settings.model, n_factors=settings.n_factors, seed=settings.seed,
                               low=settings.low, high=settings.high)
        found = list(trial.errors(UP, start))
        if min(found, key=_error) is found[0]:
            found = [*list(trial.errors(DOWN, found[0].factors))[::-1], *found]
        fewer = math.sqrt((FOLDS - 1) / FOLDS)   # noise, and with it the best decay, falls with √n; folds lack a part of the n
        pairs = tuple((one.weight_decay * fewer, one.rmse) for one in found)
        return ChosenDecay(*min(pairs, key=lambda pair: pair[1]), rmse(bias_only(training), held, clip=trial.clip), pairs)


@dataclass(frozen=True, eq=False)
class _Tried:
    """A decay, the RMSE on held-out ratings, and the factors that it led to."""

    weight_decay: float
    rmse: float
    factors: Factors


def _error(tried: _Tried) -> float:
    return tried.rmse


@dataclass(frozen=True, eq=False)
class _Trial:
    """What all decays are tried on."""

    training: Ratings
    held: Ratings
    settings: Settings
    vanishing: float
    clip: tuple[float, float]

    def errors(self, shares: Sequence[float], factors: Factors) -> Iterator[_Tried]:
        """One decay after the other, from these factors on, until `PATIENCE` in a row were worse than the best."""
        rows, least, worse, given = Rows.of(self.training, None), math.inf, 0, self.settings
        ratings = rows.of_ratings(self.training)
        for share in shares:
            settings = Settings(model=given.model, low=given.low, high=given.high, n_factors=given.n_factors,
                                weight_decay=share * self.vanishing, epochs=EPOCHS)
            steps = FullBatch(FitTask(ratings=ratings, start=rows.of_factors(factors), settings=settings))
            factors = additive(rows.back(descend(steps, settings).best, factors))
            error = rmse(factors, self.held, bounds=given.bounds, clip=self.clip)
            yield _Tried(settings.weight_decay, error, factors)
            least, worse = (error, 0) if error < least else (least, worse + 1)
            if worse == PATIENCE:
                return


def vanishing_decay(ratings: Ratings, *, bounds: Bounds = None) -> float:
    """The weight decay from which on the best factors beside biases alone are 0."""
    users, items = ratings.user_index, ratings.item_index
    predicted = predict(bias_only(ratings), torch.as_tensor(users), torch.as_tensor(items)).numpy()
    pull = ratings.values - predicted
    if bounds is not None:      # inside the sigmoid a step is worth the slope that it has there
        low, high = bounds
        inside = predicted.clip(low, high)
        pull = pull * (inside - low) * (high - inside) / (high - low)
    weights = pull / np.sqrt(np.bincount(users)[users] * np.bincount(items)[items])
    direction: np.ndarray = np.random.default_rng(0).standard_normal(ratings.n_items)
    length = 0.0
    for _ in range(ROUNDS):
        direction /= np.linalg.norm(direction) or 1.0
        across = np.bincount(users, weights * direction[items], ratings.n_users)
        direction, length = np.bincount(items, weights * across[users], ratings.n_items), float(np.linalg.norm(across))
    return length / penalty_scales(spread_of(ratings), bounds)[0] or 1e-6    # where biases leave nothing to explain


def _in_order(ratings: Ratings) -> Ratings:
    """The ratings user by user and item by item, as float64."""
    ordered = ratings.take(np.lexsort((ratings.item_index, ratings.user_index)))
    return replace(ordered, values=ordered.values.astype(np.float64), item_columns=None)


def _folds(ratings: Ratings, seed: int) -> tuple[Ratings, Ratings]:
    """(training, held-out) ratings of all folds beside each other; those held out of whom their fold has learnt."""
    n, used = len(ratings), min(FOLDS, max(1, ENOUGH // len(ratings)))
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    copies = np.repeat(np.arange(used), n)
    beside = replace(ratings, users=tuple(range(used * ratings.n_users)), items=tuple(range(used * ratings.n_items)),
                     user_index=np.tile(ratings.user_index, used) + copies * ratings.n_users,
                     item_index=np.tile(ratings.item_index, used) + copies * ratings.n_items,
                     values=np.tile(ratings.values, used), times=None)
    apart = np.tile(fold, used) == copies
    training = beside.take(~apart)
    known = np.isin(beside.user_index, training.user_index) & np.isin(beside.item_index, training.item_index)
    return training, beside.take(apart & known)
