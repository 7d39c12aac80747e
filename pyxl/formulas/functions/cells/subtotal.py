"""SUBTOTAL: a total that leaves out other subtotals, and rows that are not shown."""

from __future__ import annotations

import numpy as np

from pyxl.formulas.functions.mathematics.statistics import STATISTICS
from pyxl.formulas.language.formula_errors import VALUE, Fault, Unsupported
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import Area, Areas

_TOTALS = ("AVERAGE", "COUNT", "COUNTA", "MAX", "MIN", "PRODUCT", "STDEV.S", "STDEV.P", "SUM", "VAR.S", "VAR.P")


def _subtotal(here, code: int, *areas):
    """The total of that number, counted from 1; 101 to 111 are the same without hidden rows."""
    if not 1 <= code % 100 <= len(_TOTALS) or code // 100 not in (0, 1):
        raise Fault(VALUE)
    parts = [part for area in areas for part in (area.parts if isinstance(area, Areas) else [area])]
    if not all(isinstance(part, Area) for part in parts):
        raise Fault(VALUE)
    return STATISTICS[_TOTALS[code % 100 - 1]].call(*(_counted(here, part, code > 100) for part in parts))


def _counted(here, area: Area, shown_only: bool) -> np.ndarray:
    """The values of an area but for other subtotals and, where asked for, hidden rows."""
    grid, values = here.book.grid(area.sheet), area.array()
    top, left = area.box[:2]
    counts = np.ones(values.shape, dtype=bool)
    for (row, col), formula in grid.formulas.items():
        if (row, col) in area.range and "SUBTOTAL(" in formula.text.upper():
            counts[row - top, col - left] = False
    hidden = [row - top for row in grid.hidden_rows if top <= row < top + len(values)]
    if hidden and not shown_only:
        raise Unsupported("whether hidden rows are filtered, which SUBTOTAL leaves out, or hidden by hand, which it "
                          "counts, is not known here. Show them, or use 101 to 111")
    counts[hidden] = False
    return values[counts].reshape(1, -1)


SUBTOTAL: dict[str, Function] = {"SUBTOTAL": Function("ir+", _subtotal, here=True)}
