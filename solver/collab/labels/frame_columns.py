"""One column of a table in memory, checked: as numbers, ids, times or weights."""

from __future__ import annotations

import numpy as np
import pandas as pd

from solver.data.ratings import check_weights
from solver.errors import UserError
from solver.reading.looked_at.rating_texts import LARGEST_RATING

from .id_labels import shown_label

_SMALL = 1_000_000   # ratings above which indices are int32


def number_column(column: pd.Series, what: str) -> np.ndarray:
    """(n,) float64, or float32 where it is that already. Raises UserError naming the first row that is no number."""
    if not pd.api.types.is_numeric_dtype(column) or column.dtype == bool:
        for row, value in enumerate(column):
            if isinstance(value, (str, bool, np.bool_)) or not (pd.api.types.is_number(value) or pd.isna(value)):
                kind = "the text " if isinstance(value, str) else ""
                raise UserError(f"{row_told(column, row)}: {what} is {kind}{shown_label(value)}, not a number. "
                                "Correct it, or leave the row out.")
    dtype = np.float32 if column.dtype == np.float32 else np.float64
    numbers = column.to_numpy(dtype=dtype, na_value=np.nan, copy=True)  # a view into the caller's frame is read-only
    wrong = ~(np.abs(numbers) <= min(LARGEST_RATING, float(np.finfo(numbers.dtype).max)))
    if wrong.any():
        row, missing = int(wrong.argmax()), int(np.isnan(numbers).sum())
        if np.isnan(numbers[row]):
            others = f", and so {'does' if missing == 2 else 'do'} {missing - 1:,} more" if missing > 1 else ""
            raise UserError(f"{row_told(column, row)} has no rating (NaN){others}. Leave out rows without a rating.")
        why = "is not a finite number" if np.isinf(numbers[row]) else "is too large to compute with"
        raise UserError(f"{row_told(column, row)}: the rating {numbers[row]:g} {why}. Correct it, or leave the row out.")
    return numbers


def factorized_ids(column: pd.Series, what: str) -> tuple[np.ndarray, tuple]:
    """(n,) positions of a column's ids, and the labels in order of first appearance."""
    if column.dtype.kind == "f" and column.notna().all() and (column % 1 == 0).all() and not np.isinf(column).any():
        column = column.astype(np.int64)  # 14.0 is 14, as a table that once had blanks writes it
    try:
        codes, labels = pd.factorize(column)
    except TypeError:
        row = next(row for row, value in enumerate(column) if not _hashable(value))
        raise UserError(f"{row_told(column, row)}: the {what} is {shown_label(column.iloc[row])}, which cannot be an id. "
                        "Give a number or a text.") from None
    if (codes < 0).any():
        raise UserError(f"{row_told(column, int((codes < 0).argmax()))} names no {what}. "
                        f"Name the {what}, or leave the row out.")
    if labels.dtype.kind == "i" and (labels < 0).sum() == 1:   # several are hashes
        row = int((codes == int((labels < 0).argmax())).argmax())
        raise UserError(f"{row_told(column, row)}: the {what} is {column.iloc[row]}; a negative id mostly stands for a "
                        f"missing one. Name the {what}, or leave the row out.")
    return codes.astype(np.int32 if len(codes) > _SMALL else np.int64, copy=False), plain_labels(labels)


def plain_labels(labels) -> tuple:
    """As Python's own ints, floats and texts."""
    return tuple(pd.Index(labels, tupleize_cols=False).tolist())


def times_in_column(times: pd.Series) -> np.ndarray:
    """(n,) float64: numbers as they are, dates in seconds since 1970."""
    if pd.api.types.is_datetime64_any_dtype(times):
        if times.isna().any():
            raise UserError(f"{row_told(times, int(times.isna().to_numpy().argmax()))} has no time. Give one, or leave "
                            "the column out.")
        return times.to_numpy(dtype="datetime64[us]").astype(np.int64) / 1e6
    if not pd.api.types.is_numeric_dtype(times):
        try:
            return times_in_column(pd.to_datetime(times, format="ISO8601"))
        except UserError:
            raise
        except (ValueError, TypeError):
            raise UserError(f"The column {shown_label(times.name)} holds no times, such as {shown_label(times.iloc[0])}. "
                            "Give numbers or dates, or leave the column out.") from None
    return times.to_numpy(dtype=np.float64, na_value=np.nan)


def column_of_ratings(y, n: int) -> pd.Series:
    """The ratings y as a column of n. Raises UserError where there are more or fewer."""
    if not isinstance(y, pd.Series):
        column = np.asarray(y)
        y = pd.Series(column.reshape(len(column), -1)[:, 0])
    if len(y) != n:
        raise UserError(f"There are {n:,} pairs of users and items in X and {len(y):,} ratings in y. "
                        "Give as many of each.")
    return y


def weights_of_rows(weights, n: int) -> np.ndarray:
    """(n,) float64. Raises UserError for what is not a number above 0 for every rating."""
    try:
        numbers = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError("sample_weight holds something that is not a number. Give a number above 0 for every rating.") from None
    if numbers.shape != (n,):
        raise UserError(f"sample_weight has the shape {numbers.shape}, and there are {n:,} ratings. Give a number for each of them.")
    check_weights(numbers)
    return numbers


def _hashable(value) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def row_told(column: pd.Series, row: int) -> str:
    """How a message begins: the row as its index calls it."""
    return f"Row {shown_label(column.index[row])}"
