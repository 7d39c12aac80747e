"""Labels of users or items, and where each of them stands: from ids of any kind to rows of factors."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property

import numpy as np
import pandas as pd

from solver.data.ratings import Ratings
from solver.errors import UserError
from solver.reading.looked_at.rating_texts import identity

STORED_LABELS = (int, float, str, bool)     # types of labels that JSON keeps apart and gives back as they were
_SEARCHED = 100_000  # labels beyond which no nearest one is looked for


class Labels:
    """The labels of one side in the order of its factors' rows; `what` is ``'user'`` or ``'item'``.

    14 and '14' are two labels.
    """

    def __init__(self, labels: Sequence[Hashable], what: str):
        self.labels, self.what = tuple(labels), what

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(list(self.labels), tupleize_cols=False)

    def positions(self, column) -> np.ndarray:
        """(n,) the row of each label of a column, -1 where it is not known."""
        column = pd.Index(column, tupleize_cols=False)
        if isinstance(column, pd.CategoricalIndex):  # each label is looked up once
            return np.append(self.positions(column.categories), -1)[column.codes]
        if column.dtype == object and self._index.dtype != object:
            column, index = column.astype(object), self._index.astype(object)
        else:
            index = self._index
        return index.get_indexer(column)

    def position(self, label: Hashable) -> int:
        """The row of one label. Raises UserError, naming the nearest one, where it is not known."""
        found = self._find(label)
        if found is None:
            raise UserError(f"There is no {self.what} {shown_label(label)}{self._advice(label)}")
        return found

    def all_positions(self, labels: Iterable[Hashable]) -> np.ndarray:
        """(n,) the row of each of these labels. Raises UserError for the first that is not known."""
        labels = list(labels)
        try:
            found = self.positions(pd.Index(labels, dtype=object, tupleize_cols=False))
        except TypeError:   # one that cannot be a label, such as a list
            found = np.array([self.position(label) for label in labels], np.intp)
        for unknown in np.flatnonzero(found < 0)[:1]:
            self.position(labels[unknown])
        return found

    def _find(self, label) -> int | None:
        try:
            hash(label)
        except TypeError:
            return None
        found = int(self.positions(pd.Index([label], dtype=object, tupleize_cols=False))[0])
        return found if found >= 0 else None

    def _advice(self, label) -> str:
        other = _other_type(label)
        if other is not None and self._find(other) is not None:
            kinds = ("the number", "a number") if isinstance(other, int) else ("the text", "a text")
            return f"; there is {kinds[0]} {shown_label(other)}: give it as {kinds[1]}."
        if isinstance(label, str) and len(self) <= _SEARCHED:
            by_folded = {text.casefold(): text for text in reversed(self.labels) if isinstance(text, str)}
            near = get_close_matches(label.casefold(), by_folded, n=1)
            if near:
                return f"; did you mean {shown_label(by_folded[near[0]])}?"
        some = ", ".join(shown_label(known) for known in self.labels[:3])
        return f". There are {len(self):,} {self.what}s, such as {some}."


def shown_label(label) -> str:
    """A label as a sentence shows it: texts in quotes, so that '14' and 14 differ."""
    text = repr(label) if isinstance(label, str) else str(label)
    return text if len(text) <= 60 else text[:59] + "…"


def _other_type(label):
    """14 for '14' and '14' for 14."""
    if isinstance(label, str):
        try:
            return int(label)
        except ValueError:
            return None
    return str(label)


def known_labels(asked: Sequence[Hashable], labels: Sequence[Hashable]) -> list[Hashable | None]:
    """For each label asked for, the model's that means the same, 14, '14' or '014'; None: it has none."""
    exact = set(labels)
    found = [label if label in exact else None for label in asked]
    if None in found:
        same = {identity(label): label for label in labels}
        found = [same.get(identity(label)) if own is None else own for label, own in zip(asked, found)]
    return found


def under_known_labels(asked: Sequence[Hashable], labels: Sequence[Hashable]) -> list[Hashable]:
    """Each label asked for, as the model's where it has one that means the same."""
    return [label if known is None else known for label, known in zip(asked, known_labels(asked, labels))]


def refuse_negative_id(ratings: Ratings, name: str) -> None:
    """Raise UserError for a lone id below 0, which mostly stands for a missing one; where there are several they are hashes. `name` is that of
    the table."""
    for what, labels in (("user", ratings.users), ("item", ratings.items)):
        below = [label for label in labels if isinstance(label, int) and label < 0]
        if len(below) == 1:
            raise UserError(f"{name}: the {what} {below[0]} is negative, which mostly stands for a missing "
                            f"one. Name the {what}, or leave its ratings out.")
