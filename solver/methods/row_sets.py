"""The set of each row: which members of the other side have rated it, or were rated by it. Without torch.

That somebody rated an item tells something, whatever the rating was (Koren 2008, "Factorization meets the neighborhood"): only
pairs that are learnt from enter the sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

LARGEST_SET = 512        # columns of a set at most, those of the members with most ratings: more predicts no better
_ROWS_AT_ONCE = 4_096    # of a table of which all places are written out
SIDES = {"none": (), "users": ("user",), "items": ("item",), "both": ("item", "user")}     # Settings.implicit_sets -> the sides whose sets are learnt from


@dataclass(frozen=True, eq=False)
class Family:
    """Columns of one kind, as the places and numbers of their entries that are not 0."""

    rows: np.ndarray
    columns: np.ndarray
    numbers: np.ndarray
    n_columns: int


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


def with_ones(family: Family, n_rows: int) -> Family:
    """The same columns behind one that is 1 for all rows."""
    every = np.arange(n_rows)
    return Family(np.concatenate([every, family.rows]), np.concatenate([0 * every, family.columns + 1]),
                  np.concatenate([np.ones(n_rows), family.numbers]), family.n_columns + 1)


def regressed_on(family: Family, rows: np.ndarray, penalty: float | np.ndarray, *, weights: np.ndarray) -> np.ndarray:
    """(n_columns, d) W = argmin Σ_i w_i ‖x_i − Wᵀ f_i‖² + Σ_c λ_c ‖W_c‖², of `rows` X (n_rows, d) and a `penalty` λ."""
    gram, sums = np.zeros((family.n_columns, family.n_columns)), np.zeros((family.n_columns, rows.shape[1]))
    for part, table in _tables(family, len(rows), rows.dtype):
        root = np.sqrt(weights[part]).astype(rows.dtype)[:, None]
        table *= root
        gram += table.T @ table
        sums += table.T @ (rows[part] * root)
    gram[np.diag_indices_from(gram)] += penalty
    return np.linalg.solve(gram, sums)


def columns_times(family: Family, vectors: np.ndarray, n_rows: int) -> np.ndarray:
    """(n_rows, d) F · vectors."""
    product = np.empty((n_rows, vectors.shape[1]), vectors.dtype)
    for part, table in _tables(family, n_rows, vectors.dtype):
        product[part] = table @ vectors
    return product


def _tables(family: Family, n_rows: int, dtype: np.dtype) -> Iterator[tuple[slice, np.ndarray]]:
    """(which rows, their part of F) of some thousand rows at once; several entries at one place are added."""
    order = np.argsort(family.rows, kind="stable")
    rows, columns, numbers = family.rows[order], family.columns[order], family.numbers[order].astype(dtype)
    for first in range(0, n_rows, _ROWS_AT_ONCE):
        part = slice(first, min(first + _ROWS_AT_ONCE, n_rows))
        begin, end = np.searchsorted(rows, (part.start, part.stop))
        table = np.zeros((part.stop - first, family.n_columns), dtype)
        np.add.at(table, (rows[begin:end] - first, columns[begin:end]), numbers[begin:end])
        yield part, table
