"""The items that each user has rated, stored compactly, so that recommendations can leave them out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .ratings import Ratings


@dataclass(frozen=True, eq=False)
class RatedItems:
    """Compressed rows: the items of user u are ``items[starts[u]:starts[u + 1]]``, in rising order.

    `starts` (n_users + 1,) int64; `items` (n_pairs,) int32 and `values` (n_pairs,), as the ratings have
    them: 8 bytes a rating where these are float32. `held_out` (n_pairs,) bool marks those that a fit did not learn from; None: it
    learnt from all. `weights` (n_pairs,) say how much each counts, where they do not count alike; `times` (n_pairs,) when
    each was given, where that is learnt from.
    """

    starts: np.ndarray
    items: np.ndarray
    values: np.ndarray
    held_out: np.ndarray | None = None
    weights: np.ndarray | None = None
    times: np.ndarray | None = None

    @classmethod
    def of(cls, ratings: Ratings, *, learnt: Ratings | None = None) -> RatedItems:
        """Of all pairs of these ratings, each pair once; of a pair rated twice the last rating. Pairs that `learnt` lacks
        were held out."""
        n_items = max(ratings.n_items, 1)
        pairs = ratings.user_index * np.int64(n_items) + ratings.item_index
        order = np.argsort(pairs, kind="stable")
        pairs = pairs[order]
        if (repeated := pairs[1:] == pairs[:-1]).any():
            last = np.append(~repeated, True)
            order, pairs = order[last], pairs[last]
        starts = np.zeros(ratings.n_users + 1, np.int64)
        np.cumsum(np.bincount(pairs // n_items, minlength=ratings.n_users), out=starts[1:])
        held_out = None
        if learnt is not None and len(learnt) < len(ratings):
            held_out = ~_are_in(pairs, sorted_pairs(learnt))
        return cls(starts, (pairs % n_items).astype(np.int32), ratings.values[order], held_out,
                   None if ratings.weights is None else ratings.weights[order], None if ratings.times is None else ratings.times[order])

    def by(self, user: int) -> np.ndarray:
        """The items that the user at this position has rated."""
        return self.items[self.starts[user]:self.starts[user + 1]]

    def learnt(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """(n,) bool: which of the pairs (users[j], items[j]), by position, a fit learnt from."""
        n_items = np.int64(max(int(self.items.max(initial=0)), int(items.max(initial=0))) + 1)
        own = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts)) * n_items + self.items
        return _are_in(users * n_items + items, own if self.held_out is None else own[~self.held_out])

    def ratings(self, users: tuple, items: tuple) -> Ratings:
        """The ratings again, user by user; these are the labels."""
        user_index = np.repeat(np.arange(len(users), dtype=self.items.dtype), np.diff(self.starts))
        return Ratings(users, items, user_index, self.items, self.values, times=self.times, weights=self.weights)


def _are_in(pairs: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(n,) bool: which pairs are among others, which are in rising order."""
    if not len(among):
        return np.zeros(len(pairs), bool)
    places = np.searchsorted(among, pairs)
    return among[np.minimum(places, len(among) - 1)] == pairs


def sorted_pairs(ratings: Ratings) -> np.ndarray:
    """(n_ratings,) user · n_items + item of each rating, in rising order: 8 bytes a rating."""
    pairs = ratings.user_index.astype(np.int64)  # a copy
    pairs *= max(ratings.n_items, 1)
    pairs += ratings.item_index
    pairs.sort()
    return pairs
