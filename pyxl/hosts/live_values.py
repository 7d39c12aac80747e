"""Values between Python and cells, as xlwings hands them over: the same for all of our engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from pyxl.grid.cells import ErrorValue

EPOCH = dt.datetime(1899, 12, 30)       # day 0 of a sheet, as all days after February 1900 count
EPOCH_1904 = dt.datetime(1904, 1, 1)    # day 0 where a workbook counts from 1904


def prepared(value, options=None):
    """What a cell takes of a Python value: a float, bool, text or datetime; ``""`` for a blank."""
    if type(value) is float:
        return value if value == value else ""
    if value is None or value != value:  # NaN, NaT
        return ""
    if hasattr(value, "item") and not isinstance(value, str):  # a numpy scalar
        return prepared(value.item())
    if isinstance(value, (bool, str, dt.datetime)):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, int):
        return float(value)
    return str(value)


def cleaned(data, datetime_builder: Callable, empty_as, number_builder: Callable | None, err_to_str: bool):
    """Rows of cell values as xlwings' options want to have them."""
    def clean(value):
        if type(value) is float:
            return number_builder(value) if number_builder else value
        if value is None or value == "":
            return empty_as
        if isinstance(value, ErrorValue):
            return str(value) if err_to_str else None
        if isinstance(value, dt.datetime) and datetime_builder is not dt.datetime:
            return datetime_builder(year=value.year, month=value.month, day=value.day, hour=value.hour,
                                    minute=value.minute, second=value.second, microsecond=value.microsecond,
                                    tzinfo=None)
        return value

    return [[clean(value) for value in row] for row in data]


def serial(when: dt.datetime, *, date1904: bool = False) -> float:
    """A point in time as a sheet counts it: in days, since the end of 1899 or since the start of 1904."""
    return (when.replace(tzinfo=None) - (EPOCH_1904 if date1904 else EPOCH)) / dt.timedelta(days=1)


def moment(days: float, *, date1904: bool = False) -> dt.datetime:
    """The point in time that a sheet's number stands for, to the millisecond: a day has no finer digits."""
    return (EPOCH_1904 if date1904 else EPOCH) + dt.timedelta(milliseconds=round(days * 86_400_000))


def as_rows(values, shape: tuple[int, int]) -> list[list]:
    """What is written to a block, as rows: a scalar fills it, a flat list is one row."""
    rows, cols = shape
    if not isinstance(values, (list, tuple)):
        return [[values] * cols for _ in range(rows)]
    if not isinstance(values[0], (list, tuple)):
        return [list(values)]
    return list(values)


def as_raw(rows):
    """Rows as an engine gives them to xlwings: the value itself where there is one cell only."""
    return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows
