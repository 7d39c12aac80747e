"""CollabFilter: ratings in, predictions and recommendations out, in the manner of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from solver.data.rated import RatedItems
from solver.data.ratings import Ratings
from solver.model.factors import Factors
from solver.model.net import additive

from .arrivals.cold_start import described_by, described_rows, with_described_rows
from .arrivals.going_on import beside, columns_for, held_of, outgrown, shorter, start_from
from .arrivals.set_vectors import sets_of_newcomers
from .labels.frames import ratings_from
from .labels.id_labels import STORED_LABELS, shown_label
from .predicting import Predicting
from .recommending import Recommending

if TYPE_CHECKING:   # a saved model answers without torch, which a fit loads
    from solver.core.loop import Epoch

    from .preparation import Prepared


@dataclass(eq=False, repr=False)
class CollabFilter(Predicting, Recommending):
    """Learns factors of users and items from ratings, and predicts the ratings that are missing.

    Parameters
    ----------
    n_factors : factors for every user and item; None: 50, of implicit feedback by als 64.
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
    items: the first of the factors), `set_vectors_` (what it says of a newcomer that they rated something at all: see
    `solver.collab.arrivals.set_vectors`), and `notes_`, sentences on what was odd or changed.
    """

    n_factors: int | None = None
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
    learn_times: bool | None = None
    non_negative: bool | None = None
    patience: int | None = None
    note_gradients: bool | None = None

    def fit(self, X, y=None, *, sample_weight=None, item_columns: pd.DataFrame | None = None, user_columns: pd.DataFrame | None = None, holdout=None,
            on_start: Callable[[Prepared], None] | None = None,
            on_epoch: Callable[[Epoch], bool | None] | None = None,
            on_batch: Callable[[int, int], None] | None = None) -> Self:
        """Learn from ratings: a long table, a crosstab or `Ratings` (see `solver.collab.labels.frames`), or the columns
        of users and items with `y`, their ratings.

        `sample_weight` says how much each rating counts, a number above 0 for every row: 2 as much as a rating given twice. Where nothing
        says how to fit, als does, which learns with weights. Ratings held out count by their weights, too.
        `item_columns` say what else is known of the items: a row for an item, which the index names, and
        columns of numbers or categories, such as 1 where a genre is the item's. What each user thinks
        of every column is learnt as a factor is, and they stand before the others in `factors_`; with effort best, a column also moves the
        factors of the items that have it. `user_columns` say as much of the users; effort best learns with them, too. Users and items that only these tables know are part of the model, and predicted as others who are described alike.
        `holdout` are ratings to judge by, in any of these forms, or their share, instead of the
        share given above. The model is never worse than its start, nor, where `effort` chose how to fit, than biases
        alone (`solver.fitting.guarded_fit`); where that took another fit, a warning and `notes_` say so. `on_start` is told what will be learnt from and judged by, with what settings;
        the rest as in `solver.fit`. Raises UserError for what is no rating.
        """
        from .preparation import prepare_fit

        ratings, notes = ratings_from(X, y, weights=sample_weight, unrated=1.0 if self.feedback == "implicit" else None)
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

    def partial_fit(self, X, y=None, *, sample_weight=None, on_start: Callable[[Prepared], None] | None = None,
                    on_epoch: Callable[[Epoch], bool | None] | None = None,
                    on_batch: Callable[[int, int], None] | None = None) -> Self:
        """Learn on from further ratings, of known users and items or new ones, as `fit` takes them; the first call is `fit`.

        All ratings that were given so far count, of a pair rated again the new rating. The fit starts from the factors that are there, in batches
        from half of them (`solver.collab.arrivals.going_on`), and takes a third of the epochs, until there are a tenth more ratings than at the last fit from the beginning: then, and always for a
        posterior (effort best) and a net, it begins anew. Ratings held out stay so, and the same share of the new ones is.
        """
        if not self.__sklearn_is_fitted__():
            return self.fit(X, y, sample_weight=sample_weight, on_start=on_start, on_epoch=on_epoch, on_batch=on_batch)
        from .preparation import prepare_fit

        new, notes = ratings_from(X, y, weights=sample_weight, unrated=1.0 if self.feedback == "implicit" else None)
        apart = held_of(new, self.holdout, seed=self.settings_.seed, by=self.holdout_by)
        ratings, held_out = beside(self.ratings_, self._rated.held_out, new, apart)
        factors, names = self.result_.factors, self.item_columns_
        of_columns = next(iter(self.result_.samples), factors)      # those of draws are as they were given
        ratings = replace(ratings, item_columns=columns_for(of_columns, ratings.n_items) if isinstance(of_columns, Factors) else None)
        held = ratings.take(held_out) if held_out.any() else 0.0
        start, begun_with = None, self._begun_with
        anew = outgrown(len(ratings), begun_with)
        # what a good effort tries, it tries when a fit begins anew
        options = self if anew or self.effort != "good" else type(self)(**self.get_params() | {"effort": "quick"})
        problem = prepare_fit(options, ratings.take(~held_out), held)
        if options is not self and self.implicit_sets is None and problem.settings.method == self.settings_.method:
            problem = replace(problem, settings=replace(problem.settings, implicit_sets=self.settings_.implicit_sets))
        if anew:
            begun_with = len(ratings)
        elif isinstance(factors, Factors) and not self.result_.samples and problem.settings.model == self.settings_.model:
            start = start_from(factors, ratings, problem.settings)
            problem = replace(problem, settings=shorter(problem.settings, epochs_stated=self.epochs is not None, lr_stated=self.lr is not None))
        if "user" in self._described:
            notes = (*notes, "Columns that describe users are not kept with a model: to use them, fit again with all ratings.")
        self._learn(problem, ratings, notes, names, {}, begun_with, start=start, on_start=on_start, on_epoch=on_epoch, on_batch=on_batch)
        return self

    def _learn(self, problem: Prepared, ratings: Ratings, notes: tuple[str, ...], names: tuple[str, ...], columns: Mapping[str, np.ndarray],
               begun_with: int, *, start: Factors | None = None, on_start: Callable[[Prepared], None] | None, on_epoch: Callable[[Epoch], bool | None] | None,
               on_batch: Callable[[int, int], None] | None) -> None:
        """What `fit` and `partial_fit` have in common: `ratings` are all that were given, `columns` what is known of each side,
        `begun_with` how many ratings the last fit from the beginning had."""
        from solver.fitting.guarded_fit import guarded_fit

        if on_start:
            on_start(problem)
        result, odd = guarded_fit(problem.learnt, problem.settings, start=start, holdout=problem.held, clip=problem.rating_range,
                                  stated=problem.stated, factors_help=problem.factors_help or bool(names), on_epoch=on_epoch, on_batch=on_batch)
        if odd:
            warnings.warn(odd, stacklevel=3)
            notes = (*notes, odd)
        if names and not result.factors.given:
            names = ()      # biases alone know no columns
        if names:
            by_day = result.by_day and replace(result.by_day, factors=result.by_day.factors.balanced())
            result = replace(result, factors=by_day.latest()[0] if by_day else additive(result.factors).balanced(), by_day=by_day)
        counts = {"user": np.bincount(problem.learnt.user_index, minlength=ratings.n_users),
                  "item": np.bincount(problem.learnt.item_index, minlength=ratings.n_items)}
        if columns and self.model != "net" and not result.samples:      # draws have learnt with the columns
            result = replace(result, factors=with_described_rows(result.factors, columns, counts),
                             samples=tuple(additive(with_described_rows(draw, columns, counts)) for draw in result.samples))
        self._set_fitted(ratings.users, ratings.items, result, problem.rating_range,
                         RatedItems.of(ratings if problem.settings.learn_times else replace(ratings, times=None), learnt=problem.learnt),
                         counts["user"], counts["item"], problem.spread, (*notes, *problem.notes, *result.notes), names,
                         described_rows(columns, counts), begun_with, sets_of_newcomers(result.factors, problem.learnt, result.settings))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the fitted model to a folder: numbers as safetensors, the rest as JSON; never pickle.

        The folder is written whole or not at all. Raises UserError where there is one already,
        unless `overwrite`, and where it cannot be written.
        """
        self._check_fitted()
        from .stored_model import save_model
        save_model(self, folder, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path) -> CollabFilter:
        """The model that `save` wrote; it predicts the same to the last bit. Raises UserError for a
        folder that holds no model, a damaged one, or one of a newer version."""
        from .stored_model import load_model
        return load_model(cls, folder)


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
