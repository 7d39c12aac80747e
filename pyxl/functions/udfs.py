"""Functions for cells: xlwings' Import Functions makes them functions of the workbook, on Windows.

Each takes whole ranges, does nothing that takes over a second, and gives a value or, where it cannot, a
sentence: of an exception Excel would show a traceback. What they compute is in `cell_functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import xlwings as xw

from solver.errors import UserError

from . import cell_functions as functions
from .cell_blocks import how_many
from .fit_functions import fill_cells, fit_cells

# As lists and not as numpy's arrays: there one text among numbers makes texts of them all. xlwings
# would read type hints as conversions, so the functions have none.
_CELLS = {"ndim": 2, "err_to_str": True}
_FACTORS = "a block of factors; an item a column, as on the crosstab sheets, or a row"
_CATEGORY = "collabsheet"


def _or_a_sentence(function: Callable) -> Callable:
    @wraps(function)
    def in_a_cell(*arguments):
        try:
            return function(*arguments)
        except UserError as why:
            return str(why)
    return in_a_cell


def _padded(rows: list, n) -> list[list]:
    """As many rows as were asked for: a formula that fills n rows shows blanks, not #N/A, in the last."""
    return [list(row) for row in rows] + [["", ""]] * (how_many(n) - len(rows))


@xw.func(category=_CATEGORY)
@xw.arg("user_factors", doc="a block of factors, a user a row", **_CELLS)
@xw.arg("item_factors", doc=_FACTORS, **_CELLS)
@xw.arg("user_bias", doc="the users' biases", **_CELLS)
@xw.arg("item_bias", doc="the items' biases", **_CELLS)
@xw.arg("lo", doc="lower end of a bounded model's range", **_CELLS)
@xw.arg("hi", doc="upper end of a bounded model's range", **_CELLS)
@_or_a_sentence
def CF_PREDICT(user_factors, item_factors, user_bias=None, item_bias=None, lo=None, hi=None):
    """The ratings that factors predict: a row for every user, a column for every item."""
    return functions.predictions(user_factors, item_factors, user_bias, item_bias, lo, hi).tolist()


@xw.func(category=_CATEGORY)
@xw.arg("ratings", doc="a block of ratings, blank where nobody rated", **_CELLS)
@xw.arg("predictions", doc="a block of predictions of the same size", **_CELLS)
@_or_a_sentence
def CF_RMSE(ratings, predictions):
    """The root of the mean squared error of predictions, over the cells where there is a rating."""
    return functions.rmse_of_cells(ratings, predictions)


@xw.func(category=_CATEGORY)
@xw.arg("item_factors", doc=_FACTORS, **_CELLS)
@xw.arg("item", doc="the item's number, from 1, or its title", **_CELLS)
@xw.arg("n", doc="how many", **_CELLS)
@xw.arg("titles", doc="the items' titles; without them items are numbers", **_CELLS)
@_or_a_sentence
def CF_SIMILAR(item_factors, item, n, titles=None):
    """The n items whose factors lie most nearly in the same direction from the mean item: a row for each, item and cosine."""
    return _padded(functions.similar_items(item_factors, item, n, titles), n)


@xw.func(category=_CATEGORY)
@xw.arg("ratings_row", doc="a rating for each item, or a blank", **_CELLS)
@xw.arg("item_factors", doc=_FACTORS, **_CELLS)
@xw.arg("item_bias", doc="the items' biases", **_CELLS)
@xw.arg("weight_decay", doc="pull to the mean user, for each rating; left out: what suits few ratings and many", **_CELLS)
@xw.arg("user_factors", doc="the users among whom the new one is; without them the mean user is 0", **_CELLS)
@xw.arg("user_bias", doc="their biases; without them nothing pulls the new user's bias", **_CELLS)
@xw.arg("spread", doc="the standard deviation of all ratings; 1 if left out", **_CELLS)
@_or_a_sentence
def CF_FOLD_IN(ratings_row, item_factors, item_bias=None, weight_decay=None, user_factors=None, user_bias=None, spread=None):
    """The factors of a new user who gave these ratings, in a row; their bias before them where items have one."""
    return [functions.fold_in_cells(ratings_row, item_factors, item_bias, weight_decay, user_factors, user_bias, spread).tolist()]


@xw.func(category=_CATEGORY)
@xw.arg("ratings_row", doc="a user's ratings, blank where there is none", **_CELLS)
@xw.arg("predictions_row", doc="a prediction for every item: the user's row of the filled table", **_CELLS)
@xw.arg("titles", doc="the items' titles", **_CELLS)
@xw.arg("n", doc="how many", **_CELLS)
@_or_a_sentence
def CF_TOP_N(ratings_row, predictions_row, titles, n):
    """The n items predicted highest of those without a rating: a row for each, title and prediction."""
    return _padded(functions.best_unrated(ratings_row, predictions_row, titles, n), n)


_OF_A_FIT = {
    "ratings": "a block of ratings, a user a row, blank where nobody rated",
    "k": "how many factors",
    "model": "bias (also if left out), dotprod or bounded",
    "weight_decay": "pull to the average user and item; left out it is chosen by cross-validation",
    "seed": "of the start values; 0 if left out",
}


def _fits(function: Callable) -> Callable:
    """A function of the workbook that takes what a fit takes."""
    for name, doc in _OF_A_FIT.items():
        function = xw.arg(name, doc=doc, **_CELLS)(function)
    return xw.func(category=_CATEGORY)(function)


@_fits
@_or_a_sentence
def CF_FIT(ratings, k, model=None, weight_decay=None, seed=None):
    """Bias and factors that fit the ratings best: a row for every user, and below them a row for every item."""
    return fit_cells(ratings, k, model, weight_decay, seed).tolist()


@_fits
@_or_a_sentence
def CF_FILL(ratings, k, model=None, weight_decay=None, seed=None):
    """The ratings, with a prediction where there is none, by the model that fits them best."""
    return fill_cells(ratings, k, model, weight_decay, seed).tolist()


CELL_FUNCTIONS = {function.__name__: function for function in (CF_PREDICT, CF_RMSE, CF_SIMILAR, CF_FOLD_IN, CF_TOP_N, CF_FIT, CF_FILL)}
