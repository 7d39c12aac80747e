"""A fitted model: what it has learnt, from which ratings, and who stands in which row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from solver.data.rated import RatedItems
from solver.data.ratings import Ratings
from solver.errors import UserError, not_fitted
from solver.fitting.fit_result import FitResult
from solver.model.factors import Factors
from solver.model.net import additive
from solver.threads import survive_forks

from .answers.intervals import Residuals
from .answers.predictions import Everybody, of_days, predict_for_user, predict_pairs
from .arrivals.set_vectors import SetVectors
from .estimator import Estimator
from .labels.frames import pairs_from
from .labels.id_labels import Labels, shown_label


class LearntModel(Estimator):
    """What a fit leaves, and what every answer needs of it: factors, labels, counts, and the ratings that were given."""

    feedback: str

    def _set_fitted(self, users: tuple, items: tuple, result: FitResult, rating_range: tuple[float, float],
                    rated: RatedItems, user_counts: np.ndarray, item_counts: np.ndarray, spread: float,
                    notes: tuple[str, ...], item_columns: tuple[str, ...], described: Mapping[str, np.ndarray], begun_with: int,
                    set_vectors: Mapping[str, SetVectors]) -> None:
        """All that a fit leaves, in one place: `fit` and `load` end here."""
        survive_forks()     # a web server may load a model first and fork then
        self.users_, self.items_, self.result_, self.settings_ = users, items, result, result.settings
        self.user_counts_, self.item_counts_, self.n_ratings_ = user_counts, item_counts, result.n_ratings
        self.rating_range_, self.notes_, self.item_columns_ = rating_range, notes, item_columns
        self._labels = {"user": Labels(users, "user"), "item": Labels(items, "item")}
        self._counts = {"user": user_counts, "item": item_counts}
        self._rated, self.spread_ = rated, spread
        self._described, self.set_vectors_ = described, set_vectors
        self._residuals: Residuals | None = None    # of the held-out ratings, taken when they are first needed
        self._begun_with = begun_with
        everybody = Everybody.of(result.factors, self._counts, described=described)
        self.factors_, self._typical = everybody.factors, everybody.typical
        self._draws = tuple(Everybody.of(draw, self._counts, described=described) for draw in result.samples) or (everybody,)
        self._draws_by_day = of_days(self._draws, result.by_day)

    @property
    def ratings_(self) -> Ratings:
        """All ratings that were given, held-out ones too, user by user; of a pair rated twice the last."""
        self._check_fitted()
        return self._rated.ratings(self.users_, self.items_)

    @property
    def learnt_ratings_(self) -> Ratings:
        """The ratings that were given and learnt from, user by user."""
        every, held_out = self.ratings_, self._rated.held_out
        return every if held_out is None else every.take(~held_out)

    @property
    def holdout_ratings_(self) -> Ratings:
        """The ratings that were given and held out, user by user; none where all were learnt from."""
        every, held_out = self.ratings_, self._rated.held_out
        return every.take(np.zeros(len(every), bool) if held_out is None else held_out)

    def was_learnt(self, X) -> np.ndarray:
        """(n,) bool: which pairs of a table's columns of users and items the model has learnt from."""
        self._check_fitted()
        users, items = (self._labels[what].positions(column) for what, column in zip(("user", "item"), pairs_from(X)))
        known = (users >= 0) & (items >= 0)
        known[known] = self._rated.learnt(users[known], items[known])
        return known

    @property
    def factor_names_(self) -> tuple[str, ...]:
        """What each of the factors is called: the item columns by name, then ``factor 1`` and so on."""
        self._check_fitted()
        learnt = self.factors_.n_factors - len(self.item_columns_)
        return (*self.item_columns_, *(f"factor {number}" for number in range(1, learnt + 1)))

    def _scores_of(self, user: int) -> np.ndarray:
        """(n_items,) predictions for a user before they are bent into the range of a bounded model, by which items are ranked."""
        return predict_for_user(self._draws, user, len(self.items_))

    @property
    def factors_by_day_(self) -> Factors:
        """The factors with a row for each day of each user behind those of the users, as `result_.by_day.days` says. Raises UserError for a model
        that has not learnt from times."""
        self._check_fitted()
        if self.result_.by_day is None:
            raise UserError("The model has not learnt from times. Fit with effort='best' and learn_times=True.")
        by_day = self.result_.by_day
        every, = of_days((Everybody(self.factors_, self._typical),), replace(by_day, samples=(by_day.factors,)))
        return additive(every.factors)

    def _predicted(self, users: np.ndarray, items: np.ndarray, times: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """As `predict_pairs`, at these times, where the model has learnt from times; else, and without, on each user's latest day."""
        draws, by_day = self._draws, self.result_.by_day
        if by_day is not None and times is not None:
            draws, users = self._draws_by_day, by_day.days.rows(users, times)
        return predict_pairs(draws, users, items, bounds=self.settings_.bounds)

    def _in_short(self) -> dict[str, str]:
        result = self.result_
        held = {} if result.holdout_rmse is None else {"hold-out RMSE": f"{result.holdout_rmse:.4f}"}
        return {"learnt from": f"{self.n_ratings_:,} ratings by {len(self.users_):,} users of {len(self.items_):,} items",
                "model": f"{self.settings_.model}, {self.settings_.optimizer}", "training RMSE": f"{result.rmse_after:.4f}", **held,
                "why it ended": result.stop}

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise not_fitted("This CollabFilter has learnt nothing yet. Call fit first, or load a model.")

    def _rows(self, users, items) -> tuple[np.ndarray, np.ndarray]:
        """Rows of two columns of labels, -1 for unknown ones; one warning tells of all without a rating."""
        found, strange = [], []
        for what, column in (("user", users), ("item", items)):
            rows = self._labels[what].positions(column)
            known = self._counts[what] > 0
            learnt = np.append(known | self._described[what] if what in self._described else known, False)[rows]
            found.append(rows)
            if not learnt.all():
                strangers = pd.Index(column, tupleize_cols=False)[~learnt]
                n = strangers.nunique(dropna=False)
                strange.append(f"{n:,} {what}{'s' * (n > 1)} (the first is {shown_label(strangers[0])})")
        if strange:
            warnings.warn(f"No rating was learnt from for {' and '.join(strange)}: they get the predictions of the mean of the others.",
                          stacklevel=3)
        return found[0], found[1]

    def _clipped(self, predicted: np.ndarray) -> np.ndarray:
        return np.clip(predicted, *self.rating_range_)

    def _additive(self, what: str) -> Factors:
        """The factors of a fitted model whose predictions are sums."""
        self._check_fitted()
        if self.factors_.model == "net":
            raise UserError(f"A net {what}: its predictions are no sums of factors. Fit another model, such as "
                            "dot+bias.")
        return additive(self.factors_)
