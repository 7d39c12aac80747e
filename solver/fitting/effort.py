"""The efforts `quick`, `good` and `best`, and the settings that each stands for on given ratings.

    quick   SGD rating by rating, 16 epochs or fewer, its decay derived from the ratings
    good    the same, of six decays and rates the one that predicts best on a part of the ratings set apart, and, where that
            predicts better there, with the items' rows by the sets of who rated them (`solver.methods.rows_by_sets`)
    best    Gibbs sampling: predictions averaged over the posterior, nothing to choose. It also learns from who rated what
            at all (`Settings.implicit_sets`)

Ratings may be on any scale: fits in batches compute in units of their spread (`units`). Dense or sparse, clean or
noisy: a row's decay goes by the number of its ratings (`Settings.decay_by`), and all of it by what biases alone
leave unexplained, s = RMSE of biases on held-out ratings / spread. The constants were chosen on eleven kinds of
generated ratings, from 5 to 200 a user, 90,000 to 9 million, nearly clean to mostly noise, and on one real file;
on all of them an effort beats biases alone.

AdamW on batches is not among them: at its best (one cycle, 5 epochs, decay 0.2) it came to a hold-out RMSE of
0.8675 on that file, in three times the time in which quick came to 0.862; good comes to 0.861.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.data.splits import part
from solver.errors import UserError
from solver.model.array_factors import rmse_of_arrays

EFFORTS = ("quick", "good", "best")
BIASES_ALONE = "Biases alone were kept."     # why a fit ended, where factors were left out
N_FACTORS = 50                   # unless their number is given

_MOST_SWEEPS = 72                 # of best: three chains of `solver.methods.gibbs`
_DECAY = 1.3                      # weight decay where s = 1: it falls with s^2.5
TRIED = tuple((decay, lr) for lr in (1.0, 0.65) for decay in (0.55, 0.8, 1.15))  # multiples of which "good" chooses
_ENOUGH = 500_000                 # ratings, about, that such a choice is made on
FEWEST_TO_HOLD_OUT = 1_000                   # ratings below which nothing is held out to choose by
NO_WORSE = 0.005                # by which an error may be above that of biases alone: a tenth of few ratings tells no more
SETS_GAIN = 0.002               # share of the error by which sets must lower it to be taken
LEAST = 0.3                      # s, at least: one absurd rating makes all others look explained


@dataclass(frozen=True)
class Chosen:
    """The settings of an effort, and whether factors helped to predict held-out ratings, where that was tried."""

    settings: Settings
    factors_help: bool = True


def recipe(effort: str, ratings: Ratings, *, n_factors: int) -> Settings:
    """The settings of an effort for these ratings (see `choose_settings`)."""
    return choose_settings(effort, ratings, n_factors=n_factors).settings


def choose_settings(effort: str, ratings: Ratings, *, n_factors: int, of: int | None = None) -> Chosen:
    """The settings of an effort for these ratings, which should be those that are to be learnt from; or all ratings of some of
    the users where there are `of` in all.

    "good" runs a few short fits on them. Raises UserError for an effort that is not known.
    """
    if effort not in EFFORTS:
        raise UserError(f"effort is {effort!r}. Choose one of: {', '.join(EFFORTS)}.")
    if effort == "best":
        return Chosen(best_settings(of or len(ratings), n_factors=n_factors))
    some = part(ratings, _ENOUGH)
    unexplained = _unexplained(some)
    quick = _quick(of or len(ratings), n_factors=n_factors, unexplained=unexplained)
    if effort == "quick" or len(some) < FEWEST_TO_HOLD_OUT:
        return Chosen(quick)
    small = _quick(len(some), n_factors=n_factors, unexplained=unexplained)  # what suits few suits as few of many
    change, factors_help, sets_help = _best_change(small, some, sets=of is None)
    return Chosen(replace(_changed(quick, *change), implicit_sets="items" if sets_help else "none"), factors_help)


def best_settings(n_ratings: int, *, n_factors: int) -> Settings:
    """The settings of the effort best for so many ratings: the more there are, the less a draw strays. At most three chains."""
    sweeps = min(_MOST_SWEEPS, round(50 * (n_ratings / 1_000_000) ** -0.25))
    return Settings(model="dot+bias", n_factors=n_factors, optimizer="gibbs", dtype="float32", epochs=sweeps, implicit_sets="both")


def _quick(n_ratings: int, *, n_factors: int, unexplained: float) -> Settings:
    larger = max(n_ratings / 100_000, 1.0)  # the more ratings a row has, the fewer and the smaller steps it needs
    return Settings(model="dot+bias", n_factors=n_factors, dtype="float32", optimizer="sgd", batch_size=1,
                    schedule="one-cycle", decay_by="count", weight_decay=_DECAY * unexplained ** 2.5,
                    epochs=round(16 * larger ** -0.2), lr=0.06 * larger ** -0.15)


def _unexplained(ratings: Ratings) -> float:
    """s: RMSE of biases alone over the spread of the ratings, held out where there are enough; LEAST to 1."""
    from solver.data.splits import split_off
    from solver.judging.baselines import bias_only

    spread = float(ratings.values.std(dtype=np.float64)) if len(ratings) else 0.0
    if not spread:
        return 1.0
    learnt, held = split_off(ratings, 0.1, seed=1) if len(ratings) >= FEWEST_TO_HOLD_OUT else (ratings, ratings)
    return min(max(rmse_of_arrays(bias_only(learnt), held) / spread, LEAST), 1.0)


def _changed(settings: Settings, decay: float, lr: float) -> Settings:
    return replace(settings, weight_decay=decay * settings.decay, lr=None if settings.lr is None else lr * settings.lr)


def _best_change(settings: Settings, ratings: Ratings, *, sets: bool) -> tuple[tuple[float, float], bool, bool]:
    """(of TRIED, the change to the settings whose fit predicts held-out ratings best; whether better than biases alone; whether
    better still with the sets of the items, where `sets` are to be tried)"""
    from solver.core.loop import Diverged
    from solver.data.splits import split_off
    from solver.judging.baselines import bias_only

    from .fit_ratings import fit

    learnt, held = split_off(ratings, 0.1, seed=1)
    clip = float(ratings.values.min()), float(ratings.values.max())

    def last_rmse(change: tuple[float, float], implicit_sets: str = "none") -> float:
        tried = replace(_changed(settings, *change), device="cpu", implicit_sets=implicit_sets)
        try:
            result = fit(learnt, None, tried, holdout=held, clip=clip)
        except Diverged:
            return float("inf")
        error = result.history[-1].holdout_rmse
        return float("inf") if error is None else error

    errors = {change: last_rmse(change) for change in TRIED}
    best = min(errors, key=lambda change: errors[change])
    sets_help = sets and last_rmse(best, "items") < errors[best] * (1 - SETS_GAIN)
    return best, errors[best] <= rmse_of_arrays(bias_only(learnt), held, clip=clip) * (1 + NO_WORSE), sets_help
