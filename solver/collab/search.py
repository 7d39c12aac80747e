"""Settings judged on ratings they have not seen: k-fold cross-validation, and a search over a small grid."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from solver.core.settings import Settings
from solver.data.ratings import Ratings
from solver.data.splits import folds as split_into
from solver.errors import UserError
from solver.fitting.effort import recipe

if TYPE_CHECKING:
    from .collab_filter import CollabFilter

TIMES = (0.5, 1.0, 2.0)     # multiples of the usual weight decay that are tried where none are given


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """`folds`: a frame with a row for each fold, ``fold``, ``rmse``, that of the biases alone,
    ``bias_only``, and ``seconds`` of the fit. `rmse` and `bias_only` are the means over the folds.

    `standard_error` is that of the mean RMSE, from the spread of the folds: σ / √folds. As the folds
    share their training ratings, it is a little too small (Bengio & Grandvalet 2004).
    """

    folds: pd.DataFrame

    @property
    def rmse(self) -> float:
        return float(self.folds.rmse.mean())

    @property
    def standard_error(self) -> float:
        return float(self.folds.rmse.std(ddof=1) / np.sqrt(len(self.folds)))

    @property
    def bias_only(self) -> float:
        return float(self.folds.bias_only.mean())


@dataclass(frozen=True, eq=False)
class GridSearch:
    """`results`: a frame with a row for every pair of `n_factors` and `weight_decay`, with its ``rmse``,
    ``standard_error`` and ``seconds`` a fold, best first. `best` are its Settings, `bias_only` the
    RMSE of the biases alone on the same folds."""

    results: pd.DataFrame
    best: Settings
    bias_only: float


def cross_validate(ratings: Ratings, model: Settings | CollabFilter | None = None, *, folds: int = 5,
                   seed: int = 0) -> CrossValidation:
    """Fit `folds` times, each time without the ratings that are then predicted; every rating is held out once.

    `model` are Settings, or an estimator, of which a copy with the same parameters is fitted; None: the
    settings of ``effort="quick"``. No
    fold's held-out ratings are looked at to stop or to choose an epoch. Predictions are clipped to
    the range of the ratings learnt from. Raises UserError as `fit` does, and for implicit feedback,
    which is judged by its order (`metrics.ranking`).
    """
    from solver.core.objective import rmse
    from solver.judging.baselines import bias_only

    if getattr(model, "loss", None) == "cross-entropy" or getattr(model, "feedback", None) == "implicit":
        raise UserError("Cross-validation is by RMSE, which says nothing of implicit feedback: hold pairs out and "
                        "take solver.judging.metrics.ranking.")
    model = model or recipe("quick", ratings, n_factors=50)
    rows = []
    for number, (learnt, held) in enumerate(split_into(ratings, folds, seed=seed), 1):
        clip = float(learnt.values.min()), float(learnt.values.max())
        error, seconds = (_of_settings if isinstance(model, Settings) else _of_estimator)(model, learnt, held, clip)
        rows.append({"fold": number, "rmse": error, "bias_only": rmse(bias_only(learnt), held, clip=clip),
                     "seconds": seconds})
    return CrossValidation(pd.DataFrame(rows))


def grid_search(ratings: Ratings, settings: Settings | None = None, *, n_factors: Sequence[int] = (10, 30, 100),
                weight_decay: Sequence[float] | None = None, folds: int = 3, seed: int = 0) -> GridSearch:
    """Cross-validate `settings` with every pair of these factors and decays, on the same folds.

    `settings` None: those of ``effort="quick"``; `weight_decay` None: half, once and twice theirs. Of equal pairs the one with fewer factors comes first. Raises UserError as `fit` does, and for an
    empty grid.
    """
    settings = settings or recipe("quick", ratings, n_factors=50)
    if weight_decay is None:
        weight_decay = [times * settings.weight_decay for times in TIMES] if settings.weight_decay else [0.0]
    grid = [replace(settings, n_factors=k, weight_decay=decay)
            for k, decay in itertools.product(sorted(n_factors), sorted(weight_decay))]
    if not grid:
        raise UserError("There is nothing to search. Give a number of factors and a weight decay, or several.")
    found = [cross_validate(ratings, one, folds=folds, seed=seed) for one in grid]
    results = pd.DataFrame([{"n_factors": one.n_factors, "weight_decay": one.weight_decay, "rmse": result.rmse,
                             "standard_error": result.standard_error, "seconds": result.folds.seconds.mean()}
                            for one, result in zip(grid, found)])
    order = np.argsort(results.rmse.to_numpy(), kind="stable")
    return GridSearch(results.iloc[order].reset_index(drop=True), grid[order[0]], found[0].bias_only)


def _of_settings(settings: Settings, learnt: Ratings, held: Ratings, clip) -> tuple[float, float]:
    """(hold-out RMSE, seconds)"""
    from torch import as_tensor

    from solver.fitting.fit_ratings import fit
    from solver.judging.metrics import root_mean_squared_error
    from solver.model.models import predict
    from solver.model.posterior import mean_prediction

    result, rows = fit(learnt, None, settings), [as_tensor(index) for index in (held.user_index, held.item_index)]
    predicted = (mean_prediction(result.samples, *rows) if result.samples else
                 predict(result.factors, *rows, bounds=result.settings.bounds))
    return root_mean_squared_error(predicted.numpy().clip(*clip), held.values), result.seconds


def _of_estimator(model: CollabFilter, learnt: Ratings, held: Ratings, _) -> tuple[float, float]:
    fitted = type(model)(**model.get_params()).fit(learnt)
    return -fitted.score(held), fitted.result_.seconds
