"""Recommendations of a fitted model, what is alike in it, what a prediction is made of, and who comes new."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from numbers import Integral
from typing import overload

import numpy as np
import pandas as pd

from solver.data.ratings import Ratings
from solver.errors import UserError

from .answers.bulk import Wanted, best_of_many
from .answers.predictions import predict_pairs, predict_rows
from .answers.recommend import OTHER, Explanation, explain, similar
from .arrivals.newcomer import FoldedIn, SeenByNewcomers, newcomer, newcomer_by_likes, ranked_frame
from .arrivals.newcomers import FoldedInMany, newcomers
from .labels.frames import ratings_from
from .learnt_model import LearntModel


class Recommending(LearntModel):
    """A fitted model that recommends to its users and to newcomers, and explains itself."""

    def recommend(self, users=None, n: int = 10, *, items: Iterable[Hashable] | None = None,
                  exclude: Iterable[Hashable] = (), exclude_seen: bool = True) -> pd.DataFrame:
        """The `n` items with the largest predictions for a user, best first: columns ``item`` and ``prediction``.

        For a list of users, or with None for all, there is a column ``user`` before them, and the users follow one another
        in their order. Only `items` are recommended, where they are given, and none of `exclude`; what a
        user has rated is left out unless `exclude_seen` is False. Items are ranked before clipping, so that many 5s have
        an order. Raises UserError for an unknown user, to whom `fold_in` recommends from a few ratings, and an unknown item.
        """
        self._check_fitted()
        many = users is None or isinstance(users, (list, set, frozenset, np.ndarray, pd.Series, pd.Index))
        labels = self._labels["user"]
        rows = (np.arange(len(labels)) if users is None else labels.all_positions(users) if many else
                np.array([labels.position(users)]))
        among = np.arange(len(self.items_)) if items is None else np.unique(self._labels["item"].all_positions(items))
        among = among[~np.isin(among, self._labels["item"].all_positions(exclude))]
        wanted = Wanted(_how_many(n), among, self._rated if exclude_seen else None)
        if many:
            found = list(best_of_many(lambda users, items: predict_rows(self._draws, users, items), self._scores_of, rows, wanted))
        else:
            best = wanted.best_of_one(rows[0], self._scores_of(rows[0]))
            found = [(np.full(len(best), rows[0]), best)]
        of, best = (np.concatenate([part[side] for part in found]) if found else np.empty(0, np.intp) for side in (0, 1))
        values, _ = predict_pairs(self._draws, of, best, bounds=self.settings_.bounds)
        frame = ranked_frame("item", [self.items_[i] for i in best], "prediction", self._clipped(values))
        if many:
            frame.insert(0, "user", pd.Series([self.users_[u] for u in of], dtype=None if len(of) else object))
        return frame

    def similar_items(self, item: Hashable, n: int = 10, *, min_ratings: int = 1) -> pd.DataFrame:
        """The `n` items whose factors lie most nearly in the same direction from the mean item, of those with
        `min_ratings` or more: columns ``item`` and ``similarity``, the cosine. Of few ratings a direction is learnt badly, and such
        items are alike by chance; without any they are like none. Raises UserError for an unknown item."""
        return self._similar("item", item, n, min_ratings)

    def similar_users(self, user: Hashable, n: int = 10, *, min_ratings: int = 1) -> pd.DataFrame:
        """As `similar_items`, for users."""
        return self._similar("user", user, n, min_ratings)

    def _similar(self, what: str, label: Hashable, n: int, min_ratings: int) -> pd.DataFrame:
        self._check_fitted()
        row, counts, n = self._labels[what].position(label), self._counts[what], _how_many(n)
        among = counts >= max(1, _how_many(min_ratings, "min_ratings"))
        found, cosines = similar(self.factors_.arrays()[what], row, n if counts[row] else 0, rated=counts > 0, among=among)
        return ranked_frame(what, [self._labels[what].labels[i] for i in found], "similarity", cosines)

    def explain(self, user: Hashable, item: Hashable) -> Explanation:
        """What a prediction is made of: offset, biases and each factor's part. Raises UserError for an
        unknown label, and for a net, whose predictions are no sum of parts."""
        factors = self._additive("explains nothing")
        return explain(factors, self._labels["user"].position(user), self._labels["item"].position(item),
                                  bounds=self.settings_.bounds, clip=self.rating_range_)

    @overload
    def fold_in(self, ratings: Mapping[Hashable, float], *, side: str = "user", weight_decay: float | None = None) -> FoldedIn: ...

    @overload
    def fold_in(self, ratings: Ratings | pd.DataFrame, *, side: str = "user", weight_decay: float | None = None) -> FoldedInMany: ...

    def fold_in(self, ratings, *, side: str = "user", weight_decay: float | None = None) -> FoldedIn | FoldedInMany:
        """A new user from {item: rating}, or with ``side="item"`` a new item from {user: rating}; the
        model stays as it is. Many at once from a long table of them, as `fit` takes it, or from `Ratings`.

        Least squares toward the mean user, or, where the fit learnt from sets (effort best), toward what the set of the rated says
        (`solver.collab.arrivals.set_vectors`), with `weight_decay` for each rating (see
        `solver.collab.answers.recommend.fold_in`); None: one that suits most data (see `newcomer_ridge`). Raises UserError for
        an unknown label and for what is no rating.
        """
        seen = self._seen_from(side)
        if isinstance(ratings, Ratings) or hasattr(ratings, "columns"):
            many, _ = ratings_from(ratings, unrated=1.0 if self.feedback == "implicit" else None)
            if self.feedback == "implicit":
                many = replace(many, values=np.ones_like(many.values))
            return newcomers(many, seen, weight_decay=weight_decay)
        return newcomer(ratings, seen, weight_decay=weight_decay)

    def fold_in_likes(self, likes: Mapping[Hashable, float]) -> FoldedIn:
        """A new user from ratings of item columns, such as {"Action": 5, "Musical": 1}: what the model learnt from `item_columns`
        says which items are meant. Raises UserError for a model without them and for an unknown name."""
        seen = self._seen_from("user")
        if not self.item_columns_:
            raise UserError("The model has no factors of item columns, such as genres. Fit with item_columns.")
        return newcomer_by_likes(likes, self.factors_.arrays()["item"][:, :len(self.item_columns_)].astype(np.float64), self.item_columns_, seen)

    def _seen_from(self, side: str) -> SeenByNewcomers:
        """What newcomers on this side see of the other."""
        factors = self._additive("folds nobody in")
        if side not in OTHER:
            raise UserError(f"side is {side!r}. Choose one of: {', '.join(OTHER)}.")
        return SeenByNewcomers.of(factors, side, others=self._labels[OTHER[side]], typical=self._typical, spread=self.spread_,
                                  settings=self.settings_, clip=self.rating_range_, sets=self.set_vectors_.get(side))


def _how_many(n, what: str = "n") -> int:
    if isinstance(n, Integral) and not isinstance(n, bool) and int(n) >= 0:
        return int(n)
    raise UserError(f"{what} is {n!r}. Give a whole number of 0 or more.")
