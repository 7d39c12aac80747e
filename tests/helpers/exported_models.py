"""Small models of many users and items, to be exported into a workbook."""

from __future__ import annotations

import numpy as np
from planted import planted

from solver import CollabFilter, Ratings


def ratings_of(users: int = 30, items: int = 25, *, seed: int = 0) -> Ratings:
    """Some users and items have many more ratings than others; ids are numbers and texts."""
    all_of_them = planted(users, items, blanks=0.0, seed=seed)
    keep = np.random.default_rng(seed).random(len(all_of_them)) < np.linspace(0.95, 0.1, users)[all_of_them.user_index]
    ratings = all_of_them.take(keep)
    return Ratings(tuple(range(501, 501 + users)), ratings.items, ratings.user_index, ratings.item_index,
                   np.round(2 * ratings.values) / 2)


def fitted(ratings: Ratings, model: str, **options) -> CollabFilter:
    return CollabFilter(4, model=model, epochs=4, batch_size=64, **options).fit(ratings)
