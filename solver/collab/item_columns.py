"""What else is known of the items, as a table: genres, categories, whether a film is in colour."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from solver.errors import UserError

from .id_labels import Labels, shown_label


def item_columns_of(table: pd.DataFrame, items: Sequence[Hashable]) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """(the columns (n_items, g), their names, notes). Each row is divided by its length, so that an item of four
    genres is no further from the rest than one of a single genre; an item without a row has 0.

    Raises UserError for a table that is no table of numbers by item.
    """
    if not isinstance(table, pd.DataFrame):
        raise UserError(f"item_columns is a {type(table).__name__}. Give a DataFrame: a row for an item, which its index "
                        "names, and columns of numbers, such as 1 where a genre is the item's.")
    if table.index.has_duplicates:
        raise UserError(f"item_columns has two rows for the item {shown_label(table.index[table.index.duplicated()][0])}. Keep one.")
    numbers = np.column_stack([_numbers(table[name], name) for name in table]) if table.shape[1] else np.empty((len(table), 0))
    used = np.flatnonzero(numbers.any(0))
    if not len(used):
        raise UserError("item_columns has no column with a number other than 0. Give some, or leave it out.")
    rows = Labels(tuple(table.index), "item").positions(pd.Index(list(items), tupleize_cols=False))
    if (rows < 0).all():
        raise UserError(f"item_columns knows none of the {len(items):,} items, such as {shown_label(items[0])}: its index begins "
                        f"with {shown_label(table.index[0])}. Make the items its index.")
    found = np.where((rows >= 0)[:, None], numbers[:, used][rows], 0.0)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    found = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    without = int((lengths == 0).sum())
    note = (f"Of {without:,} of {len(items):,} items item_columns says nothing.",) if without else ()
    return found, tuple(str(table.columns[int(n)]) for n in used), note


def _numbers(column: pd.Series, name: Hashable) -> np.ndarray:
    try:
        numbers = column.to_numpy(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"The column {shown_label(name)} of item_columns is not one of numbers. Give 1 where it holds for an item "
                        "and 0 where not; pandas' str.get_dummies('|') makes that of genres.") from None
    if not np.isfinite(numbers).all():
        raise UserError(f"The column {shown_label(name)} of item_columns lacks a number for the item "
                        f"{shown_label(column.index[~np.isfinite(numbers)][0])}. Give one, such as 0.")
    return numbers
