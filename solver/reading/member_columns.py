"""Read what else is known of users or items from a table: numbers and categories, a row for each of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from solver.errors import UserError, shortened

from .looked_at.column_roles import find_by_name
from .looked_at.columns import Column
from .looked_at.rating_names import RATING_ROLES
from .looked_at.rating_texts import identity, labels_from_texts, reads_as_number
from .looked_at.roles import FoundColumns
from .looked_at.table_port import SourceTable, Told
from .rating_columns import how_many_of
from .tables import opened_table, read_found
from .titles import ITEM_ROLE

_ROLES = {"item": ITEM_ROLE, "user": RATING_ROLES[0]}
_MOST_DIFFERENT = 0.5   # share of distinct texts from which on a column holds titles or names and no categories


def read_known_columns(path, *, side: str, labels: Sequence[Hashable], sep: str | None = None) -> tuple[pd.DataFrame, list[str]]:
    """A table as `CollabFilter.fit` takes item or user columns, and notes on what was odd.

    `side` is ``'item'`` or ``'user'``, `labels` are those of the ratings: ids match however they are written, 14, '14' or
    '014', and those without a rating are kept. The ids stand in the column that is called so, else in the first. Columns of
    numbers have 0 where they are blank on average; columns of texts that are nearly all different, such as titles, are left
    out. Raises UserError for a file that cannot be read, describes nobody, or describes somebody twice.
    """
    role = _ROLES[side]
    with opened_table(path, Told(sep=sep, layout="long", roles=(role,))) as looked_at:
        first = looked_at.first_line()
        at = (find_by_name(first, (role,))[0] or 0) if first else 0
        header = not all(map(reads_as_number, first[:1])) or find_by_name(first, (role,))[0] is not None
        others = [n for n in range(len(first)) if n != at]
        if not others:
            raise UserError(f"{looked_at.name} has one column. Give a table of {side}s and what is known of them.")
        read = read_found(looked_at, FoundColumns((at, *others), first, header, guessed=False))
    table, (ids, *columns) = read.table, read.rows.columns
    index = _labels(table, ids, read.rows.lines, side, labels)
    names = [shortened(first[n]) if header else f"column {n + 1}" for n in others]
    found, left_out = {}, []
    for name, column in zip(names, columns):
        values = _values(column)
        if values is None:
            left_out.append(f"'{name}'")
        else:
            found[name] = values
    notes = [f"{table.name} describes {how_many_of(len(index), side)} by {', '.join(found) or 'nothing'}."]
    if left_out:
        notes.append(f"{table.name}: {', '.join(left_out)} left out: nearly every text is another one, so they are no categories.")
    if not found:
        raise UserError(f"{table.name} has no column of numbers or categories. Give a table of {side}s and what is known of them.")
    return pd.DataFrame(found, index=pd.Index(index, dtype=object, tupleize_cols=False)), notes


def _labels(table: SourceTable, ids: Column, lines: np.ndarray, side: str, labels: Sequence[Hashable]) -> list[Hashable]:
    if len(ids.texts) < len(ids.codes):
        again = pd.Series(ids.codes).duplicated().to_numpy().argmax()
        raise UserError(f"{table.at(lines[again])} describes the {side} {ids.texts[ids.codes[again]]} again. Keep one line.")
    wanted = {identity(label): label for label in labels}
    own = labels_from_texts(ids.texts) if all(isinstance(label, int) for label in labels) else [text.strip() for text in ids.texts]
    return [wanted.get(identity(text), label) for text, label in zip(ids.texts, own)]


def _values(column: Column) -> np.ndarray | None:
    """(n_rows,) numbers, the mean where there is none; or texts; None where these are nearly all different."""
    asked = [text.strip() for text in column.texts if text.strip()]
    if asked and all(map(reads_as_number, asked)):
        numbers = np.array([float(text.replace(",", ".")) if text.strip() else np.nan for text in column.texts])[column.codes]
        return np.where(np.isnan(numbers), np.nanmean(numbers), numbers)
    categories = {part.strip() for text in asked for part in text.split("|")}
    if not asked or len(categories) > max(2.0, _MOST_DIFFERENT * len(column.codes)):
        return None
    return np.array(column.texts, object)[column.codes]
