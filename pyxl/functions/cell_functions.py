"""What the functions in cells compute, as ordinary Python functions of blocks of cells.

A block is what a range holds: rows of numbers, texts and blanks (None, ``""`` or NaN); one row may be a
flat list, one cell a number. Each function raises UserError, a sentence that names argument, row and column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from solver.collab.recommend import decay_ridge, newcomer_ridge, predictions_for, similar, top_n
from solver.collab.recommend import fold_in as fold_in_row
from solver.errors import UserError

_Block = Any     # a number, a row, or rows of cells


def predictions(user_factors: _Block, item_factors: _Block, user_bias: _Block = None, item_bias: _Block = None,
                low: _Block = None, high: _Block = None) -> np.ndarray:
    """(users, items) what the model predicts: p_u·q_i + b_u + b_i, bent into `low` to `high` where these
    are given. A user is a row; an item is a column, as on the crosstab sheets, or a row, as on
    `embedding`: the number of factors says which, and in a square it is a column."""
    users = _numbers(user_factors, "user_factors")
    items = _items(_numbers(item_factors, "item_factors"), users.shape[1], users)
    user_bias, item_bias = _bias(user_bias, "user_bias", len(users)), _bias(item_bias, "item_bias", len(items))
    features = np.concatenate([items, np.ones((len(items), 1))], axis=1)
    bounds = _bounds(low, high)
    return np.array([predictions_for(np.append(row, bias), features, item_bias, bounds=bounds)
                     for row, bias in zip(users, user_bias)])


def rmse_of_cells(ratings: _Block, predicted: _Block) -> float:
    """The root of the mean squared error over the cells where there is a rating."""
    ratings, predicted = _numbers(ratings, "ratings", blanks=True), _numbers(predicted, "predictions", blanks=True)
    if ratings.shape != predicted.shape:
        raise UserError(f"ratings has {_size(ratings)}, predictions has {_size(predicted)}. Give blocks of one size.")
    rated = ~np.isnan(ratings)
    if not rated.any():
        raise UserError("ratings holds no number. Give a block with a rating at least.")
    if np.isnan(predicted[rated]).any():
        row, col = np.argwhere(rated & np.isnan(predicted))[0] + 1
        raise UserError(f"predictions, row {row}, column {col}, is blank where there is a rating.")
    return float(np.sqrt(np.mean((ratings[rated] - predicted[rated]) ** 2)))


def similar_items(item_factors: _Block, item: _Block, n: _Block, titles: _Block = None) -> list[tuple[Any, float]]:
    """(item, cosine) of the `n` items whose factors point most nearly the way of `item`'s.

    Items are numbers from 1, or titles where `titles` are given. An item is a row or a column of
    the block as its titles are; without titles the longer side counts the items, and in a square it
    is a column.
    """
    rows, names = _numbers(item_factors, "item_factors"), None
    if is_blank(titles):
        rows = rows.T if rows.shape[1] >= rows.shape[0] else rows
    else:
        texts = _as_rows(titles)
        names = [cell for row in texts for cell in row]
        rows = _of_length(rows, len(names), "titles", across=len(texts) == 1)
    found, cosines = similar(rows, _position(item, len(rows), names), how_many(n))
    return [(names[i] if names else int(i) + 1, float(cosine)) for i, cosine in zip(found, cosines)]


def fold_in_cells(ratings_row: _Block, item_factors: _Block, item_bias: _Block = None, weight_decay: _Block = None,
            user_factors: _Block = None, user_bias: _Block = None, spread: _Block = None) -> np.ndarray:
    """(k,) the factors of a new user who gave these ratings, or (1 + k,) with their bias before them
    where `item_bias` is given.

    Least squares, pulled to the mean of the users in `user_factors` and `user_bias`
    (`solver.collab.recommend.fold_in`): by `weight_decay` for each rating, or, where it is blank, as much as suits few
    ratings and many (`newcomer_ridge`). `spread` is the standard deviation of all ratings, 1 if blank. Without
    `user_factors` their mean is 0; without `user_bias` nothing pulls the bias.
    """
    ratings = _numbers(ratings_row, "ratings_row", blanks=True).ravel()
    items = _of_length(_numbers(item_factors, "item_factors"), len(ratings), "ratings_row", across=True)
    rated, k, biases = ~np.isnan(ratings), items.shape[1], not is_blank(item_bias)
    scale = 1.0 if is_blank(spread) else _number(spread, "spread")
    if scale <= 0:
        raise UserError(f"spread is {scale:g}. Give the standard deviation of the ratings, a number above 0.")
    if is_blank(weight_decay):
        ridge = newcomer_ridge(k, biases=biases, spread=scale)
    else:
        decay = _number(weight_decay, "weight_decay")
        if decay < 0:
            raise UserError(f"weight_decay is {decay:g}. Give a number of 0 or more.")
        ridge = decay_ridge(decay, int(rated.sum()), k, biases=biases, spread=scale)
    typical = [np.zeros(k)] if is_blank(user_factors) else [_mean(_numbers(user_factors, "user_factors"), k)]
    base = np.zeros(len(items))
    if biases:
        base = _bias(item_bias, "item_bias", len(items))
        items = np.concatenate([items, np.ones((len(items), 1))], axis=1)
        typical.append(np.array([0.0 if is_blank(user_bias) else _numbers(user_bias, "user_bias").mean()]))
        ridge[-1] *= not is_blank(user_bias)
    x = fold_in_row(items[rated], base[rated], ratings[rated], typical=np.concatenate(typical), ridge=ridge)
    return np.roll(x, 1) if biases else x


def best_unrated(ratings_row: _Block, predictions_row: _Block, titles: _Block, n: _Block) -> list[tuple[Any, float]]:
    """(title, prediction) of the `n` items without a rating that are predicted highest, best first.

    Of equals the first comes first. `predictions_row` predicts every item, as a row of the filled
    table does; a block that shows 0 where nobody rated is refused.
    """
    ratings = _numbers(ratings_row, "ratings_row", blanks=True).ravel()
    predicted = _numbers(predictions_row, "predictions_row", blanks=True).ravel()
    names = [cell for row in _as_rows(titles) for cell in row]
    for what, cells in (("predictions_row", predicted), ("titles", names)):
        if len(cells) != len(ratings):
            raise UserError(f"{what} has {len(cells)} cells, ratings_row has {len(ratings)}. Give one for each item.")
    seen = np.flatnonzero(~np.isnan(ratings))
    unrated = np.delete(predicted, seen)
    if len(unrated) and not unrated.any():
        raise UserError("All items without a rating are predicted 0, which in a block of predictions stands for 'not "
                        "rated'. Give the row of the filled table.")
    return [(names[i], float(predicted[i])) for i in top_n(predicted, how_many(n), seen=seen)]


# -- reading blocks ---------------------------------------------------------------------------------

def _as_rows(block: _Block) -> list[list]:
    """A block as rows of cells."""
    if isinstance(block, np.ndarray):
        block = block.tolist()
    if not isinstance(block, (list, tuple)):
        return [[block]]
    return [list(row) for row in block] if block and isinstance(block[0], (list, tuple)) else [list(block)]


def _numbers(block: _Block, what: str, *, blanks: bool = False) -> np.ndarray:
    """(rows, columns) float64; where blanks are allowed they are NaN."""
    rows = _as_rows(block)
    table = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if _is_number(cell):
                table[i, j] = cell
            elif not (blanks and _blank(cell)):
                found = "blank" if _blank(cell) else str(cell) if str(cell).startswith("#") else repr(cell)
                raise UserError(f"{what}, row {i + 1}, column {j + 1}, is {found}, not a number.")
    if not table.size:
        raise UserError(f"{what} is empty. Give a range of cells.")
    return table


def _number(block: _Block, what: str) -> float:
    """The number of one cell."""
    table = _numbers(block, what)
    if table.size != 1:
        raise UserError(f"{what} has {_size(table)}. Give one cell, or a number.")
    return float(table[0, 0])


def how_many(block: _Block) -> int:
    """How many are asked for."""
    n = _number(block, "n")
    if n < 1 or n != int(n):
        raise UserError(f"n is {n:g}. Give a whole number of 1 or more.")
    return int(n)


def is_blank(block: _Block) -> bool:
    """Whether an argument was left out, or all of its cells are blank."""
    return all(_blank(cell) for row in _as_rows(block) for cell in row)


def _is_number(cell) -> bool:
    return isinstance(cell, Real) and not isinstance(cell, bool) and math.isfinite(cell)


def _blank(cell) -> bool:
    return cell is None or cell == "" or cell != cell


def _size(table: np.ndarray) -> str:
    return f"{table.shape[0]} × {table.shape[1]} cells"


def _bias(block: _Block, what: str, n: int) -> np.ndarray:
    """(n,) biases; 0 where there are none."""
    if is_blank(block):
        return np.zeros(n)
    bias = _numbers(block, what).ravel()
    if len(bias) != n:
        raise UserError(f"{what} has {len(bias)} cells, and there are {n} {what.partition('_')[0]}s. Give one for each.")
    return bias


def _items(table: np.ndarray, k: int, users: np.ndarray) -> np.ndarray:
    """(m, k): an item a row."""
    if k not in table.shape:
        raise UserError(f"user_factors has {_size(users)}, item_factors {_size(table)}: items need as many factors as "
                        "a row of users has.")
    return table.T if table.shape[0] == k else table


def _of_length(table: np.ndarray, n: int, what: str, *, across: bool) -> np.ndarray:
    """With an item a row, where `what` has `n` cells; a square has an item a column if `across`."""
    if n in table.shape:
        columns = table.shape[1] == n and (across or table.shape[0] != n)
        return table.T if columns else table
    raise UserError(f"item_factors has {_size(table)}, {what} has {n}. Give factors for as many items.")


def _mean(users: np.ndarray, k: int) -> np.ndarray:
    """(k,) the mean user."""
    if users.shape[1] != k:
        raise UserError(f"user_factors has {_size(users)}, and items have {k} factors. Give a user a row, with as many.")
    return users.mean(axis=0)


def _bounds(low: _Block, high: _Block) -> tuple[float, float] | None:
    if is_blank(low) and is_blank(high):
        return None
    low, high = _number(low, "lo"), _number(high, "hi")
    if not low < high:
        raise UserError(f"lo is {low:g} and hi is {high:g}. Give two numbers, the lower one first.")
    return low, high


def _position(item: _Block, n: int, names: Sequence | None) -> int:
    """The row of an item, given by its number or, where there are titles, by its title."""
    asked = _as_rows(item)[0][0]
    if names is not None:
        same = [i for i, name in enumerate(names) if str(name).casefold() == str(asked).casefold()]
        if not same:
            raise UserError(f"{asked!r} is none of the titles.")
        return same[0]
    position = _number(item, "item")
    if position != int(position) or not 1 <= position <= n:
        raise UserError(f"item is {position:g}. Give a whole number from 1 to {n}.")
    return int(position) - 1
