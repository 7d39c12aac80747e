"""A fit that ends no worse than it started, and no worse than biases alone: slower steps where it diverged, biases in the end.

Values with a heavy tail, such as plays or hours, have some that lie hundreds of standard deviations from the mean. One
step of SGD on such a value can throw a row so far that no later step brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from solver.core.loop import Diverged, Epoch
from solver.core.optimizers import OPTIMIZERS
from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.data.splits import part
from solver.judging.baselines import bias_only, mean_only
from solver.model.array_factors import predicted_by_arrays, rmse_of_arrays
from solver.model.factors import Factors, tensors_later
from solver.model.models import MODELS, Bounds

from .effort import BIASES_ALONE, NO_WORSE
from .fit_ratings import fit
from .fit_result import FitResult

SLOWER = (1 / 4, 1 / 20)    # of the rate and of the decay, tried one after the other
JUDGED = 500_000            # ratings, about, that a fit is judged by


@dataclass(frozen=True)
class Limit:
    """The error that a fit is not to exceed, of the ratings that judge it."""

    judged: Ratings
    error: float
    clip: Bounds

    @classmethod
    def of_biases(cls, learnt: Ratings, held: Ratings | None, clip: Bounds) -> Limit:
        """That of biases alone, of ratings held out where there are some; and that of the start."""
        of = learnt if held else part(learnt, JUDGED)
        biases, start = (rmse_of_arrays(baseline, held or of, clip=clip) for baseline in (bias_only(of), mean_only(of)))
        return cls(held or of, min(biases * (1 + NO_WORSE), start), clip)

    @classmethod
    def of_start(cls, learnt: Ratings, model: str | None, clip: Bounds) -> Limit:
        """That of the start alone, of ratings learnt from: of the mean, or of 0 where the model can hold no mean."""
        of = part(learnt, JUDGED)
        if model in MODELS and not (MODELS[model].biases or MODELS[model].bounded):
            return cls(of, float(np.sqrt(of.average(of.values.astype(np.float64) ** 2))), clip)
        return cls(of, rmse_of_arrays(mean_only(of), of, clip=clip), clip)

    def kept_by(self, result: FitResult) -> bool:
        """Whether the predictions of a result are no worse."""
        (draws, rows), bounds = result.answering(self.judged), result.settings.bounds
        judged = replace(self.judged, user_index=rows)
        predicted = np.mean([predicted_by_arrays(draw, judged, bounds=bounds) for draw in draws], axis=0)
        if self.clip is not None:
            predicted = predicted.clip(*self.clip)
        error = float(np.sqrt(self.judged.average((predicted - self.judged.values) ** 2)))
        return error <= self.error * (1 + 1e-9)


def guarded_fit(learnt: Ratings, settings: Settings, *, start: Factors | None = None, holdout: Ratings | None = None, clip: Bounds = None,
                stated: bool = False, factors_help: bool = True, on_epoch: Callable[[Epoch], bool | None] | None = None,
                on_batch: Callable[[int, int], None] | None = None) -> tuple[FitResult, str | None]:
    """(the result of `fit` from `start`, of a slower one, or biases alone; a sentence where it is not the first).

    A fit is judged by the hold-out, where there is one, else by the ratings that it learns from; one whose settings are
    `stated` by the user is to beat its start only, of what it learns from. With `factors_help`
    False it is known already that biases alone predict better. What the user stopped is taken as it is.
    """
    if settings.loss != "squared":
        return fit(learnt, start, settings, holdout=holdout, clip=clip, on_epoch=on_epoch, on_batch=on_batch), None
    # rows pulled to what sets say fit the training ratings less than biases do, and predict others better: a trial has shown it
    pulled = holdout is None and settings.method == "rating by rating" and settings.implicit_sets != "none"
    limit = Limit.of_start(learnt, settings.model, clip) if stated or pulled else Limit.of_biases(learnt, holdout, clip)
    first: FitResult | None = None
    diverged = False
    for number, tried in enumerate(_slower_and_slower(settings) if factors_help else ()):
        try:
            result = fit(learnt, start, tried, holdout=holdout, clip=clip, on_epoch=on_epoch, on_batch=on_batch)
        except Diverged:
            diverged = True
            continue
        first = first or result
        if result.stopped or limit.kept_by(result):
            return result, f"The fit {_trouble(diverged)}; a slower one was taken: {_changes(tried)}." if number else None
        if limit.judged is holdout and Limit.of_biases(learnt, None, clip).kept_by(result):
            break       # it learnt what there is to learn, and that does not help: nor will a slower one
    alone = _biases_alone(learnt, settings, holdout, clip, first)
    why = ("Factors do not predict held-out ratings better than biases alone" if limit.judged is holdout or not factors_help
           else f"The fit {_trouble(diverged)}, and slower ones too")
    return alone, (f"{why}: biases alone were kept. Of values with a heavy tail, such as counts, logarithms are often predicted better."
                   if _heavy_tailed(learnt) else f"{why}: biases alone were kept.")


def _slower_and_slower(settings: Settings) -> Iterator[Settings]:
    """The settings, and, where the method has a rate, with a lower rate and decay."""
    yield settings
    if settings.batch_size is None or OPTIMIZERS[settings.optimizer].in_batches is None or settings.lr is None:
        return
    for share in SLOWER:
        decay = settings.weight_decay
        yield replace(settings, lr=settings.lr * share, weight_decay=None if decay is None else decay * share)


def _biases_alone(learnt: Ratings, settings: Settings, holdout: Ratings | None, clip: Bounds,
                  first: FitResult | None) -> FitResult:
    """Biases as a result, or, where it predicts the hold-out better, the mean: factors of the asked-for width that are all 0."""
    biases = bias_only(learnt)
    if holdout is not None and rmse_of_arrays(mean_only(learnt), holdout, clip=clip) < rmse_of_arrays(biases, holdout, clip=clip):
        biases = mean_only(learnt)
    users, items = (np.zeros((n, settings.n_factors)) for n in (learnt.n_users, learnt.n_items))
    factors = tensors_later(biases.arrays() | {"user": users, "item": items}, offset=biases.offset)
    after, before = rmse_of_arrays(factors, learnt, clip=clip), rmse_of_arrays(mean_only(learnt), learnt, clip=clip)
    held = None if holdout is None else rmse_of_arrays(factors, holdout, clip=clip)
    history = (Epoch(1, after, first.seconds if first else 0.0, held),)
    alone = Settings(model="dot+bias", n_factors=settings.n_factors, seed=settings.seed, weight_decay=0.0)
    return FitResult(factors, alone, len(learnt), before, after, history, history[0].seconds, BIASES_ALONE, True,
                     notes=first.notes if first else (), holdout_rmse=held)


def _trouble(diverged: bool) -> str:
    return "diverged" if diverged else "ended worse than it started, or than biases alone"


def _changes(settings: Settings) -> str:
    decay = "" if settings.weight_decay is None else f", weight decay {settings.weight_decay:.3g}"
    return f"lr {settings.lr:.3g}{decay}"


def _heavy_tailed(ratings: Ratings) -> bool:
    """Whether a value lies farther from the mean than any of a scale does."""
    spread = float(ratings.values.std(dtype=np.float64))
    return spread > 0 and float(np.abs(ratings.values - ratings.values.mean(dtype=np.float64)).max()) > 10 * spread
