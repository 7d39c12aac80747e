"""How much weight decay suits given ratings: found by cross-validation, within about a second on a sheet.

The decays tried are shares of the one at which factors vanish. Around biases alone, with residuals E (0 where
nobody rated), the loss has a minimum at p = q = 0 as soon as

    λ ≥ ‖D_U^−½ E D_I^−½‖ / s_f,        D the numbers of ratings of each user and each item, s_f as in `objective`

(the largest singular value; where ratings have weights, E is times these and D their sums), so that more decay than
that changes biases only. From a middle one it goes up to that and then down, as long as held-out ratings are predicted better, each fit from the factors of the one before. The folds
are fitted all at once, as one table whose users and items are those of every fold.

One cross-validation of few ratings is noisy, and the least of its errors more so. So the folds are drawn twice; the
decay is the mean of all tried, in logarithms, each weighted by how likely it makes the held-out ratings; and unless
factors predict these better than biases alone by more than chance would, hardly any factors are left.
`tests/benchmarks/bench_small_sheets.py` measures what that brings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from solver.core.pairs.rows import Rows
from solver.core.settings import Settings
from solver.data.ratings import Ratings, spread_of
from solver.data.splits import part
from solver.errors import UserError
from solver.judging.baselines import bias_only
from solver.model.factors import Factors
from solver.model.models import MODELS, Bounds, penalty_scales, predict
from solver.model.net import additive
from solver.threads import one_thread

from .quick_descent import SheetObjective
from .random_start import random_factors

UP = (0.2, 0.27, 0.36, 0.48, 0.62, 0.8, 1.0)    # shares of the decay at which factors vanish, which are tried first
DOWN = (0.14, 0.1, 0.07, 0.04, 0.02, 0.01)      # then, while they are better
FOLDS, REPEATS = 5, 2
ENOUGH = 15_000     # ratings, about, that are fitted to choose: of more, fewer folds are looked at
MOST_RATINGS = 200_000      # ratings, about, beyond which only some users count
EPOCHS = 60         # of L-BFGS for each decay; on from the one before, that brings the hold-out RMSE to 0.001
NO_LOWER = 1e-7     # of the loss: a step that lowers it by no more ends a fit
PATIENCE = 2        # decays in a row that are worse, after which no smaller ones are tried
# Of more than ENOUGH ratings one fold tells the errors well, and takes its time. So fewer factors stand for many, a fit ends earlier, and
# decays are tried from a middle one up and down as long as they are better: at 100,000 ratings and 50 factors in 5 instead of 58 seconds.
LARGE_MIDDLE, LARGE_WIDTH, LARGE_NO_LOWER = 0.36, 16, 1e-5
ROUNDS = 60         # of the power iteration
CAUTION = 0.5       # of the log-likelihood counts: errors of one user, or one item, are not independent
BETTER_BY = 0.75       # standard errors by which factors have to be better than biases alone
HARDLY_ANY = 0.95   # of the vanishing decay, where they are not: a later fit can still start from such factors


@dataclass(frozen=True)
class ChosenDecay:
    """`weight_decay` suits the ratings best; `rmse` is the least on held-out ratings with any of those `tried`, pairs
    (weight decay, RMSE), and `bias_only` that of biases alone. `surely` says whether factors beside biases did better than these, or there are none."""

    weight_decay: float
    rmse: float
    bias_only: float
    tried: tuple[tuple[float, float], ...]
    surely: bool

    @property
    def reason(self) -> str:
        """Which decay was chosen and why, as a sentence."""
        errors = f"RMSE {self.rmse:.4f}, biases alone {self.bias_only:.4f}"
        chosen = f"Weight decay {self.weight_decay:.3g}, chosen by cross-validation:"
        if self.surely:
            return f"{chosen} near it held-out ratings are predicted best ({errors})."
        return f"{chosen} these ratings tell hardly more than biases do ({errors}), so that hardly any factors are left."


def choose_decay(ratings: Ratings, settings: Settings) -> ChosenDecay:
    """The weight decay with which the model of the `settings` best predicts ratings it has not seen.

    The folds and the start values are drawn by ``settings.seed``; the order of the ratings plays no part. Raises
    UserError where no sheet can hold the model, and where the ratings are too few.
    """
    if not MODELS[settings.known_model].additive or settings.loss != "squared":
        raise UserError("A weight decay is chosen for sums of factors and biases, and by squared error. Give a number.")
    with one_thread(True):
        ratings = _in_order(part(ratings, MOST_RATINGS))
        training, held = _folds(ratings, settings.seed)
        if not len(held):
            raise UserError(f"{len(ratings)} ratings are too few to choose a weight decay by cross-validation. Give a number.")
        vanishing = vanishing_decay(ratings, bounds=settings.bounds)
        trial = _Trial(training, held, settings, vanishing, clip=(float(ratings.values.min()), float(ratings.values.max())))
        large = len(ratings) > ENOUGH
        width = min(settings.n_factors, LARGE_WIDTH) if large else settings.n_factors
        start = random_factors(training, model=settings.known_model, n_factors=width, seed=settings.seed,
                               low=settings.low, high=settings.high)
        found = trial.around_the_middle(start) if large else trial.all_up_some_down(start)
        best, none = min(found, key=_error), found[-1]
        # a fit of all ratings has more of them than a fold, and finds more in them
        decays = vanishing * np.array([one.share for one in found]) * (FOLDS - 1) / FOLDS
        surely = not MODELS[settings.known_model].biases or _surely_better(best, none)    # without biases factors carry the mean
        chosen = _weighted_mean(decays, [one.error for one in found], len(ratings)) if surely else HARDLY_ANY * vanishing
        return ChosenDecay(chosen, best.error, trial.error_of(bias_only(training), None)[1],
                           tuple(zip(decays.tolist(), (one.error for one in found))), surely)


@dataclass(frozen=True, eq=False)
class _Tried:
    """A share of the vanishing decay, the factors that it led to, and their squared errors on held-out ratings, times the weight of each."""

    share: float
    factors: Factors
    squares: np.ndarray     # (n_held,)

    @property
    def error(self) -> float:
        return float(np.sqrt(self.squares.mean()))


def _error(tried: _Tried) -> float:
    return tried.error


def _surely_better(best: _Tried, none: _Tried) -> bool:
    """Whether the best factors predict better than next to none, by the paired differences of their squared errors.
    Each rating is held out once in every repetition: so many times over it says no more than once."""
    gains = none.squares - best.squares
    return best is not none and gains.mean() > BETTER_BY * gains.std() / math.sqrt(len(gains) / REPEATS)


def _weighted_mean(decays: np.ndarray, errors: Sequence[float], n: int) -> float:
    """The mean of the logarithms of decays, weighted by the likelihood of `n` ratings with these errors."""
    likelihood = -CAUTION * n * np.log(np.maximum(errors, 1e-12))
    weights = np.exp(likelihood - likelihood.max())
    return float(np.exp(weights @ np.log(decays) / weights.sum()))


@dataclass(frozen=True, eq=False)
class _Trial:
    """What all decays are tried on."""

    training: Ratings
    held: Ratings
    settings: Settings
    vanishing: float
    clip: tuple[float, float]

    def all_up_some_down(self, start: Factors) -> list[_Tried]:
        """Decays in rising order, up to the vanishing one."""
        found = list(self.results(UP, start))
        return [*list(self.results(DOWN, found[0].factors, patience=PATIENCE))[::-1], *found]

    def around_the_middle(self, start: Factors) -> list[_Tried]:
        """Decays in rising order, those around the best one; at the end the vanishing one, for which biases stand."""
        shares = sorted((*DOWN, *UP[:-1]))
        at = shares.index(LARGE_MIDDLE)
        up = list(self.results(shares[at:], start, patience=1, tolerance=LARGE_NO_LOWER))
        down = [] if len(up) > 2 else list(self.results(shares[:at][::-1], up[0].factors, patience=1, tolerance=LARGE_NO_LOWER, least=up[0].error))
        biases = bias_only(self.training)
        return [*down[::-1], *up, _Tried(UP[-1], biases, self.error_of(biases, None)[0])]

    def results(self, shares: Sequence[float], factors: Factors, *, patience: int | None = None, tolerance: float = NO_LOWER,
                least: float = math.inf) -> Iterator[_Tried]:
        """One decay after the other, from these factors on, until `patience` in a row were worse than the best, or than `least`."""
        rows, worse, bounds = Rows.of(self.training, None), 0, self.settings.bounds
        ratings = rows.of_ratings(self.training)
        objective = SheetObjective.of(ratings, bounds=bounds, spread=spread_of(ratings))
        for share in shares:
            began = additive(rows.of_factors(factors))
            least_there = objective.least({name: tensor.numpy() for name, tensor in began.tensors().items()}, share * self.vanishing,
                                          epochs=EPOCHS, tolerance=tolerance)
            factors = additive(rows.back(began.with_tensors({name: torch.from_numpy(part) for name, part in least_there.items()}), factors))
            tried = _Tried(share, factors, self.error_of(factors, bounds)[0])
            yield tried
            least, worse = (tried.error, 0) if tried.error < least else (least, worse + 1)
            if worse == patience:
                return

    def error_of(self, factors: Factors, bounds: Bounds) -> tuple[np.ndarray, float]:
        """Squared errors (n_held,) on the held-out ratings, times their weights, and the root of the mean."""
        users, items = torch.as_tensor(self.held.user_index), torch.as_tensor(self.held.item_index)
        predicted = predict(factors, users, items, bounds=bounds).detach().numpy()
        squares = (predicted.clip(*self.clip) - self.held.values) ** 2
        if self.held.weights is not None:
            squares = squares * (self.held.weights / self.held.weights.mean())
        return squares, float(np.sqrt(squares.mean()))


def vanishing_decay(ratings: Ratings, *, bounds: Bounds = None) -> float:
    """The weight decay from which on the best factors beside biases alone are 0."""
    users, items = ratings.user_index, ratings.item_index
    predicted = predict(bias_only(ratings), torch.as_tensor(users), torch.as_tensor(items)).numpy()
    pull = ratings.values - predicted
    if bounds is not None:      # inside the sigmoid a step is worth the slope that it has there
        low, high = bounds
        inside = predicted.clip(low, high)
        pull = pull * (inside - low) * (high - inside) / (high - low)
    counts = (np.bincount(index, ratings.weights)[index] for index in (users, items))      # of users and items, at each rating
    weights = (pull if ratings.weights is None else ratings.weights * pull) / np.sqrt(np.multiply(*counts))
    direction: np.ndarray = np.random.default_rng(0).standard_normal(ratings.n_items)
    length = 0.0
    for _ in range(ROUNDS):
        direction /= np.linalg.norm(direction) or 1.0
        across = np.bincount(users, weights * direction[items], ratings.n_users)
        direction, length = np.bincount(items, weights * across[users], ratings.n_items), float(np.linalg.norm(across))
    return length / penalty_scales(spread_of(ratings), bounds)[0] or 1e-6    # where biases leave nothing to explain


def _in_order(ratings: Ratings) -> Ratings:
    """The ratings user by user and item by item, as float64, their weights 1 in the mean."""
    ordered = ratings.take(np.lexsort((ratings.item_index, ratings.user_index)))
    weights = None if ordered.weights is None else ordered.weights / ordered.weights.mean()
    return replace(ordered, values=ordered.values.astype(np.float64), weights=weights, item_columns=None)


def _folds(ratings: Ratings, seed: int) -> tuple[Ratings, Ratings]:
    """(training, held-out) ratings of all folds beside each other; those held out of whom their fold has learnt."""
    n, draw = len(ratings), np.random.default_rng(seed)
    used = min(FOLDS * REPEATS, max(1, ENOUGH // n))
    folds = np.stack([draw.permutation(n) % FOLDS for _ in range(REPEATS)])     # (REPEATS, n) the fold of each rating
    copies = np.repeat(np.arange(used), n)
    beside = replace(ratings, users=tuple(range(used * ratings.n_users)), items=tuple(range(used * ratings.n_items)),
                     user_index=np.tile(ratings.user_index, used) + copies * ratings.n_users,
                     item_index=np.tile(ratings.item_index, used) + copies * ratings.n_items,
                     values=np.tile(ratings.values, used), times=None,
                     weights=None if ratings.weights is None else np.tile(ratings.weights, used))
    apart = np.concatenate([folds[copy // FOLDS] == copy % FOLDS for copy in range(used)])
    training = beside.take(~apart)
    known = np.isin(beside.user_index, training.user_index) & np.isin(beside.item_index, training.item_index)
    return training, beside.take(apart & known)
