"""What `CF_FIT` and `CF_FILL` compute: a factor model fitted in a cell, to a block of ratings that is small enough.

A sheet recalculates often, so a fit is kept by what it was made from, and a block whose fit would take over a second is
refused: there the button, or `collabsheet fit`, is the way.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from solver.errors import UserError

from .cell_blocks import BlockInCells, how_many, is_blank, number_in, numbers_in, rows_of_cells

if TYPE_CHECKING:
    from solver import FitResult

MOST_IN_A_CELL = 4_000        # fitted within a second with a given weight decay; 50 × 100 whole
MOST_TO_CHOOSE = 300        # and with one to be chosen by cross-validation; a bit more than the lesson's 15 × 15
_KEPT = 32                  # fits
_MODELS = {"dot": "dot", "dotprod": "dot", "dot+bias": "dot+bias", "bias": "dot+bias", "bounded": "bounded"}


def fit_cells(ratings: BlockInCells, k: BlockInCells, model: BlockInCells = None, weight_decay: BlockInCells = None,
              seed: BlockInCells = None) -> np.ndarray:
    """(users + items, 1 + k) bias and `k` factors of every user, a row each, and below them of every item; without biases
    (users + items, k). `model` is bias (also if blank), dotprod or bounded; `weight_decay` blank is chosen."""
    result = _fitted(ratings, k, model, weight_decay, seed)[0]
    factors = [getattr(result.factors, side).numpy() for side in ("user", "item")]
    if result.factors.user_bias is not None:
        factors = [np.column_stack([getattr(result.factors, f"{side}_bias").numpy(), rows])
                   for side, rows in zip(("user", "item"), factors)]
    return np.concatenate(factors)


def fill_cells(ratings: BlockInCells, k: BlockInCells, model: BlockInCells = None, weight_decay: BlockInCells = None,
               seed: BlockInCells = None) -> np.ndarray:
    """(users, items) the ratings, and where there is none what the fitted model predicts; arguments as for `fit_cells`.

    A user without any rating is taken for the average one, and so is an item."""
    from solver import predict_table

    result, table = _fitted(ratings, k, model, weight_decay, seed)
    rated = {"user": ~np.isnan(table).all(1), "item": ~np.isnan(table).all(0)}

    def averaged(side: str, rows):
        return rows if rated[side].all() else rows.where(
            _column(rated[side], rows.ndim), rows[rated[side].nonzero()[0]].mean(0))
    factors = result.factors.with_tensors({name: averaged(name.partition("_")[0], rows) for name, rows in result.factors.tensors().items()})
    return np.where(np.isnan(table), predict_table(factors, bounds=result.settings.bounds).numpy(), table)


def _column(flags: np.ndarray, dimensions: int):
    import torch
    return torch.as_tensor(flags.reshape(-1, *(1,) * (dimensions - 1)))


def _fitted(ratings: BlockInCells, k: BlockInCells, model: BlockInCells, weight_decay: BlockInCells, seed: BlockInCells) -> tuple[FitResult, np.ndarray]:
    """The fit, and the table of ratings (users, items), NaN where there is none."""
    table = numbers_in(ratings, "ratings", blanks=True)
    wanted = "bias" if is_blank(model) else str(rows_of_cells(model)[0][0]).strip().casefold()
    if wanted not in _MODELS:
        raise UserError(f"model is '{wanted}'. Give one of: dotprod, bias, bounded.")
    decay = None if is_blank(weight_decay) or str(rows_of_cells(weight_decay)[0][0]).strip().casefold() == "auto" else number_in(weight_decay, "weight_decay")
    n, most = int((~np.isnan(table)).sum()), MOST_IN_A_CELL if decay is not None else MOST_TO_CHOOSE
    if n > most:
        hint = "Give a weight_decay, such as 0.1, or press Fit" if decay is None and n <= MOST_IN_A_CELL else "Press Fit"
        raise UserError(f"ratings holds {n:,} ratings; a fit in a cell that is done within a second takes {most:,} at most. {hint}.")
    start = 0 if is_blank(seed) else how_many(seed, "seed", least=0)
    return _fit(table.tobytes(), table.shape, how_many(k, "k"), _MODELS[wanted], decay, start), table


@lru_cache(maxsize=_KEPT)
def _fit(cells: bytes, shape: tuple[int, int], k: int, model: str, weight_decay: float | None, seed: int) -> FitResult:
    from solver import Ratings, Settings, fit
    from solver.model.rating_bounds import default_bounds

    table = np.frombuffer(cells).reshape(shape)
    ratings = Ratings.from_crosstab(table, range(1, shape[0] + 1), range(1, shape[1] + 1))
    if not len(ratings):
        raise UserError("ratings holds no number. Give a block with two ratings at least.")
    low, high = default_bounds(ratings.values) if model == "bounded" else (None, None)
    return fit(ratings, None, Settings(model=model, n_factors=k, weight_decay=weight_decay, seed=seed, low=low, high=high))
