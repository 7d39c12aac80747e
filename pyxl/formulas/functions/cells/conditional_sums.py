"""Sums, counts and means of the cells that fit conditions: COUNTIF, SUMIFS and kin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pyxl.formulas.functions.mathematics.statistics import mean
from pyxl.formulas.language.formula_errors import VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.samples import numbers
from pyxl.formulas.language.values import Area, finite
from pyxl.grid.cells import Value

from .criteria import criterion, fitting


def _chosen(*conditions) -> np.ndarray:
    """Which cells fit every condition: given as area, wanted, area, wanted …; as booleans of the areas' shape."""
    each: list[np.ndarray] = []
    for area, wanted in zip(conditions[::2], conditions[1::2]):
        if not isinstance(area, Area):
            raise Fault(VALUE)
        each.append(fitting(area.array(), wanted))
        if each[-1].shape != each[0].shape:
            raise Fault(VALUE)
    return np.logical_and.reduce(each)


def _count(*conditions) -> float:
    chosen = _chosen(*conditions)
    beyond = conditions[0].range.size - chosen.size  # of a whole column only the used part is read
    return float(chosen.sum() + (beyond and beyond * all(criterion(wanted)(None) for wanted in conditions[1::2])))


def _taken(area, chosen: np.ndarray) -> np.ndarray:
    """The numbers of the chosen cells."""
    if not isinstance(area, Area):
        raise Fault(VALUE)
    values = area.array()
    if values.shape != chosen.shape:
        raise Fault(VALUE)
    return numbers([values[chosen]])


def _if(make: Callable[[np.ndarray], float]) -> Function:
    """Of the cells of a third range, from its first cell on as large as the first; or of the first itself."""
    def call(area, wanted: Value, taken=None) -> float:
        chosen = _chosen(area, wanted)
        if isinstance(taken, Area):
            top, left, (rows, cols) = *taken.box[:2], area.shape
            taken = taken.to(top, left, top + rows - 1, left + cols - 1)
        return finite(float(make(_taken(area if taken is None else taken, chosen))))
    return Function("rv|r", call)


def _ifs(make: Callable[[np.ndarray], float]) -> Function:
    """Of the cells of the first range where every condition is met."""
    return Function("r(rv)+", lambda taken, *conditions: finite(float(make(_taken(taken, _chosen(*conditions))))))


CONDITIONAL: dict[str, Function] = {
    "AVERAGEIF": _if(mean),
    "AVERAGEIFS": _ifs(mean),
    "COUNTIF": Function("rv", _count),
    "COUNTIFS": Function("(rv)+", _count),
    "MAXIFS": _ifs(lambda x: x.max() if x.size else 0.0),
    "MINIFS": _ifs(lambda x: x.min() if x.size else 0.0),
    "SUMIF": _if(np.sum),
    "SUMIFS": _ifs(np.sum),
}
