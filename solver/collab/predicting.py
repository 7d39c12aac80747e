"""Predictions of a fitted model: of pairs or of all, how sure they are, and how good."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import replace
from numbers import Real
from typing import Literal, overload

import numpy as np
import pandas as pd

from solver.data.ratings import Ratings
from solver.errors import UserError
from solver.judging.ranking import measured

from .answers.intervals import FEWEST, Interval, Residuals, corrected, uncorrected
from .answers.predictions import predict_pairs, predict_rows
from .labels.frames import pairs_from, ratings_from, times_from
from .learnt_model import LearntModel

LARGEST_TABLE = 500_000_000  # predictions in one crosstab: 4 GB


class Predicting(LearntModel):
    """A fitted model that predicts ratings, and judges its predictions."""

    @overload
    def predict(self, X, *, return_std: Literal[False] = False, return_interval: None = None) -> np.ndarray: ...

    @overload
    def predict(self, X, *, return_std: bool, noise: bool = False,
                return_interval: None = None) -> np.ndarray | tuple[np.ndarray, np.ndarray]: ...

    @overload
    def predict(self, X, *, return_interval: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...

    def predict(self, X, *, return_std: bool = False, noise: bool = False, return_interval: float | None = None):
        """(n,) predicted ratings of a table's columns of users and items, clipped to `rating_range_`.

        Users and items without a rating get those of the mean row: the average user's or item's,
        as far as biases and factors tell; one warning counts them and names the first. A model that
        drew its factors from their posterior predicts the mean over the draws, and with
        `return_std` says their standard deviation too: how unsure it is of what it predicts, and with `noise` how far
        from that a rating may lie. Raises UserError for `return_std` of any other model.

        A model that has learnt from times (`learn_times`) predicts at the times that X has, under any of their usual names: each user on
        that day, or as they usually are where they rated nothing on it. Without times it is each user's latest day.

        With `return_interval`, such as 0.9, the result is (predictions, lower ends, upper ends) of intervals that hold a
        rating with this probability (`solver.collab.answers.intervals`). Ratings that `fit` held out correct them; draws can do
        without. Raises UserError where there are neither, and for what is no share.
        """
        self._check_fitted()
        if return_std and len(self._draws) == 1:
            raise UserError(f"A model fitted by {self.settings_.optimizer} has one set of factors and cannot say how "
                            "sure it is. Fit with optimizer='gibbs', which draws many, or leave out return_std.")
        interval = None if return_interval is None else self._interval(return_interval)
        users, items = self._rows(*pairs_from(X))
        means, spreads = self._predicted(users, items, times_from(X) if self.result_.by_day else None)
        if interval is not None:
            half = interval.half(self._scales(spreads), self._learnt_from("user", users), self._learnt_from("item", items))
            return tuple(self._clipped(ends) for ends in (means, means - half, means + half))
        if return_std:
            return self._clipped(means), self._scales(spreads) if noise else spreads
        return self._clipped(means)

    def interval_halves(self, users, items, *, level: float) -> np.ndarray:
        """(n_users, n_items) half the lengths of the intervals that `predict` gives for these users and items, before their ends are
        clipped. Raises UserError as it does."""
        self._check_fitted()
        interval, (rows, columns) = self._interval(level), self._rows(users, items)
        pairs = [side.ravel() for side in np.meshgrid(rows, columns, indexing="ij")]
        _, spreads = predict_pairs(self._draws, *pairs, bounds=self.settings_.bounds)
        counts = (self._learnt_from(what, side) for what, side in zip(("user", "item"), pairs))
        return interval.half(self._scales(spreads), *counts).reshape(len(rows), len(columns))

    def _interval(self, level: float) -> Interval:
        if not (isinstance(level, Real) and not isinstance(level, bool) and 0 < level < 1):
            raise UserError(f"return_interval is {level!r}. Give a share between 0 and 1, such as 0.9.")
        held = self.holdout_ratings_
        if len(held) < FEWEST or self.feedback == "implicit":
            if self.result_.noise is None:
                raise UserError(f"An interval of a model fitted by {self.settings_.optimizer} needs {FEWEST} ratings or more that were held "
                                f"out, and there are {len(held)}. Fit with holdout=0.1 and explicit ratings, or with effort='best'.")
            return uncorrected(float(level))
        if self._residuals is None:
            means, spreads = self._predicted(held.user_index, held.item_index, held.times)
            self._residuals = Residuals(held.values - means, self._scales(spreads), self._learnt_from("user", held.user_index),
                                        self._learnt_from("item", held.item_index))
        return corrected(self._residuals, float(level))

    def _scales(self, spreads: np.ndarray) -> np.ndarray:
        """How far ratings may lie from their predictions, by draws that spread so far; of one set of factors, alike for all."""
        return np.hypot(spreads, self.spread_ if self.result_.noise is None else self.result_.noise)

    def _learnt_from(self, what: str, rows: np.ndarray) -> np.ndarray:
        """(n,) how many ratings were learnt from of the user or item in each of these rows, 0 of those unknown."""
        return np.append(self._counts[what], 0)[rows]

    def predict_crosstab(self, users=None, items=None) -> pd.DataFrame:
        """Predicted ratings of users (rows) for items (columns), of all or of those named."""
        self._check_fitted()
        chosen = {"user": self.users_ if users is None else users, "item": self.items_ if items is None else items}
        users, items = (pd.Index(list(labels), name=what, tupleize_cols=False) for what, labels in chosen.items())
        if (size := len(users) * len(items)) > LARGEST_TABLE:
            raise UserError(f"A table of {len(users):,} users × {len(items):,} items needs {size * 8 / 2**30:.0f} GB. "
                            "Choose fewer users or items.")
        table = predict_rows(self._draws, *self._rows(users, items), bounds=self.settings_.bounds)
        return pd.DataFrame(self._clipped(table), users, items)

    def score(self, X, y=None) -> float:
        """−RMSE of the predictions of these ratings: larger is better, as scikit-learn wants it. Of implicit
        feedback, where all of them are 1, the share of other items that each user's are ranked before (AUC)."""
        ratings, _ = ratings_from(X, y, unrated=1.0 if self.feedback == "implicit" else None)
        if self.feedback == "implicit":
            return self.evaluate(ratings, metrics=("auc",))["auc"]
        return -float(np.sqrt(np.mean((self.predict(ratings) - ratings.values) ** 2)))

    def evaluate(self, X=None, y=None, *, metrics: Collection[str] = ("rmse", "mae"), n: int = 10,
                 liked: float | None = None) -> dict[str, float]:
        """These metrics (names of `solver.METRICS`) of ratings that the model has not learnt from.

        Metrics of an order judge the first `n` of the items that each user has not rated, as `recommend` gives them,
        by the items in X that the user likes: those rated `liked` or more; None: the mean of the model's own ratings
        or more. X None judges by the ratings that were held out from the fit. Pairs of users or items that the model does
        not know, and pairs that it has learnt from, are left out, with a warning; where it has learnt from all, they are
        judged, and the warning says what that is worth. Raises UserError for an unknown metric, and where nothing was held out.
        """
        if X is None:
            X = self.holdout_ratings_
            if not len(X):
                raise UserError("The model has learnt from all ratings that it was given. Fit with holdout, or give ratings to judge by.")
        ratings, _ = ratings_from(X, y, unrated=1.0 if self.feedback == "implicit" else None)
        self._check_fitted()
        users, items = (self._labels[what].positions(list(labels))[index] for what, labels, index in
                        (("user", ratings.users, ratings.user_index), ("item", ratings.items, ratings.item_index)))
        here = (users >= 0) & (items >= 0)
        if not here.all():
            warnings.warn(f"{(~here).sum():,} of {len(here):,} pairs are of users or items that the model does not know; "
                          "they are left out.", stacklevel=2)
        learnt = here.copy()
        learnt[here] = self._rated.learnt(users[here], items[here])
        if learnt.any() and learnt[here].all():
            warnings.warn("The model has learnt from all of these ratings: this tells how well it remembers them, not how well it "
                          "predicts others.", stacklevel=2)
        elif learnt.any():
            here &= ~learnt
            warnings.warn(f"The model has learnt from {learnt.sum():,} of {len(here):,} pairs; they are left out.", stacklevel=2)
        held = Ratings(self.users_, self.items_, users[here], items[here], ratings.values[here],
                       None if ratings.times is None else ratings.times[here])
        if self.feedback == "implicit":
            held, liked = replace(held, values=np.ones(len(held))), 1.0     # every pair that happened is liked
        every = np.arange(len(self.items_))
        return measured(metrics, predicted=lambda: self.predict(held), known=self.ratings_, held=held, n=n, liked=liked,
                        scores_of=lambda some: predict_rows(self._draws, some, every))
