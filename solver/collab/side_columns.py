"""What else is known of the items, or of the users, as a table: genres, categories, whether a film is in colour; age, country."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from solver.errors import UserError

from .id_labels import Labels, shown_label

_EXAMPLES = {"item": "1 where a genre is the item's", "user": "1 for each user of a country"}


def side_columns_of(table: pd.DataFrame, members: Sequence[Hashable], what: str) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """(the columns (n_members, g), their names, notes) of all members, the items or the users as `what` says.

    Each row is divided by its length, so that an item of four genres is no further from the rest than one of a single genre;
    a member without a row has 0. Raises UserError for a table that is no table of numbers by member.
    """
    given = f"{what}_columns"
    if not isinstance(table, pd.DataFrame):
        raise UserError(f"{given} is a {type(table).__name__}. Give a DataFrame: a row for each {what}, which its index "
                        f"names, and columns of numbers, such as {_EXAMPLES[what]}.")
    if table.index.has_duplicates:
        raise UserError(f"{given} has two rows for the {what} {shown_label(table.index[table.index.duplicated()][0])}. Keep one.")
    numbers = np.column_stack([_numbers(table[name], name, what) for name in table]) if table.shape[1] else np.empty((len(table), 0))
    used = np.flatnonzero(numbers.any(0))
    if not len(used):
        raise UserError(f"{given} has no column with a number other than 0. Give some, or leave it out.")
    rows = Labels(tuple(table.index), what).positions(pd.Index(list(members), tupleize_cols=False))
    if (rows < 0).all():
        raise UserError(f"{given} knows none of the {len(members):,} {what}s, such as {shown_label(members[0])}: its index begins "
                        f"with {shown_label(table.index[0])}. Make the {what}s its index.")
    found = np.where((rows >= 0)[:, None], numbers[:, used][rows], 0.0)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    found = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    without = int((lengths == 0).sum())
    note = (f"Of {without:,} of {len(members):,} {what}s {given} says nothing.",) if without else ()
    return found, tuple(str(table.columns[int(n)]) for n in used), note


def _numbers(column: pd.Series, name: Hashable, what: str) -> np.ndarray:
    try:
        numbers = column.to_numpy(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"The column {shown_label(name)} of {what}_columns is not one of numbers. Give 1 where it holds for a member "
                        "and 0 where not; pandas' str.get_dummies('|') makes that of genres.") from None
    if not np.isfinite(numbers).all():
        raise UserError(f"The column {shown_label(name)} of {what}_columns lacks a number for the {what} "
                        f"{shown_label(column.index[~np.isfinite(numbers)][0])}. Give one, such as 0.")
    return numbers
