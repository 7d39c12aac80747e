"""SUBTOTAL and AGGREGATE: totals that leave out other totals, rows that are not shown, and errors."""

from __future__ import annotations

import re

import numpy as np

from pyxl.formulas.functions.mathematics.statistics import STATISTICS
from pyxl.formulas.language.formula_errors import VALUE, Fault, Unsupported
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import Area, Areas, number, pack, whole
from pyxl.grid.cells import ErrorValue
from pyxl.grid.grid import Grid

TOTALS = ("AVERAGE", "COUNT", "COUNTA", "MAX", "MIN", "PRODUCT", "STDEV.S", "STDEV.P", "SUM", "VAR.S", "VAR.P")
AGGREGATES = (*TOTALS, "MEDIAN", "MODE.SNGL", "LARGE", "SMALL", "PERCENTILE.INC", "QUARTILE.INC", "PERCENTILE.EXC",
              "QUARTILE.EXC")
OF_ARRAYS = 14     # the number of AGGREGATE's first function that takes an array and a number
_TOTAL = re.compile(r"\b(SUBTOTAL|AGGREGATE)\s*\(", re.I)


def _subtotal(here, code: int, *areas):
    """The total of that number, counted from 1; 101 to 111 are the same without hidden rows."""
    if not 1 <= code % 100 <= len(TOTALS) or code // 100 not in (0, 1):
        raise Fault(VALUE)
    parts = _areas(areas)
    counted = [_counted(here, part, totals=False, hidden=False) for part in parts]
    if code < 100 and any(hidden_rows(here.workbook.grid(part.sheet), part.range) for part in parts):
        raise Unsupported("whether hidden rows are filtered, which SUBTOTAL leaves out, or hidden by hand, which it "
                          "counts, is not known here. Show them, or use 101 to 111")
    return STATISTICS[TOTALS[code % 100 - 1]].call(*counted)


def _aggregate(here, code: int, option: int, *found):
    """The function of that number, counted from 1; `option` says what is left out (0 to 7, see `left_out`)."""
    if not (1 <= code <= len(AGGREGATES) and 0 <= option <= 7):
        raise Fault(VALUE)
    totals, hidden, errors = left_out(option)
    arguments = []
    if code >= OF_ARRAYS:
        if len(found) != 2:
            raise Fault(VALUE)
        array, position = found
        found, arguments = (array,), [here.values(position)]
    parts = [part for one in found for part in (one.parts if isinstance(one, Areas) else [one])]
    if code < OF_ARRAYS:
        parts = _areas(parts)
    samples = [_counted(here, part, totals=not totals, hidden=not hidden) if isinstance(part, Area) else
               part if isinstance(part, np.ndarray) else pack([part], (1, 1)) for part in parts]
    if errors:
        samples = [_without_errors(sample) for sample in samples]
    if code >= OF_ARRAYS:
        name = AGGREGATES[code - 1]
        arguments = [whole(arguments[0])] if name.startswith("QUARTILE") else [_number(arguments[0])]
    return STATISTICS[AGGREGATES[code - 1]].call(*samples, *arguments)


def left_out(option: int) -> tuple[bool, bool, bool]:
    """Whether other totals, hidden rows and errors are left out by an option of AGGREGATE."""
    return option < 4, option in (1, 3, 5, 7), option in (2, 3, 6, 7)


def hidden_rows(grid: Grid, where) -> list[int]:
    """Rows of a range that are not shown."""
    return [row for row in grid.hidden_rows if where.top <= row <= where.bottom]


def holds_totals(grid: Grid, where) -> bool:
    """Whether a range has cells that are totals themselves."""
    return any(_TOTAL.search(formula.text) and cell in where for cell, formula in grid.formulas.items())


def _areas(found) -> list[Area]:
    parts = [part for area in found for part in (area.parts if isinstance(area, Areas) else [area])]
    if not all(isinstance(part, Area) for part in parts):
        raise Fault(VALUE)
    return parts


def _counted(here, area: Area, *, totals: bool, hidden: bool) -> np.ndarray:
    """The values of an area as one row, with or without other totals and hidden rows."""
    grid, values = here.workbook.grid(area.sheet), area.array()
    top, left = area.box[:2]
    counts = np.ones(values.shape, dtype=bool)
    if not totals:
        for (row, col), formula in grid.formulas.items():
            if (row, col) in area.range and _TOTAL.search(formula.text):
                counts[row - top, col - left] = False
    if not hidden:
        counts[[row - top for row in hidden_rows(grid, area.range) if row - top < len(values)]] = False
    return values[counts].reshape(1, -1)


def _without_errors(sample: np.ndarray) -> np.ndarray:
    if sample.dtype != object:
        return sample
    values = [value for value in sample.ravel().tolist() if not isinstance(value, ErrorValue)]
    return pack(values, (1, len(values)))


def _number(value) -> float:
    if isinstance(value, np.ndarray):
        raise Unsupported("AGGREGATE with an array of positions is not evaluated here. Give each cell its own.")
    return number(value)


SUBTOTAL: dict[str, Function] = {
    "AGGREGATE": Function("iiu+", _aggregate, here=True),
    "SUBTOTAL": Function("ir+", _subtotal, here=True),
}
