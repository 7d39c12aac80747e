"""Settings judged on ratings they have not seen: k-fold cross-validation, and a search over a small grid."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from solver.collab.labels.frames import ratings_from
from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.data.splits import folds as split_into
from solver.errors import UserError
from solver.fitting.effort import N_FACTORS, recipe
from solver.judging.metrics import METRICS, check_metrics
from solver.judging.ranking import measured

if TYPE_CHECKING:
    from solver.collab.collab_filter import CollabFilter

TIMES = (0.5, 1.0, 2.0)     # multiples of the usual weight decay that are tried where none are given


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """`folds`: a frame with a row for each fold: ``fold``, a column for every metric that was asked for, the RMSE of the
    biases alone, ``bias_only`` (unless the feedback is implicit), and ``seconds`` of the fit.

    `standard_error` is that of a metric's mean, from the spread of the folds: σ / √folds. As the folds
    share their training ratings, it is a little too small (Bengio & Grandvalet 2004).
    """

    folds: pd.DataFrame

    @property
    def rmse(self) -> float:
        return self.mean("rmse")

    @property
    def standard_error(self) -> float:
        """That of the RMSE."""
        return self.standard_error_of("rmse")

    @property
    def bias_only(self) -> float:
        return self.mean("bias_only")

    def mean(self, metric: str) -> float:
        """A metric's mean over the folds."""
        return float(self.folds[metric].mean())

    def standard_error_of(self, metric: str) -> float:
        """The standard error of a metric's mean."""
        return float(self.folds[metric].std(ddof=1) / np.sqrt(len(self.folds)))


@dataclass(frozen=True, eq=False)
class GridSearch:
    """`results`: a frame with a row for every pair of `n_factors` and `weight_decay`, with the metric that was asked
    for, its ``standard_error`` and ``seconds`` a fold, best first. `best` are its Settings, `bias_only` the
    RMSE of the biases alone on the same folds."""

    results: pd.DataFrame
    best: Settings
    bias_only: float


def cross_validate(ratings, model: Settings | CollabFilter | None = None, *, folds: int = 5, seed: int = 0,
                   metrics: Collection[str] = ("rmse",), n: int = 10, liked: float | None = None, split: str = "random") -> CrossValidation:
    """Fit `folds` times, each time without the ratings that are then predicted; every rating is held out once.

    `ratings` are Ratings, or a table of them as `CollabFilter.fit` takes it. `model` are Settings, or an estimator, of which a copy with the same parameters is fitted; None: the
    settings of ``effort="quick"``. No
    fold's held-out ratings are looked at to stop or to choose an epoch. Predictions are clipped to
    the range of the ratings learnt from. `metrics` are names of `solver.METRICS`; `n` and `liked` as for
    `CollabFilter.evaluate`. With `split` ``"time"`` each part of the ratings is predicted from those before it. Raises UserError as `fit` does, and for metrics of ratings with implicit feedback, whose
    ratings are all 1.
    """
    from solver.core.objective import rmse
    from solver.judging.baselines import bias_only

    check_metrics(metrics)
    implicit = getattr(model, "loss", "squared") != "squared" or getattr(model, "feedback", None) == "implicit"
    if implicit and (wrong := [name for name in metrics if METRICS[name].of_ratings]):
        raise UserError(f"The metric {wrong[0]} says nothing of implicit feedback, whose ratings are all 1. Take metrics "
                        f"of an order: {', '.join(name for name, metric in METRICS.items() if not metric.of_ratings)}.")
    ratings, _ = ratings_from(ratings, unrated=1.0 if implicit else None)
    model = model or recipe("quick", ratings, n_factors=N_FACTORS)
    rows = []
    for number, (learnt, held) in enumerate(split_into(ratings, folds, seed=seed, by=split), 1):
        clip = float(learnt.values.min()), float(learnt.values.max())
        if isinstance(model, Settings):
            found, seconds = _of_settings(model, learnt, held, clip, metrics=metrics, n=n, liked=liked)
        else:
            found, seconds = _of_estimator(model, learnt, held, metrics=metrics, n=n, liked=liked)
        alone = {} if implicit else {"bias_only": rmse(bias_only(learnt), held, clip=clip)}
        rows.append({"fold": number, **found, **alone, "seconds": seconds})
    return CrossValidation(pd.DataFrame(rows))


def grid_search(ratings, settings: Settings | None = None, *, n_factors: Sequence[int] = (10, 30, 100),
                weight_decay: Sequence[float] | None = None, folds: int = 3, seed: int = 0, metric: str = "rmse",
                n: int = 10, liked: float | None = None) -> GridSearch:
    """Cross-validate `settings` with every pair of these factors and decays, on the same folds.

    `settings` None: those of ``effort="quick"``; `weight_decay` None: half, once and twice theirs. The best is the one
    with the best `metric`, a name of `solver.METRICS`; of equal pairs the one with fewer factors comes first. Raises
    UserError as `fit` does, and for an empty grid.
    """
    check_metrics([metric])
    ratings, _ = ratings_from(ratings)
    settings = settings or recipe("quick", ratings, n_factors=N_FACTORS)
    if weight_decay is None:
        weight_decay = [times * settings.weight_decay for times in TIMES] if settings.weight_decay else [0.0]
    grid = [replace(settings, n_factors=k, weight_decay=decay)
            for k, decay in itertools.product(sorted(n_factors), sorted(weight_decay))]
    if not grid:
        raise UserError("There is nothing to search. Give a number of factors and a weight decay, or several.")
    found = [cross_validate(ratings, one, folds=folds, seed=seed, metrics=list(dict.fromkeys((metric, "rmse"))), n=n,
                            liked=liked) for one in grid]
    results = pd.DataFrame([{"n_factors": one.n_factors, "weight_decay": one.weight_decay, metric: result.mean(metric),
                             "standard_error": result.standard_error_of(metric), "seconds": result.folds.seconds.mean()}
                            for one, result in zip(grid, found)])
    order = np.argsort(results[metric].to_numpy() * (-1 if METRICS[metric].more else 1), kind="stable")
    return GridSearch(results.iloc[order].reset_index(drop=True), grid[order[0]], found[0].bias_only)


def _of_settings(settings: Settings, learnt: Ratings, held: Ratings, clip: tuple[float, float], *,
                 metrics: Collection[str], n: int, liked: float | None) -> tuple[dict[str, float], float]:
    """(the metrics of the held-out ratings, seconds of the fit)"""
    from torch import as_tensor

    from solver.fitting.fit_ratings import fit
    from solver.model.models import predict
    from solver.model.net import additive
    from solver.model.posterior import mean_prediction

    result = fit(learnt, None, settings)

    def predicted() -> np.ndarray:
        draws, users = result.answering(held)
        rows = [as_tensor(index) for index in (users, held.item_index)]
        guesses = (mean_prediction(list(map(additive, draws)), *rows) if result.samples else
                   predict(result.factors, *rows, bounds=result.settings.bounds))
        return guesses.numpy().clip(*clip)

    def scores_of(users: np.ndarray) -> np.ndarray:
        from solver.collab.answers.predictions import Everybody, predict_rows

        counts = {"user": np.bincount(learnt.user_index, minlength=learnt.n_users),
                  "item": np.bincount(learnt.item_index, minlength=learnt.n_items)}
        draws = [Everybody.of(factors, counts) for factors in result.samples or (result.factors,)]
        return predict_rows(draws, users, np.arange(learnt.n_items))

    return measured(metrics, predicted=predicted, scores_of=scores_of, known=learnt, held=held, n=n,
                    liked=liked), result.seconds


def _of_estimator(model: CollabFilter, learnt: Ratings, held: Ratings, *, metrics: Collection[str], n: int,
                  liked: float | None) -> tuple[dict[str, float], float]:
    fitted = type(model)(**model.get_params()).fit(learnt)
    return fitted.evaluate(held, metrics=metrics, n=n, liked=liked), fitted.result_.seconds
