"""CollabFilter: ratings in, predictions and recommendations out, in the manner of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Literal, Self, overload

import numpy as np
import pandas as pd

from solver.core.loop import Epoch
from solver.data.rated import RatedItems
from solver.data.ratings import Ratings
from solver.errors import UserError, not_fitted
from solver.fitting.effort import N_FACTORS
from solver.fitting.fit_ratings import FitResult
from solver.fitting.guarded_fit import guarded_fit
from solver.judging.ranking import measured
from solver.model.factors import Factors
from solver.model.net import additive
from solver.threads import survive_forks

from .answers.bulk import Wanted, best_of_many
from .answers.intervals import FEWEST, Interval, Residuals, corrected, uncorrected
from .answers.predictions import Everybody, predict_for_user, predict_pairs, predict_rows
from .answers.recommend import OTHER, Explanation, explain, similar
from .arrivals.cold_start import described_by, described_rows, with_described_rows
from .arrivals.going_on import beside, columns_for, fewer_epochs, held_of, outgrown, start_from
from .arrivals.newcomer import FoldedIn, SeenByNewcomers, newcomer, newcomer_by_likes, ranked_frame
from .arrivals.newcomers import FoldedInMany, newcomers
from .estimator import Estimator
from .labels.frames import pairs_from, ratings_from
from .labels.id_labels import STORED_LABELS, Labels, shown_label
from .preparation import Prepared, prepare_fit

LARGEST_TABLE = 500_000_000  # predictions in one crosstab: 4 GB


@dataclass(eq=False, repr=False)
class CollabFilter(Estimator):
    """Learns factors of users and items from ratings, and predicts the ratings that are missing.

    Parameters
    ----------
    n_factors : factors for every user and item.
    effort : ``"quick"``, ``"good"`` or ``"best"``: how much time may go into accuracy. It chooses every
        setting below that is None, from the size of the data.
    random_state : seed of start values, order and hold-out: a whole number, or a numpy RandomState or
        Generator, from which one is drawn. None counts as 0: the same data give the same model unless told otherwise.
    rating_range : (lowest, highest) rating, to which predictions are clipped; None: that of the ratings.
    holdout : share of the ratings to set apart and judge by; the best epoch by them is kept.
    holdout_by : which: ``"random"``, or the latest by ``"time"``.
    feedback : ``"explicit"`` ratings, or ``"implicit"``: pairs that happened. What is predicted is near 1 for what fits a user and 0
        for all else; with an optimizer, a model or a batch size of other methods than als, how likely a pair is among those drawn
        (see `Settings.loss`).
    counts : with implicit feedback, how much it counts that a pair happened n times, as its value says: it weighs
        1 + counts · log(1 + n). 0: values do not count.
    device, model, optimizer and all others : as in `Settings`; None: what `effort` chooses. An optimizer, a batch size
        or a model that its choice is not made for comes with settings usual for it: without an optimizer's name,
        one-cycle AdamW.

    Fitted, it has `users_` and `items_` (labels, in the order of the factors' rows), `factors_` (users
    and items without a rating to learn from have the mean row of the others; of draws from a posterior,
    which `predict` and `recommend` average over, the one set that `explain`, `similar_…` and `fold_in`
    take in their place), `settings_`, `result_`
    (FitResult), `rating_range_`, `n_ratings_`, `user_counts_` and `item_counts_` (how many ratings were learnt
    from, in all and of each), `spread_` (their standard deviation), `item_columns_` (names of what else is known of
    items: the first of the factors), and `notes_`, sentences on what was odd or changed.
    """

    n_factors: int = N_FACTORS
    _: KW_ONLY
    effort: str = "good"
    device: str = "auto"
    random_state: int | np.random.RandomState | np.random.Generator | None = None
    rating_range: tuple[float, float] | None = None
    holdout: float = 0.0
    holdout_by: str = "random"
    feedback: str = "explicit"
    counts: float = 0.0
    model: str | None = None
    embedding_sizes: tuple[int, int] | None = None
    hidden: tuple[int, ...] | None = None
    dropout: float | None = None
    unobserved: float | None = None
    negatives: int | None = None
    negatives_power: float | None = None
    optimizer: str | None = None
    epochs: int | None = None
    lr: float | None = None
    momentum: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    eps: float | None = None
    weight_decay: float | None = None
    decay_by: str | None = None
    batch_size: int | None = None
    schedule: str | None = None
    implicit_sets: str | None = None
    patience: int | None = None

    # -- fitting ------------------------------------------------------------------------------------

    def fit(self, X, y=None, *, item_columns: pd.DataFrame | None = None, user_columns: pd.DataFrame | None = None, holdout=None,
            on_start: Callable[[Prepared], None] | None = None,
            on_epoch: Callable[[Epoch], bool | None] | None = None,
            on_batch: Callable[[int, int], None] | None = None) -> Self:
        """Learn from ratings: a long table, a crosstab or `Ratings` (see `solver.collab.labels.frames`), or the columns
        of users and items with `y`, their ratings.

        `item_columns` say what else is known of the items: a row for an item, which the index names, and
        columns of numbers or categories, such as 1 where a genre is the item's. With effort quick or good, what each user thinks
        of every column is learnt as a factor is, and they stand before the others in `factors_`; with effort best, a column moves the
        factors of the items that have it. `user_columns` say as much of the users; effort best learns with them, too. Users and items that only these tables know are part of the model, and predicted as others who are described alike.
        `holdout` are ratings to judge by, in any of these forms, or their share, instead of the
        share given above. The model is never worse than its start, nor, where `effort` chose how to fit, than biases
        alone (`solver.fitting.guarded_fit`); where that took another fit, a warning and `notes_` say so. `on_start` is told what will be learnt from and judged by, with what settings;
        the rest as in `solver.fit`. Raises UserError for what is no rating.
        """
        ratings, notes = ratings_from(X, y, unrated=1.0 if self.feedback == "implicit" else None)
        notes = (*notes, *_warned_of_unstorable(ratings))
        known = described_by(ratings, {"user": user_columns, "item": item_columns})
        ratings, names = known.ratings, known.names.get("item", ())
        if "item" in known.columns:
            ratings = replace(ratings, item_columns=known.columns["item"])
        elif ratings.item_columns is not None:
            names = tuple(f"column {number}" for number in range(1, ratings.item_columns.shape[1] + 1))
        if "user" in known.columns:
            ratings = replace(ratings, user_columns=known.columns["user"])
        notes = (*notes, *known.notes)
        self._learn(prepare_fit(self, ratings, holdout), ratings, notes, names, known.columns, len(ratings), on_start=on_start,
                    on_epoch=on_epoch, on_batch=on_batch)
        self._note_features(X)
        return self

    def partial_fit(self, X, y=None, *, on_start: Callable[[Prepared], None] | None = None,
                    on_epoch: Callable[[Epoch], bool | None] | None = None,
                    on_batch: Callable[[int, int], None] | None = None) -> Self:
        """Learn on from further ratings, of known users and items or new ones, as `fit` takes them; the first call is `fit`.

        All ratings that were given so far count, of a pair rated again the new rating. The fit starts from the factors that are there and
        takes a third of the epochs, until there are a tenth more ratings than at the last fit from the beginning: then, and always for a
        posterior (effort best) and a net, it begins anew. Ratings held out stay so, and the same share of the new ones is.
        """
        if not self.__sklearn_is_fitted__():
            return self.fit(X, y, on_start=on_start, on_epoch=on_epoch, on_batch=on_batch)
        new, notes = ratings_from(X, y, unrated=1.0 if self.feedback == "implicit" else None)
        apart = held_of(new, self.holdout, seed=self.settings_.seed, by=self.holdout_by)
        ratings, held_out = beside(self.ratings_, self._rated.held_out, new, apart)
        factors, names = self.result_.factors, self.item_columns_
        ratings = replace(ratings, item_columns=columns_for(factors, ratings.n_items) if isinstance(factors, Factors) else None)
        quick = type(self)(**self.get_params() | {"effort": "quick" if self.effort == "good" else self.effort})
        problem = prepare_fit(quick, ratings.take(~held_out), ratings.take(held_out) if held_out.any() else 0.0)
        start = None
        begun_with = self._begun_with
        if outgrown(len(ratings), begun_with):
            begun_with = len(ratings)
        elif isinstance(factors, Factors) and not self.result_.samples and problem.settings.model == self.settings_.model:
            start = start_from(factors, ratings, problem.settings)
            problem = replace(problem, settings=fewer_epochs(problem.settings, stated=self.epochs is not None))
        if self._described:
            notes = (*notes, "Columns that describe users, or items with effort best, are not kept with a model: to use them, fit again with all ratings.")
        self._learn(problem, ratings, notes, names, {}, begun_with, start=start, on_start=on_start, on_epoch=on_epoch, on_batch=on_batch)
        return self

    def _learn(self, problem: Prepared, ratings: Ratings, notes: tuple[str, ...], names: tuple[str, ...], columns: Mapping[str, np.ndarray],
               begun_with: int, *, start: Factors | None = None, on_start: Callable[[Prepared], None] | None, on_epoch: Callable[[Epoch], bool | None] | None,
               on_batch: Callable[[int, int], None] | None) -> None:
        """What `fit` and `partial_fit` have in common: `ratings` are all that were given, `columns` what is known of each side,
        `begun_with` how many ratings the last fit from the beginning had."""
        if on_start:
            on_start(problem)
        result, odd = guarded_fit(problem.learnt, problem.settings, start=start, holdout=problem.held, clip=problem.rating_range,
                                  stated=problem.stated, factors_help=problem.factors_help or bool(names), on_epoch=on_epoch, on_batch=on_batch)
        if odd:
            warnings.warn(odd, stacklevel=3)
            notes = (*notes, odd)
        if names and not result.factors.given:
            names = ()      # biases alone know no columns, and draws have them in no factor of their own
        if names:
            result = replace(result, factors=additive(result.factors).balanced())
        counts = {"user": np.bincount(problem.learnt.user_index, minlength=ratings.n_users),
                  "item": np.bincount(problem.learnt.item_index, minlength=ratings.n_items)}
        if columns and self.model != "net" and not result.samples:      # draws have learnt with the columns
            result = replace(result, factors=with_described_rows(result.factors, columns, counts),
                             samples=tuple(additive(with_described_rows(draw, columns, counts)) for draw in result.samples))
        self._set_fitted(ratings.users, ratings.items, result, problem.rating_range, RatedItems.of(ratings, learnt=problem.learnt),
                         counts["user"], counts["item"], problem.spread, (*notes, *problem.notes, *result.notes), names,
                         described_rows(columns, counts), begun_with)

    def _set_fitted(self, users: tuple, items: tuple, result: FitResult, rating_range: tuple[float, float],
                    rated: RatedItems, user_counts: np.ndarray, item_counts: np.ndarray, spread: float,
                    notes: tuple[str, ...], item_columns: tuple[str, ...], described: Mapping[str, np.ndarray], begun_with: int) -> None:
        """All that a fit leaves, in one place: `fit` and `load` end here."""
        survive_forks()     # a web server may load a model first and fork then
        self.users_, self.items_, self.result_, self.settings_ = users, items, result, result.settings
        self.user_counts_, self.item_counts_, self.n_ratings_ = user_counts, item_counts, result.n_ratings
        self.rating_range_, self.notes_, self.item_columns_ = rating_range, notes, item_columns
        self._labels = {"user": Labels(users, "user"), "item": Labels(items, "item")}
        self._counts = {"user": user_counts, "item": item_counts}
        self._rated, self.spread_ = rated, spread
        self._described = described
        self._residuals: Residuals | None = None    # of the held-out ratings, taken when they are first needed
        self._begun_with = begun_with
        everybody = Everybody.of(result.factors, self._counts, described=described)
        self.factors_, self._typical = everybody.factors, everybody.typical
        self._draws = tuple(Everybody.of(draw, self._counts, described=described) for draw in result.samples) or (everybody,)

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

    # -- predicting ---------------------------------------------------------------------------------

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
        means, spreads = predict_pairs(self._draws, users, items, bounds=self.settings_.bounds)
        if interval is not None:
            half = interval.half(self._scales(spreads), self._learnt_from("user", users), self._learnt_from("item", items))
            return tuple(self._clipped(ends) for ends in (means, means - half, means + half))
        if return_std:
            return self._clipped(means), self._scales(spreads) if noise else spreads
        return self._clipped(means)

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
            means, spreads = predict_pairs(self._draws, held.user_index, held.item_index, bounds=self.settings_.bounds)
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
        held = Ratings(self.users_, self.items_, users[here], items[here], ratings.values[here])
        if self.feedback == "implicit":
            held, liked = replace(held, values=np.ones(len(held))), 1.0     # every pair that happened is liked
        every = np.arange(len(self.items_))
        return measured(metrics, predicted=lambda: self.predict(held), known=self.ratings_, held=held, n=n, liked=liked,
                        scores_of=lambda some: predict_rows(self._draws, some, every))

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

    def _scores_of(self, user: int) -> np.ndarray:
        """(n_items,) predictions for a user before they are bent into the range of a bounded model, by which items are ranked."""
        return predict_for_user(self._draws, user, len(self.items_))

    # -- understanding ------------------------------------------------------------------------------

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
        found, cosines = similar(getattr(self.factors_, what).numpy(), row, n if counts[row] else 0, rated=counts > 0, among=among)
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

        Least squares toward the mean user, with `weight_decay` for each rating (see
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
            raise UserError("The model has no factors of item columns, such as genres. Fit with item_columns and effort 'quick' or 'good'.")
        return newcomer_by_likes(likes, self.factors_.item[:, :len(self.item_columns_)].double().numpy(), self.item_columns_, seen)

    def _seen_from(self, side: str) -> SeenByNewcomers:
        """What newcomers on this side see of the other."""
        factors = self._additive("folds nobody in")
        if side not in OTHER:
            raise UserError(f"side is {side!r}. Choose one of: {', '.join(OTHER)}.")
        return SeenByNewcomers.of(factors, side, others=self._labels[OTHER[side]], typical=self._typical, spread=self.spread_,
                                  settings=self.settings_, clip=self.rating_range_)

    # -- keeping ------------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the fitted model to a folder: numbers as safetensors, the rest as JSON; never pickle.

        The folder is written whole or not at all. Raises UserError where there is one already,
        unless `overwrite`, and where it cannot be written.
        """
        self._check_fitted()
        from .saved.stored_model import save_model
        save_model(self, folder, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path) -> CollabFilter:
        """The model that `save` wrote; it predicts the same to the last bit. Raises UserError for a
        folder that holds no model, a damaged one, or one of a newer version."""
        from .saved.stored_model import load_model
        return load_model(cls, folder)

    # -- helpers ------------------------------------------------------------------------------------

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


def _warned_of_unstorable(ratings: Ratings) -> tuple[str, ...]:
    """What is said before hours of work of ids that `save` cannot keep."""
    for what, labels in (("user", ratings.users), ("item", ratings.items)):
        odd = next((label for label in labels if type(label) not in STORED_LABELS and not isinstance(label, np.generic)), None)
        if odd is not None:
            told = (f"The {what} {shown_label(odd)} is of type {type(odd).__name__}, which a saved model cannot keep. "
                    f"To save it, give whole numbers, numbers or texts as {what}s.")
            warnings.warn(told, stacklevel=3)
            return (told,)
    return ()


def _how_many(n, what: str = "n") -> int:
    if isinstance(n, Integral) and not isinstance(n, bool) and int(n) >= 0:
        return int(n)
    raise UserError(f"{what} is {n!r}. Give a whole number of 0 or more.")
