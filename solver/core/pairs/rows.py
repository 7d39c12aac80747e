"""The users and items that take part in a fit: those with a rating, among the training ratings or the hold-out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.data.ratings import Ratings
from solver.model.net import AnyFactors


@dataclass(frozen=True, eq=False)
class _Side:
    """The users, or the items: which rows `take` part, and which of all rows were `learnt`."""

    take: np.ndarray | None     # None: all of them, in their places
    learnt: np.ndarray | None   # None: all of them

    @classmethod
    def of(cls, index: np.ndarray, held: np.ndarray | None, n: int) -> _Side:
        counts = np.bincount(index, minlength=n)
        learnt = None if counts.all() else np.flatnonzero(counts)
        if held is not None:
            counts = counts + np.bincount(held, minlength=n)
        return cls(None if counts.all() else np.flatnonzero(counts), learnt)

    def renumbered(self, index: np.ndarray, n: int) -> np.ndarray:
        if self.take is None:
            return index
        new = np.full(n, -1, index.dtype)
        new[self.take] = np.arange(len(self.take))
        return new[index]


EVERY = _Side(None, None)  # for parts that belong to no single user or item, such as the weights of a net


@dataclass(frozen=True, eq=False)
class Rows:
    """Both sides. Rows without a training rating keep their start values, whatever decay does."""

    user: _Side
    item: _Side

    @classmethod
    def of(cls, ratings: Ratings, holdout: Ratings | None) -> Rows:
        return cls(_Side.of(ratings.user_index, None if holdout is None else holdout.user_index, ratings.n_users),
                   _Side.of(ratings.item_index, None if holdout is None else holdout.item_index, ratings.n_items))

    def of_ratings(self, ratings: Ratings) -> Ratings:
        """The same ratings, with only the users and items that take part."""
        def labels(side: _Side, all_labels: tuple) -> tuple:
            return all_labels if side.take is None else tuple(map(all_labels.__getitem__, side.take.tolist()))

        if self.user.take is None and self.item.take is None:
            return ratings
        def known(side: _Side, columns: np.ndarray | None) -> np.ndarray | None:
            return columns if columns is None or side.take is None else columns[side.take]

        return replace(ratings, users=labels(self.user, ratings.users), items=labels(self.item, ratings.items),
                       user_index=self.user.renumbered(ratings.user_index, ratings.n_users),
                       item_index=self.item.renumbered(ratings.item_index, ratings.n_items),
                       item_columns=known(self.item, ratings.item_columns), user_columns=known(self.user, ratings.user_columns))

    def of_factors(self, factors: AnyFactors) -> AnyFactors:
        """The rows of the factors that take part."""
        return factors.with_arrays({name: array if (take := self._side(name).take) is None else array[take]
                                    for name, array in factors.arrays().items()})

    def back(self, found: AnyFactors, start: AnyFactors) -> AnyFactors:
        """All rows again, on the CPU: what was learnt, and the start values where nothing was."""
        parts, learnt = {}, found.arrays()
        for name, begun in start.arrays().items():
            side, part = self._side(name), learnt[name].astype(begun.dtype, copy=False)
            if side.learnt is not None:
                whole = begun.copy()
                inside = side.learnt if side.take is None else np.searchsorted(side.take, side.learnt)
                whole[side.learnt] = part[inside]
                part = whole
            parts[name] = np.ascontiguousarray(part)  # a fused fit gives columns of its table
        return found.with_arrays(parts)

    def _side(self, name: str) -> _Side:
        return self.user if name.startswith("user") else self.item if name.startswith("item") else EVERY
