"""Ratings: who rated what, and how. Labels, indices and values in one small frozen object."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from solver.errors import UserError


@dataclass(frozen=True, eq=False)
class Ratings:
    """Rated (user, item) pairs.

    `users` and `items` are the labels (ids or titles), in the order of the factors' rows.
    `user_index`, `item_index` (n_ratings,) int64, or int32 in large data, point into them;
    `values` (n_ratings,) float64, or float32, are the ratings; `times` (n_ratings,), where they
    are known, say when, in any unit. `item_columns` (n_items, g), where there are any, say what else is
    known of the items: genres, say; `user_columns` (n_users, g) likewise. `weights` (n_ratings,), above 0, say how much
    each counts, 2 as much as a rating that is there twice; None: all alike.
    Unrated pairs are simply absent, so a blank can never enter a loss.
    """

    users: tuple[Hashable, ...]
    items: tuple[Hashable, ...]
    user_index: np.ndarray
    item_index: np.ndarray
    values: np.ndarray
    times: np.ndarray | None = None
    item_columns: np.ndarray | None = None
    user_columns: np.ndarray | None = None
    weights: np.ndarray | None = None

    @classmethod
    def from_triples(cls, users: Sequence, items: Sequence, values: Sequence[float]) -> Ratings:
        """From three columns of equal length; labels are numbered in order of first appearance.

        Raises UserError for columns of unequal length and for a missing label (None or NaN).
        """
        import pandas as pd  # a third of a second, for which a press of Fit does not wait

        if not len(users) == len(items) == len(values):
            raise UserError(f"There are {len(users)} users, {len(items)} items and {len(values)} "
                            "ratings in the columns. Give as many of each.")
        user_index, user_labels = pd.factorize(pd.Series(users, dtype=object))
        item_index, item_labels = pd.factorize(pd.Series(items, dtype=object))
        for index, what in ((user_index, "user"), (item_index, "item")):
            if (index < 0).any():
                raise UserError(f"Rating {int((index < 0).argmax()) + 1} names no {what}. "
                                f"Name the {what}, or leave the rating out.")
        return cls(tuple(user_labels), tuple(item_labels), user_index.astype(np.int64),
                   item_index.astype(np.int64), np.asarray(values, dtype=np.float64))

    @classmethod
    def from_crosstab(cls, table, users: Sequence, items: Sequence) -> Ratings:
        """From a (n_users, n_items) table, NaN where nobody rated. Row by row, as one reads."""
        table = np.asarray(table, dtype=np.float64)
        user_index, item_index = np.nonzero(~np.isnan(table))
        return cls(tuple(users), tuple(items), user_index, item_index,
                   table[user_index, item_index])

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_users(self) -> int:
        return len(self.users)

    @property
    def n_items(self) -> int:
        return len(self.items)

    def average(self, of: np.ndarray) -> float:
        """The mean of numbers (n_ratings,), in which every rating counts by its weight."""
        return float(of.mean(dtype=np.float64)) if self.weights is None else float(np.average(of, weights=self.weights))

    def take(self, chosen: np.ndarray) -> Ratings:
        """The chosen ratings, a mask or positions; all users and items keep their places."""
        return replace(self, user_index=self.user_index[chosen], item_index=self.item_index[chosen],
                       values=self.values[chosen], times=None if self.times is None else self.times[chosen],
                       weights=None if self.weights is None else self.weights[chosen])

    def crosstab(self) -> np.ndarray:
        """(n_users, n_items) float64, NaN = unrated; of a pair rated twice, the last rating."""
        table = np.full((self.n_users, self.n_items), np.nan)
        table[self.user_index, self.item_index] = self.values
        return table

    def top(self, *, users: int, items: int) -> Ratings:
        """The part of the `users` and `items` with most ratings, as the lesson cuts its sheet.

        Both are counted over all ratings; of equals, those with the lowest ids, numbers before
        texts. What is kept stays in its order.
        """
        keep_users = _most_frequent(self.user_index, self.users, users)
        keep_items = _most_frequent(self.item_index, self.items, items)
        new_user = np.full(self.n_users, -1, np.int64)
        new_user[keep_users] = np.arange(len(keep_users))
        new_item = np.full(self.n_items, -1, np.int64)
        new_item[keep_items] = np.arange(len(keep_items))
        kept = (new_user[self.user_index] >= 0) & (new_item[self.item_index] >= 0)
        return Ratings(tuple(self.users[i] for i in keep_users),
                       tuple(self.items[i] for i in keep_items),
                       new_user[self.user_index[kept]], new_item[self.item_index[kept]],
                       self.values[kept], None if self.times is None else self.times[kept],
                       None if self.item_columns is None else self.item_columns[keep_items],
                       None if self.user_columns is None else self.user_columns[keep_users],
                       None if self.weights is None else self.weights[kept])


def spread_of(ratings: Ratings) -> float:
    """The standard deviation of the ratings, or 1 where all are equal."""
    if ratings.weights is None:
        return float(ratings.values.std(dtype=np.float64)) or 1.0
    return math.sqrt(ratings.average((ratings.values - ratings.average(ratings.values)) ** 2)) or 1.0


def check_weights(weights: np.ndarray) -> None:
    """Raise UserError for a weight of a rating that is not a number above 0."""
    wrong = ~(np.isfinite(weights) & (weights > 0))
    if wrong.any():
        n = int(wrong.argmax())
        raise UserError(f"The weight of rating {n + 1:,} is {weights[n]:g}. Give a number above zero, or leave that rating out.")


def _most_frequent(index: np.ndarray, labels: Sequence[Hashable], how_many: int) -> np.ndarray:
    counts = np.bincount(index, minlength=len(labels))
    if len(labels) <= how_many:
        return np.arange(len(labels))
    # only the labels at the edge are compared: sorting all of millions would take longer than the counting
    edge = np.partition(counts, len(counts) - how_many)[len(counts) - how_many]
    above, equal = np.flatnonzero(counts > edge), np.flatnonzero(counts == edge)
    lowest = sorted(equal.tolist(), key=lambda place: _ascending(labels[place]))[:how_many - len(above)]
    return np.sort(np.concatenate([above, np.array(lowest, np.int64)]))


def _ascending(label: Hashable) -> tuple:
    number = isinstance(label, Real)
    return (not number, label if number else 0, "" if number else str(label))
