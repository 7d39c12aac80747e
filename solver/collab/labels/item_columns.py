"""What else is known of items or users, as a table: genres, categories, a year, an age, whether a film is in colour."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from solver.errors import UserError

from .id_labels import Labels, shown_label

_MOST_CATEGORIES = 60   # of one column: those that most have
_BETWEEN = "|"          # stands between several categories of one


def known_columns_of(table: pd.DataFrame, labels: Sequence[Hashable], side: str) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """(the columns (n, g) of these users or items, their names, notes). Each row is divided by its length, so that an item of four
    genres is no further from the rest than one of a single genre; who has no row has 0.

    A column of texts is a column for each of its categories, several of them between ``|``; one of numbers with more than two
    values is standardised. Raises UserError for what is no such table.
    """
    called = f"{side}_columns"
    if not isinstance(table, pd.DataFrame):
        raise UserError(f"{called} is a {type(table).__name__}. Give a DataFrame: a row for each {side}, which its index "
                        "names, and columns of numbers or categories, such as 1 where a genre is the item's.")
    if table.index.has_duplicates:
        raise UserError(f"{called} has two rows for the {side} {shown_label(table.index[table.index.duplicated()][0])}. Keep one.")
    parts = [_one_column(table[name], name, called) for name in table]
    names = [name for part in parts for name in part[0]]
    numbers = np.column_stack([part[1] for part in parts]) if parts else np.empty((len(table), 0))
    used = np.flatnonzero(numbers.any(0))
    if not len(used):
        raise UserError(f"{called} has no column with a number other than 0. Give some, or leave it out.")
    rows = Labels(tuple(table.index), side).positions(pd.Index(list(labels), tupleize_cols=False))
    if (rows < 0).all():
        raise UserError(f"{called} knows none of the {len(labels):,} {side}s, such as {shown_label(labels[0])}: its index begins "
                        f"with {shown_label(table.index[0])}. Make the {side}s its index.")
    found = np.where((rows >= 0)[:, None], numbers[:, used][rows], 0.0)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    found = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    without = int((lengths == 0).sum())
    note = (f"Of {without:,} of {len(labels):,} {side}s {called} says nothing.",) if without else ()
    return found, tuple(names[int(n)] for n in used), note


def _one_column(column: pd.Series, name: Hashable, called: str) -> tuple[list[str], np.ndarray]:
    """(names, numbers (n, g)) of one column: itself, or its categories."""
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)) and all(isinstance(text, str) for text in column.dropna()):
        held = column.fillna("").astype(str).str.split(_BETWEEN, regex=False).explode().str.strip()
        counts = held[held != ""].value_counts()
        chosen = [text for text, n in counts.items() if 1 < n < len(column)][:_MOST_CATEGORIES]     # one alone tells of nobody else
        has = pd.get_dummies(held[held.isin(chosen)]).groupby(level=0, sort=False).max().reindex(column.index, fill_value=False)
        return [f"{name}={text}" for text in chosen], has.reindex(columns=chosen, fill_value=False).to_numpy(np.float64)
    numbers = _numbers(column, name, called)
    if len(np.unique(numbers)) > 2:
        numbers = np.clip((numbers - numbers.mean()) / numbers.std(), -3, 3)
    return [str(name)], numbers[:, None]


def _numbers(column: pd.Series, name: Hashable, called: str) -> np.ndarray:
    try:
        numbers = column.to_numpy(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"The column {shown_label(name)} of {called} holds neither numbers nor texts. Give numbers, or "
                        "the categories as texts, several between |.") from None
    if not np.isfinite(numbers).all():
        raise UserError(f"The column {shown_label(name)} of {called} lacks a number for "
                        f"{shown_label(column.index[~np.isfinite(numbers)][0])}. Give one, such as 0.")
    return numbers
