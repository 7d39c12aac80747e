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

LARGEST_SET = 512        # columns of a set at most, those of the members with most ratings: more predicts no better
FIRST_PRECISION = 10.0   # of a family's factors, before the first draw of it
_ROWS_AT_ONCE = 4_096    # of the table that products of columns are taken of


@dataclass(frozen=True, eq=False)
class Family:
    """Columns of one kind, as the places and numbers of their entries that are not 0."""

    rows: np.ndarray
    columns: np.ndarray
    numbers: np.ndarray
    n_columns: int


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


def set_columns(counts: np.ndarray) -> np.ndarray:
    """(n,) the column that each member of the other side is in a set, −1 for none, by how many ratings each has."""
    often = np.argsort(-counts, kind="stable")[:LARGEST_SET]
    columns = np.full(len(counts), -1)
    columns[often] = np.arange(len(often))
    return columns


def set_family(own: np.ndarray, others: np.ndarray, lengths: np.ndarray, columns: np.ndarray) -> Family:
    """The sets of rows, which have rated `others` (n_ratings,), or were rated by them: `own` (n_ratings,), of `lengths` (n_rows,);
    `columns` are those that `set_columns` gave."""
    found = columns[others]
    rows, found = own[found >= 0], found[found >= 0]
    return Family(rows, found, 1 / np.sqrt(lengths[rows]), min(len(columns), LARGEST_SET))


def _given(table: np.ndarray) -> Family:
    rows, columns = np.nonzero(table)
    return Family(rows, columns, table[rows, columns], table.shape[1])
