"""Ratings in the order of one side's rows, for methods that take row after row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .sparse_products import RatedPairs


@dataclass(frozen=True, eq=False)
class ByRow:
    """The ratings of row u, a user or an item, are those from ``starts[u]`` to ``starts[u + 1]``.

    `starts` (n_rows + 1,) is a numpy array: it lays out the work, which is done where the tensors are.
    """

    starts: np.ndarray
    others: Tensor   # (n_ratings,) int32: rows of the other side
    values: Tensor   # (n_ratings,)
    weights: Tensor | None = None   # (n_ratings,); None: all ratings count alike

    @property
    def counts(self) -> np.ndarray:
        """(n_rows,) how many ratings each row has."""
        return np.diff(self.starts)


def both_sides(pairs: RatedPairs, values: Tensor, weights: Tensor | None = None) -> tuple[ByRow, ByRow]:
    """(by user, by item); `values` and `weights` (n_ratings,) are in the order of the pairs."""
    order, users, item_starts = pairs.by_item
    return (ByRow(pairs.user_starts.cpu().numpy(), pairs.items, values, weights),
            ByRow(item_starts.cpu().numpy(), users, values[order], None if weights is None else weights[order]))
