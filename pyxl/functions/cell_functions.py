"""What the functions in cells compute, as ordinary Python functions of blocks of cells.

What a block of cells is, says `cell_blocks`. Each function raises UserError, a sentence that names argument, row and column.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.collab.answers.recommend import decay_ridge, newcomer_ridge, predictions_for, similar, top_n
from solver.collab.answers.recommend import fold_in as fold_in_row
from solver.errors import UserError

from .cell_blocks import (
    BlockInCells,
    biases_in,
    bounds_in,
    how_many,
    is_blank,
    items_in,
    mean_user,
    number_in,
    numbers_in,
    of_length,
    position_of,
    rows_of_cells,
    size_of,
)


def predictions(user_factors: BlockInCells, item_factors: BlockInCells, user_bias: BlockInCells = None, item_bias: BlockInCells = None,
                low: BlockInCells = None, high: BlockInCells = None) -> np.ndarray:
    """(users, items) what the model predicts: p_u·q_i + b_u + b_i, bent into `low` to `high` where these
    are given. A user is a row; an item is a column, as on the crosstab sheets, or a row, as on
    `embedding`: the number of factors says which, and in a square it is a column."""
    users = numbers_in(user_factors, "user_factors")
    items = items_in(numbers_in(item_factors, "item_factors"), users.shape[1], users)
    user_bias, item_bias = biases_in(user_bias, "user_bias", len(users)), biases_in(item_bias, "item_bias", len(items))
    features = np.concatenate([items, np.ones((len(items), 1))], axis=1)
    bounds = bounds_in(low, high)
    return np.array([predictions_for(np.append(row, bias), features, item_bias, bounds=bounds)
                     for row, bias in zip(users, user_bias)])


def rmse_of_cells(ratings: BlockInCells, predicted: BlockInCells) -> float:
    """The root of the mean squared error over the cells where there is a rating."""
    ratings, predicted = numbers_in(ratings, "ratings", blanks=True), numbers_in(predicted, "predictions", blanks=True)
    if ratings.shape != predicted.shape:
        raise UserError(f"ratings has {size_of(ratings)}, predictions has {size_of(predicted)}. Give blocks of one size.")
    rated = ~np.isnan(ratings)
    if not rated.any():
        raise UserError("ratings holds no number. Give a block with a rating at least.")
    if np.isnan(predicted[rated]).any():
        row, col = np.argwhere(rated & np.isnan(predicted))[0] + 1
        raise UserError(f"predictions, row {row}, column {col}, is blank where there is a rating.")
    return float(np.sqrt(np.mean((ratings[rated] - predicted[rated]) ** 2)))


def similar_items(item_factors: BlockInCells, item: BlockInCells, n: BlockInCells, titles: BlockInCells = None) -> list[tuple[Any, float]]:
    """(item, cosine) of the `n` items whose factors lie, seen from the mean of all, most nearly in the direction of `item`'s.

    Items are numbers from 1, or titles where `titles` are given. An item is a row or a column of
    the block as its titles are; without titles the longer side counts the items, and in a square it
    is a column.
    """
    rows, names = numbers_in(item_factors, "item_factors"), None
    if is_blank(titles):
        rows = rows.T if rows.shape[1] >= rows.shape[0] else rows
    else:
        texts = rows_of_cells(titles)
        names = [cell for row in texts for cell in row]
        rows = of_length(rows, len(names), "titles", across=len(texts) == 1)
    found, cosines = similar(rows, position_of(item, len(rows), names), how_many(n))
    return [(names[i] if names else int(i) + 1, float(cosine)) for i, cosine in zip(found, cosines)]


def fold_in_cells(ratings_row: BlockInCells, item_factors: BlockInCells, item_bias: BlockInCells = None, weight_decay: BlockInCells = None,
            user_factors: BlockInCells = None, user_bias: BlockInCells = None, spread: BlockInCells = None) -> np.ndarray:
    """(k,) the factors of a new user who gave these ratings, or (1 + k,) with their bias before them
    where `item_bias` is given.

    Least squares, pulled to the mean of the users in `user_factors` and `user_bias`
    (`solver.collab.answers.recommend.fold_in`): by `weight_decay` for each rating, or, where it is blank, as much as suits few
    ratings and many (`newcomer_ridge`). `spread` is the standard deviation of all ratings, 1 if blank. Without
    `user_factors` their mean is 0; without `user_bias` nothing pulls the bias.
    """
    ratings = numbers_in(ratings_row, "ratings_row", blanks=True).ravel()
    items = of_length(numbers_in(item_factors, "item_factors"), len(ratings), "ratings_row", across=True)
    rated, k, biases = ~np.isnan(ratings), items.shape[1], not is_blank(item_bias)
    scale = 1.0 if is_blank(spread) else number_in(spread, "spread")
    if scale <= 0:
        raise UserError(f"spread is {scale:g}. Give the standard deviation of the ratings, a number above 0.")
    if is_blank(weight_decay):
        ridge = newcomer_ridge(k, biases=biases, spread=scale)
    else:
        decay = number_in(weight_decay, "weight_decay")
        if decay < 0:
            raise UserError(f"weight_decay is {decay:g}. Give a number of 0 or more.")
        ridge = decay_ridge(decay, int(rated.sum()), k, biases=biases, spread=scale)
    typical = [np.zeros(k)] if is_blank(user_factors) else [mean_user(numbers_in(user_factors, "user_factors"), k)]
    base = np.zeros(len(items))
    if biases:
        base = biases_in(item_bias, "item_bias", len(items))
        items = np.concatenate([items, np.ones((len(items), 1))], axis=1)
        typical.append(np.array([0.0 if is_blank(user_bias) else numbers_in(user_bias, "user_bias").mean()]))
        ridge[-1] *= not is_blank(user_bias)
    x = fold_in_row(items[rated], base[rated], ratings[rated], typical=np.concatenate(typical), ridge=ridge)
    return np.roll(x, 1) if biases else x


def best_unrated(ratings_row: BlockInCells, predictions_row: BlockInCells, titles: BlockInCells, n: BlockInCells) -> list[tuple[Any, float]]:
    """(title, prediction) of the `n` items without a rating that are predicted highest, best first.

    Of equals the first comes first. `predictions_row` predicts every item, as a row of the filled
    table does; a block that shows 0 where nobody rated is refused.
    """
    ratings = numbers_in(ratings_row, "ratings_row", blanks=True).ravel()
    predicted = numbers_in(predictions_row, "predictions_row", blanks=True).ravel()
    names = [cell for row in rows_of_cells(titles) for cell in row]
    for what, cells in (("predictions_row", predicted), ("titles", names)):
        if len(cells) != len(ratings):
            raise UserError(f"{what} has {len(cells)} cells, ratings_row has {len(ratings)}. Give one for each item.")
    seen = np.flatnonzero(~np.isnan(ratings))
    unrated = np.delete(predicted, seen)
    if len(unrated) and not unrated.any():
        raise UserError("All items without a rating are predicted 0, which in a block of predictions stands for 'not "
                        "rated'. Give the row of the filled table.")
    return [(names[i], float(predicted[i])) for i in top_n(predicted, how_many(n), seen=seen)]
