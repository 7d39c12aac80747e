"""A user or an item that came after the fit, with a row of its own beside those that were fitted."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from solver.collab.answers.recommend import OTHER, decay_ridge, fold_in, newcomer_ridge, predictions_for, seen_by, top_n
from solver.collab.labels.id_labels import Labels, shown_label
from solver.errors import UserError
from solver.model.models import Bounds
from solver.reading.looked_at.rating_texts import LARGEST_RATING

from .set_vectors import SetVectors

if TYPE_CHECKING:
    from solver.core.settings import Settings
    from solver.model.factors import Factors


@dataclass(frozen=True, eq=False)
class FoldedIn:
    """A newcomer: its `factors` (k,) and its `bias`, 0 where the model has none.

    `side` is ``'user'`` or ``'item'``; what it is predicted for are members of the other side.
    """

    side: str
    factors: np.ndarray
    bias: float
    others: Labels
    rated: np.ndarray           # positions of what it has rated
    features: np.ndarray        # (m, d) and (m,): what it sees of all others
    base: np.ndarray
    bounds: Bounds
    clip: tuple[float, float]

    def predict(self, others: Iterable | None = None) -> np.ndarray:
        """(n,) predictions for the labels of `others`, clipped to the range of the ratings; None: all
        of them. Raises UserError for a label that is not known."""
        rows = slice(None) if others is None else self.others.all_positions(others)
        return np.clip(predictions_for(self._x, self.features[rows], self.base[rows], bounds=self.bounds), *self.clip)

    def recommend(self, n: int = 10, *, exclude_seen: bool = True) -> pd.DataFrame:
        """The `n` others with the largest predictions, best first: columns ``item`` (or ``user``) and
        ``prediction``. What the newcomer rated is left out unless `exclude_seen` is False."""
        raw = predictions_for(self._x, self.features, self.base)
        found = top_n(raw, n, seen=self.rated if exclude_seen else ())
        labels = [self.others.labels[position] for position in found]
        return ranked_frame(OTHER[self.side], labels, "prediction", self.predict(labels))

    @property
    def _x(self) -> np.ndarray:
        return self.factors if self.features.shape[1] == len(self.factors) else np.append(self.factors, self.bias)


@dataclass(frozen=True, eq=False)
class Unrated:
    """What a fit of all pairs says of a newcomer (`solver.methods.all_pairs`): `shared` (d, d), the matrix of the pairs that did not happen,
    and the penalty's `decay` and `size`."""

    shared: np.ndarray
    decay: float
    size: float

    @classmethod
    def of(cls, features: np.ndarray, settings: Settings) -> Unrated:
        return cls(settings.unobserved * features.T @ features, float(settings.weight_decay or 0.0), settings.unobserved * len(features))

    def row(self, features: np.ndarray, values: np.ndarray, weight_decay: float | None) -> np.ndarray:
        """(d,) the row that the fit would give to these features (n, d) of what happened."""
        decay = self.decay if weight_decay is None else checked_decay(weight_decay)
        ridge = decay * np.sqrt(len(values) + self.size) * np.eye(len(self.shared))
        return np.linalg.lstsq(features.T @ features + self.shared + ridge, features.T @ values, rcond=None)[0]


@dataclass(frozen=True, eq=False)
class SeenByNewcomers:
    """What newcomers on a `side` see of all `others`: `features` (m, d) and `base` (m,); the `mean` row (d,) of those there.

    `spread` is the standard deviation of all ratings. Where a fit was of all pairs, `unrated` says what a newcomer owes to those that
    it has not rated; where it learnt from sets, `sets` says what it owes to having rated those that it has.
    """

    side: str
    others: Labels
    features: np.ndarray
    base: np.ndarray
    mean: np.ndarray
    n_factors: int
    spread: float
    bounds: Bounds
    clip: tuple[float, float]
    unrated: Unrated | None = None
    sets: SetVectors | None = None

    @classmethod
    def of(cls, factors: Factors, side: str, *, others: Labels, typical: Mapping[str, np.ndarray], spread: float, settings: Settings,
           clip: tuple[float, float], sets: SetVectors | None = None) -> SeenByNewcomers:
        """`typical` are the mean rows by field name."""
        features, base = seen_by(factors, side)
        mean = np.concatenate([np.reshape(typical[name], -1) for name in (side, f"{side}_bias") if name in typical])
        unrated = Unrated.of(features, settings) if settings.loss == "all-pairs" else None
        return cls(side, others, features, base, mean, factors.n_factors, spread, settings.bounds, clip, unrated, sets)

    def row(self, rated: np.ndarray, values: np.ndarray, weight_decay: float | None) -> np.ndarray:
        """(d,) the row of a newcomer with these ratings; without any, the mean row."""
        if self.unrated is not None and len(rated):
            return self.unrated.row(self.features[rated], values, weight_decay)
        return fold_in(self.features[rated], self.base[rated], values, typical=self.expected(rated), ridge=self.ridge(weight_decay, len(rated)),
                       bounds=self.bounds)

    def expected(self, rated: np.ndarray) -> np.ndarray:
        """(d,) the row that one who rated these is expected to have, whatever the ratings."""
        return self.mean if self.sets is None else self.mean + self.sets.move(rated)

    def ridge(self, weight_decay: float | None, n_ratings: int) -> np.ndarray:
        """(d,)"""
        biases = len(self.mean) > self.n_factors
        if weight_decay is None:
            return newcomer_ridge(self.n_factors, biases=biases, spread=self.spread, bounds=self.bounds)
        return decay_ridge(checked_decay(weight_decay), n_ratings, self.n_factors, biases=biases, spread=self.spread, bounds=self.bounds)

    def predicted(self, row: np.ndarray, others: np.ndarray | slice) -> np.ndarray:
        """Predictions of one row for others, clipped to the range of the ratings."""
        return np.clip(predictions_for(row, self.features[others], self.base[others], bounds=self.bounds), *self.clip)

    def with_row(self, row: np.ndarray, rated: np.ndarray) -> FoldedIn:
        """The newcomer with this row, who has rated the others at these positions."""
        bias = float(row[-1]) if len(row) > self.n_factors else 0.0
        return FoldedIn(self.side, row[:self.n_factors], bias, self.others, rated, self.features, self.base, self.bounds, self.clip)


def newcomer(ratings: Mapping[Hashable, float] | pd.Series, seen: SeenByNewcomers, *, weight_decay: float | None) -> FoldedIn:
    """A newcomer with these ratings of others by label.

    Raises UserError for an unknown label and for what is no rating.
    """
    if not isinstance(ratings, (Mapping, pd.Series)):
        raise UserError(f"The newcomer's ratings are {shown_label(ratings)}. Give ratings by label, such as {{14: 4.5}}.")
    rated = seen.others.all_positions(ratings.keys())
    values = np.array([checked_value(value, label, seen.clip) for label, value in ratings.items()], np.float64)
    if len(np.unique(rated)) < len(rated):
        raise UserError(f"The {seen.others.what} {shown_label(_first_twice(ratings.keys()))} is rated twice. Keep one rating.")
    return seen.with_row(seen.row(rated, values, weight_decay), rated)


def newcomer_by_likes(likes: Mapping[Hashable, float], columns: np.ndarray, names: tuple[str, ...], seen: SeenByNewcomers) -> FoldedIn:
    """A newcomer who rates item columns, genres say, and no item: each rating is one of the mean item of its column.

    `columns` (n_items, g) are what is known of the items, by `names`. Raises UserError for a name that is none.
    """
    if not likes:
        raise UserError("There is nothing that the newcomer likes. Give a rating for a column, such as {'Action': 5}.")
    by_name = {name.casefold(): at for at, name in reversed(list(enumerate(names)))} | {
        name.casefold().split("=", 1)[1]: at for at, name in enumerate(names) if "=" in name}
    features, base = [], []
    for name in likes:
        at = by_name.get(str(name).strip().casefold())
        if at is None:
            raise UserError(f"There is no item column {shown_label(name)}. Choose of: {', '.join(names[:30])}{', …' if len(names) > 30 else ''}.")
        share = np.clip(columns[:, at], 0, None)
        share = share / share.sum() if share.any() else np.full(len(share), 1 / len(share))
        features.append(share @ seen.features)
        base.append(float(share @ seen.base))
    values = np.array([checked_value(value, name, seen.clip) for name, value in likes.items()], np.float64)
    x = fold_in(np.array(features), np.array(base), values, typical=seen.mean, ridge=seen.ridge(None, len(values)), bounds=seen.bounds)
    return seen.with_row(x, np.empty(0, np.intp))


def checked_decay(weight_decay) -> float:
    """Raises UserError for a weight decay that is none."""
    if isinstance(weight_decay, Real) and 0 <= float(weight_decay) < np.inf:
        return float(weight_decay)
    raise UserError(f"weight_decay is {weight_decay!r}. Give a number of 0 or more.")


def checked_value(value, label: Hashable, known: tuple[float, float]) -> float:
    """A newcomer's rating as a number. Raises UserError for what is none, or lies far beyond the known (lowest, highest) rating."""
    if isinstance(value, Real) and not isinstance(value, bool) and abs(float(value)) <= LARGEST_RATING:
        number, span = float(value), known[1] - known[0]
        # a span more on either side: the model need not have seen the lowest and the highest rating that there are
        if not known[0] - span <= number <= known[1] + span:
            raise UserError(f"The rating of {shown_label(label)} is {number:g}, and the model knows ratings from {known[0]:g} to "
                            f"{known[1]:g}. Give it on that scale.")
        return number
    raise UserError(f"The rating of {shown_label(label)} is {shown_label(value)}, not a number. Correct it, or leave it out.")


def _first_twice(labels: Iterable) -> Hashable:
    listed = pd.Series(list(labels), dtype=object)
    return listed[listed.duplicated()].iloc[0]


def ranked_frame(what: str, labels: list, measure: str, values: np.ndarray) -> pd.DataFrame:
    """A frame of labels and what they are ranked by."""
    return pd.DataFrame({what: pd.Series(labels, dtype=None if labels else object), measure: values})
