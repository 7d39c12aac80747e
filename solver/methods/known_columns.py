"""What is known of the rows of one side beside their ratings: columns, in families, of which the prior of a row is made.

A user's row has a 1, the set of the items that the user rated, 1/√n_u for each of its n_u, and whatever columns were
given; an item's row likewise the set of its users, and its genres. `normal_wishart` draws how much each column moves
the rows that have it. That somebody rated an item tells something, whatever the rating was (Koren 2008,
"Factorization meets the neighborhood"): only pairs that are learnt from enter the sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from solver.core.pairs.sparse_products import SparseTable
from solver.core.settings import Settings
from solver.data.ratings import Ratings

from .row_sets import Family, set_columns, set_family

FIRST_PRECISION = 10.0   # of a family's factors, before the first draw of it
_ROWS_AT_ONCE = 4_096    # of the table that products of columns are taken of


@dataclass(frozen=True, eq=False)
class ColumnProducts:
    """What draws need of the columns F (n, f) of one side's rows, besides F itself."""

    gram: Tensor              # FᵀF (f, f), float64
    sizes: tuple[int, ...]    # columns of each family

    def by_column(self, first: float, of_families: Tensor) -> Tensor:
        """(f,) float64: `first` for the column of ones, and for the others the number of their family."""
        sizes = torch.tensor([1, *self.sizes])
        numbers = torch.cat([torch.tensor([first], dtype=torch.float64), of_families])
        return numbers.repeat_interleave(sizes).to(self.gram.device)


@dataclass(frozen=True, eq=False)
class KnownColumns(ColumnProducts):
    """The columns F (n, f) of one side's rows: the first is 1 for all, and the families follow it."""

    table: SparseTable

    @classmethod
    def of(cls, families: Sequence[Family], n_rows: int, *, dtype: torch.dtype, device: str) -> KnownColumns:
        table = column_table(families, n_rows, dtype=dtype, device=device)
        return cls(column_gram(table), tuple(family.n_columns for family in families), table)


def column_table(families: Sequence[Family], n_rows: int, *, dtype: torch.dtype, device: str) -> SparseTable:
    """F (n_rows, f): a column of ones, and the families."""
    every = Family(np.arange(n_rows), np.zeros(n_rows, np.int64), np.ones(n_rows), 1)
    first = np.cumsum([0, *(family.n_columns for family in (every, *families))])
    rows, columns, numbers = (np.concatenate(parts) for parts in zip(*(
        (family.rows, family.columns + begin, family.numbers) for family, begin in zip((every, *families), first))))
    return SparseTable.of(torch.as_tensor(rows, device=device), torch.as_tensor(columns, device=device),
                          torch.as_tensor(numbers, dtype=dtype, device=device), n_rows, int(first[-1]))


def column_gram(table: SparseTable) -> Tensor:
    """FᵀF (f, f) float64 of a table F."""
    return table.gram(at_once=_ROWS_AT_ONCE)


def known_of_both(ratings: Ratings, settings: Settings, *, dtype: torch.dtype, device: str) -> tuple[KnownColumns, KnownColumns]:
    """(what is known of the users, what is known of the items)."""
    by_user = ratings.user_index, ratings.item_index, ratings.n_users, ratings.n_items
    by_item = ratings.item_index, ratings.user_index, ratings.n_items, ratings.n_users
    known = []
    for side, pairs, given in (("users", by_user, ratings.user_columns), ("items", by_item, ratings.item_columns)):
        families = [_set_of_each(*pairs)] if settings.implicit_sets in (side, "both") else []
        if given is not None:
            families.append(_given(given))
        known.append(KnownColumns.of(families, pairs[2], dtype=dtype, device=device))
    return known[0], known[1]


def _set_of_each(own: np.ndarray, others: np.ndarray, n: int, n_others: int) -> Family:
    """The set of each row. A pair that is there twice counts twice."""
    return set_family(own, others, np.bincount(own, minlength=n), set_columns(np.bincount(others, minlength=n_others)))


def _given(table: np.ndarray) -> Family:
    rows, columns = np.nonzero(table)
    return Family(rows, columns, table[rows, columns], table.shape[1])
