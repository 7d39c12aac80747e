"""Many users or items that came after the fit, with rows of their own: folded in together, and recommended to together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from solver.collab.answers.bulk import Wanted, best_of_many
from solver.collab.answers.recommend import OTHER, predictions_for
from solver.collab.labels.id_labels import Labels
from solver.data.rated import RatedItems
from solver.data.ratings import Ratings

from .newcomer import FoldedIn, SeenByNewcomers, checked_value, ranked_frame

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class FoldedInMany:
    """Newcomers by their `labels`, with `rows` (n, d): factors and, where the model has biases, the bias last.

    `newcomers[label]` is one of them. What they are recommended are members of the other side.
    """

    labels: Labels
    rows: np.ndarray
    seen: SeenByNewcomers
    rated: RatedItems

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, label: Hashable) -> FoldedIn:
        at = self.labels.position(label)
        return self.seen.with_row(self.rows[at], self.rated.by(at))

    @property
    def factors(self) -> np.ndarray:
        """(n, k)"""
        return self.rows[:, :self.seen.n_factors]

    def recommend(self, n: int = 10, *, exclude_seen: bool = True) -> pd.DataFrame:
        """The `n` others with the largest predictions for each newcomer, best first: columns ``user``, ``item`` and
        ``prediction``, or, of new items, ``item``, ``user`` and ``prediction``. What a newcomer rated is left out unless
        `exclude_seen` is False."""
        seen = self.seen
        wanted = Wanted(n, np.arange(len(seen.others)), self.rated if exclude_seen else None)

        def scores_of(some: np.ndarray, among: np.ndarray) -> np.ndarray:
            return self.rows[some] @ seen.features[among].T + seen.base[among]

        parts = list(best_of_many(scores_of, lambda one: predictions_for(self.rows[one], seen.features, seen.base), np.arange(len(self)), wanted))
        of, best = (np.concatenate([part[side] for part in parts]) if parts else np.empty(0, np.intp) for side in (0, 1))
        values = np.array([seen.predicted(self.rows[one], slice(other, other + 1))[0] for one, other in zip(of, best)], np.float64)
        frame = ranked_frame(OTHER[seen.side], [seen.others.labels[other] for other in best], "prediction", values)
        frame.insert(0, seen.side, pd.Series([self.labels.labels[one] for one in of], dtype=None if len(of) else object))
        return frame


def newcomers(ratings: Ratings, seen: SeenByNewcomers, *, weight_decay: float | None) -> FoldedInMany:
    """All newcomers of the table: the users of `ratings`, or, where `seen` is of items, the items.

    Raises UserError for a rating of somebody unknown, and for what is no rating of the model's scale.
    """
    sides: Mapping[str, tuple[tuple, np.ndarray]] = {"user": (ratings.users, ratings.user_index), "item": (ratings.items, ratings.item_index)}
    (labels, own), (others, other) = sides[seen.side], sides[OTHER[seen.side]]
    other = seen.others.all_positions(others)[other]
    _check_values(ratings.values, (others[n] for n in sides[OTHER[seen.side]][1]), seen.clip)
    rated = RatedItems.of(Ratings(labels, seen.others.labels, own, other, ratings.values))
    rows = np.empty((len(labels), seen.features.shape[1]))
    for n in range(len(labels)):
        between = slice(rated.starts[n], rated.starts[n + 1])
        rows[n] = _row(rated.items[between], rated.values[between], seen, weight_decay)
    return FoldedInMany(Labels(labels, seen.side), rows, seen, rated)


def _row(rated: np.ndarray, values: np.ndarray, seen: SeenByNewcomers, weight_decay: float | None) -> np.ndarray:
    """As `SeenByNewcomers.row`, by one system of equations where that is exact enough: a ridge above 0, and no sigmoid."""
    features, ridge = seen.features[rated], seen.ridge(weight_decay, len(rated))
    if seen.bounds is not None or seen.unrated is not None or not (ridge > 0).all():
        return seen.row(rated, values, weight_decay)
    expected = seen.expected(rated)
    errors = values - seen.base[rated] - features @ expected
    return expected + np.linalg.solve(features.T @ features + np.diag(ridge), features.T @ errors)


def _check_values(values: np.ndarray, labels: Iterable[Hashable], clip: tuple[float, float]) -> None:
    span = clip[1] - clip[0]
    if not ((values >= clip[0] - span) & (values <= clip[1] + span)).all():
        for value, label in zip(values.tolist(), labels):
            checked_value(value, label, clip)      # raises at the first
