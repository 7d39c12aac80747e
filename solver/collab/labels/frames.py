"""Tables in memory, as pandas and numpy hold them, to Ratings: long tables, crosstabs, and columns with y.

Each distinct id is looked at once and no number becomes a Python object, so that 25 million rows are
read in seconds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from solver.data.rated import sorted_pairs
from solver.data.ratings import Ratings
from solver.errors import UserError
from solver.reading.evidence import Guess, found_against
from solver.reading.looked_at.column_roles import find_by_name
from solver.reading.looked_at.rating_names import RATING_ROLES, TIME_ROLE
from solver.reading.looked_at.rating_texts import LARGEST_RATING
from solver.reading.missing_marks import note_on_marks

from .frame_columns import (
    column_of_ratings,
    factorized_ids,
    number_column,
    plain_labels,
    row_told,
    times_in_column,
    weights_of_rows,
)
from .id_labels import shown_label
from .in_memory import as_frame, sparse_ratings

_PAIR = RATING_ROLES[:2]
_ROLES = (*RATING_ROLES, TIME_ROLE)
_SAMPLED_ROWS = 200
_HOW_LONG = "For a long table call its columns user, item, rating; for a crosstab make the users its index."


def ratings_from(X, y=None, *, weights=None, unrated: float | None = None) -> tuple[Ratings, tuple[str, ...]]:
    """The ratings of a table, and notes on what was odd in it.

    With `y`, X holds the columns of users and items, and y the ratings. Ratings are taken as they
    are. With `unrated`, a table may have columns of users and items only, and that is each pair's
    value. Any other table is

    - long, if columns called user, item and rating (under any of their usual names) are there;
    - else a crosstab (users × items, NaN where nobody rated), if its rows or its columns have a
      name, or its rows are labelled by anything but whole numbers, or it has more than four columns;
    - else long: users, items, ratings and times are its first columns.

    `weights` say how much each rating counts: a number for every row of a long table, for every element of y, or for every
    rating of Ratings.

    A table of more than four columns with names, whose rows have no labels, may be either and is
    refused. Labels stand in order of first appearance; of a pair rated twice the last rating is
    kept. Raises UserError for anything that is no rating.
    """
    if isinstance(X, Ratings):
        if y is not None:
            raise UserError("X holds ratings already: leave out y.")
        return (X if weights is None else replace(X, weights=weights_of_rows(weights, len(X)))), ()
    sparse = sparse_ratings(X)
    if sparse is not None:
        _refuse_weights_of_a_table(weights)
        return sparse, (f"The sparse matrix was read as {sparse.n_users:,} users × {sparse.n_items:,} items; the entries that it "
                        "stores are the ratings.",)
    table = as_frame(X)
    counts = None if weights is None else weights_of_rows(weights, len(table))
    if y is not None:
        users, items = pairs_from(table)
        return _long(users, items, column_of_ratings(y, len(table)), None, weights=counts)
    at = find_by_name(_names(table), _ROLES)
    if unrated is not None and (None not in at[:2] or table.shape[1] == 2) and at[2] is None:
        users, items = pairs_from(table)
        return _long(users, items, pd.Series(unrated, users.index), None if at[3] is None else table.iloc[:, at[3]], weights=counts)
    if None in at[:3]:
        if _is_crosstab(table, at):
            _refuse_weights_of_a_table(weights)
            return _crosstab(table)
        if table.shape[1] < 3:
            raise UserError(f"The table has {_columns(table)}, and three are needed: user, item, rating. {_HOW_LONG}")
        at = [0, 1, 2, 3 if table.shape[1] > 3 else None]
        _refuse_contradicted(table)
        ratings, notes = _long(*(None if n is None else table.iloc[:, n] for n in at), weights=counts)
        return ratings, (f"No columns are called user, item and rating; the first three were taken for them: "
                         f"{_columns(table.iloc[:, :3])}.", *notes)
    return _long(*(None if n is None else table.iloc[:, n] for n in at), weights=counts)


def pairs_from(X) -> tuple[pd.Series, pd.Series]:
    """The columns of users and items of a table: by their usual names, else the first two. Those of Ratings
    are categorical: each label once, and its number for every rating."""
    if isinstance(X, Ratings):
        users, items = (pd.Series(pd.Categorical.from_codes(index, pd.Index(list(labels), tupleize_cols=False)))
                        for labels, index in ((X.users, X.user_index), (X.items, X.item_index)))
        return users, items
    table = as_frame(X)
    user, item = find_by_name(_names(table), _PAIR)
    if user is None or item is None:
        if not table.size:  # no pairs, such as an empty list
            return pd.Series(dtype=object), pd.Series(dtype=object)
        if table.shape[1] < 2:
            raise UserError(f"The table has {_columns(table)}, and two are needed: user, item. Name them so.")
        user, item = 0, 1
    return table.iloc[:, user], table.iloc[:, item]


def times_from(X) -> np.ndarray | None:
    """(n,) float64 the times of a table, where it has a column with one of their usual names, or those of Ratings; NaN where there is none."""
    if isinstance(X, Ratings):
        return X.times
    if not isinstance(X, pd.DataFrame):
        return None
    at, = find_by_name(_names(X), (TIME_ROLE,))
    return None if at is None else times_in_column(X.iloc[:, at])


def _refuse_contradicted(table: pd.DataFrame) -> None:
    """Raise UserError where the first three columns, taken for user, item and rating, hold something else."""
    sample = table.head(_SAMPLED_ROWS).astype(str).to_numpy().tolist()
    try:
        different = table.iloc[:, 0].is_unique, table.iloc[:, 1].is_unique
    except TypeError:   # what cannot be an id is said by who reads it
        return
    against = found_against(Guess([shown_label(name) for name in table.columns], (0, 1, 2), sample, len(table), different))
    if against:
        raise UserError(f"{against[0][:1].upper()}{against[0][1:]}. Call the columns user, item and rating: those at {against[1]}.")


def _names(table: pd.DataFrame) -> list[str]:
    return [name if isinstance(name, str) else "" for name in table.columns]


def _is_crosstab(table: pd.DataFrame, at: list[int | None]) -> bool:
    named = all(isinstance(name, str) for name in table.columns)
    counted = isinstance(table.index, pd.RangeIndex) and table.index.name is None
    if table.columns.name is not None or not (counted or (table.index.name is None and table.index.dtype.kind in "iu")):
        return True
    if table.shape[1] > 4 and named and counted:
        found = [role.name for role, position in zip(RATING_ROLES, at) if position is not None]
        some = f", of which only {' and '.join(found)} could be told" if found else ""
        raise UserError(f"The table has {_columns(table)}{some}. {_HOW_LONG}")
    return table.shape[1] > 4


def _crosstab(table: pd.DataFrame) -> tuple[Ratings, tuple[str, ...]]:
    for name, column in table.items():
        if not (pd.api.types.is_numeric_dtype(column) or column.isna().all()) or column.dtype == bool:
            number_column(column.dropna(), f"the column {shown_label(name)}")  # names a text; numbers as objects pass
    for labels, what in ((table.index, "user"), (table.columns, "item")):
        if labels.has_duplicates:
            raise UserError(f"The crosstab has the {what} {shown_label(labels[labels.duplicated()][0])} twice. Merge them.")
        if labels.hasnans:
            raise UserError(f"A {'row' if what == 'user' else 'column'} of the crosstab names no {what}. Name it.")
    ratings = Ratings.from_crosstab(table.to_numpy(dtype=np.float64, na_value=np.nan), plain_labels(table.index),
                                    plain_labels(table.columns))
    if len(ratings) == table.size and ratings.values.min() == 0 and (zeros := float((ratings.values == 0).mean())) > 0.5:
        raise UserError(f"0 stands in {100 * zeros:.0f} % of the cells. If it means unrated, write NaN there (table.where(table != 0)), or "
                        "give a sparse matrix; if it is a rating, give Ratings.from_crosstab.")
    wrong = ~(np.abs(ratings.values) <= LARGEST_RATING)
    if wrong.any():
        n = int(wrong.argmax())
        raise UserError(f"The rating of {shown_label(ratings.items[ratings.item_index[n]])} by "
                        f"{shown_label(ratings.users[ratings.user_index[n]])} is {ratings.values[n]:g}, "
                        "which cannot be computed with. Correct or clear it.")
    return ratings, (f"The table was read as a crosstab of {ratings.n_users:,} users × {ratings.n_items:,} items.",)


def _long(users: pd.Series, items: pd.Series, values: pd.Series, times: pd.Series | None, *, weights: np.ndarray | None):
    if not len(users):
        raise UserError("The table holds no rating. Give a row for every rating: user, item, rating.")
    numbers = number_column(values, "the rating")
    user_index, user_labels = factorized_ids(users, "user")
    item_index, item_labels = factorized_ids(items, "item")
    ratings = Ratings(user_labels, item_labels, user_index, item_index, numbers,
                      None if times is None else times_in_column(times), weights=weights)
    pairs, notes = sorted_pairs(ratings), tuple(note_on_marks(numbers))
    if not (pairs[1:] == pairs[:-1]).any():
        return ratings, notes
    pair = pd.Series(user_index.astype(np.int64) * len(item_labels) + item_index)
    again = pair.duplicated().to_numpy()
    if ratings.times is None:
        last = ~pair.duplicated(keep="last").to_numpy()
    else:
        last = np.empty(len(pair), bool)
        order = np.lexsort((ratings.times, pair))
        last[order] = ~pair.iloc[order].duplicated(keep="last").to_numpy()
    row = int(again.argmax())
    n = pair[again].nunique()
    return ratings.take(last), (f"{row_told(users, row)} rates the same user and item as an earlier row; of {n:,} "
                                f"pair{'s' * (n > 1)} rated more than once the {'last' if ratings.times is None else 'latest'} rating was kept.", *notes)


def _refuse_weights_of_a_table(weights) -> None:
    if weights is not None:
        raise UserError("sample_weight is a number for every row, and a crosstab or a sparse matrix has no row for every rating. Give a long "
                        "table, or columns of users and items with y.")


def _columns(table: pd.DataFrame) -> str:
    n = table.shape[1]
    some = ", ".join(shown_label(name) for name in table.columns[:6]) + (", …" if n > 6 else "")
    return f"{n} column{'s' * (n != 1)}: {some}" if n else "no columns"
