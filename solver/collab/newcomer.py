"""A user or an item that came after the fit, with a row of its own beside those that were fitted."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from solver.errors import UserError
from solver.model.models import Bounds
from solver.reading.looked_at.rating_texts import LARGEST_RATING

from .id_labels import Labels, shown_label
from .recommend import OTHER, decay_ridge, fold_in, newcomer_ridge, predictions_for, seen_by, top_n

if TYPE_CHECKING:
    from torch import Tensor

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


def newcomer(ratings: Mapping[Hashable, float] | pd.Series, factors: Factors, side: str, *, others: Labels,
             typical: Mapping[str, Tensor], weight_decay: float | None, spread: float, bounds: Bounds,
             clip: tuple[float, float]) -> FoldedIn:
    """A newcomer on `side` with these ratings of `others` by label. `typical` are the mean rows by field
    name, `spread` the standard deviation of all ratings.

    Raises UserError for an unknown label and for what is no rating.
    """
    if not isinstance(ratings, (Mapping, pd.Series)):
        raise UserError(f"The newcomer's ratings are {shown_label(ratings)}. Give ratings by label, such as {{14: 4.5}}.")
    rated = others.all_positions(ratings.keys())
    values = np.array([_rating(value, label, clip) for label, value in ratings.items()], np.float64)
    if len(np.unique(rated)) < len(rated):
        raise UserError(f"The {others.what} {shown_label(_first_twice(ratings.keys()))} is rated twice. Keep one rating.")
    features, base = seen_by(factors, side)
    biases = factors.user_bias is not None
    if weight_decay is None:
        ridge = newcomer_ridge(factors.n_factors, biases=biases, spread=spread, bounds=bounds)
    elif isinstance(weight_decay, Real) and 0 <= weight_decay < np.inf:
        ridge = decay_ridge(float(weight_decay), len(rated), factors.n_factors, biases=biases, spread=spread, bounds=bounds)
    else:
        raise UserError(f"weight_decay is {weight_decay!r}. Give a number of 0 or more.")
    mean = np.concatenate([typical[name].numpy().reshape(-1) for name in (side, f"{side}_bias") if name in typical])
    x = fold_in(features[rated], base[rated], values, typical=mean, ridge=ridge, bounds=bounds)
    return FoldedIn(side, x[:factors.n_factors], float(x[-1]) if biases else 0.0, others, rated, features, base,
                    bounds, clip)


def _rating(value, label: Hashable, known: tuple[float, float]) -> float:
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
