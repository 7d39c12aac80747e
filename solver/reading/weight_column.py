"""The column that says how much each rating counts, where one was told: where it stands, and its numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solver.errors import UserError, shortened

from .looked_at.bad_rows import BadRows
from .looked_at.column_roles import column_at
from .looked_at.columns import Column
from .looked_at.rating_texts import decimal_sign, reads_as_number
from .looked_at.roles import FoundColumns
from .looked_at.table_port import SourceTable
from .rating_columns import DECIMALS


def with_weight_column(table: SourceTable, found: FoundColumns, column: str | int) -> FoundColumns:
    """The found columns and, behind them, the one called so, or at this place counted from 1.

    Raises UserError where there is none, and where it was found to be something else.
    """
    at = column_at(table, found.first_line, column)
    others = (*found.positions, *([] if found.time is None else [found.time]))
    if at in others:
        role = ("user", "item", "rating", "time")[3 if at == found.time else found.positions.index(at)]
        raise UserError(f"{table.name}: the column '{column}' was asked for as the weight, and is read as the {role}, too. Say with --columns which "
                        "columns are user, item, rating.")
    return replace(found, positions=(*found.positions, at))


def weights_of(table: SourceTable, column: Column, lines: np.ndarray, decimal: str | None, bad: BadRows) -> np.ndarray:
    """(n,) float64, NaN of the rows that `bad` leaves out. Raises UserError, naming the line, for what is no number above 0."""
    sign = DECIMALS[decimal] if decimal is not None else "." if table.comma_separated else decimal_sign(column.texts)
    numbers = np.array([_number(text, sign) for text in column.texts])[column.codes]
    for row in np.flatnonzero(np.isnan(numbers)):
        text = column.texts[column.codes[row]].strip()
        told = f"the weight is '{shortened(text)}', no number above 0" if text else "there is no weight"
        bad.found(f"{table.at(lines[row])}: {told}. Correct it, or leave the {table.unit} out.")
    return numbers


def _number(text: str, sign: str) -> float:
    plain = text.strip().replace(sign, ".")
    number = float(plain) if reads_as_number(plain) and "," not in plain else float("nan")
    return number if 0 < number < float("inf") else float("nan")
