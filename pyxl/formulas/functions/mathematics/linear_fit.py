"""LINEST and TREND: least squares on one or several columns (or rows) of known numbers."""

from __future__ import annotations

import numpy as np

from pyxl.formulas.language.formula_errors import NA, NUM, REF, Fault, Unsupported
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import logical, pack
from pyxl.grid.cells import ErrorValue

from .matrices import all_numbers


def _columns(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What stands beside each number of y, as (numbers, variables)."""
    if x.shape == y.shape:
        return x.reshape(-1, 1)
    if y.shape[1] == 1 and x.shape[0] == y.shape[0]:
        return x
    if y.shape[0] == 1 and x.shape[1] == y.shape[1]:
        return x.T
    raise Fault(REF)


def _known(y: np.ndarray, x: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """y and x as they are given; without x the numbers 1, 2, 3 …"""
    if x is None or _left_out(x):
        x = np.arange(1.0, y.size + 1).reshape(y.shape)
    return all_numbers(y), all_numbers(x)


def _left_out(x: np.ndarray | None) -> bool:
    return x is None or x.size == 1 and x.item() is None


def _solved(y: np.ndarray, x: np.ndarray, constant: bool) -> tuple[np.ndarray, np.ndarray]:
    """(coefficients with the constant last, 0 without one; the design matrix)"""
    columns = _columns(y, x)
    design = np.hstack((columns, np.ones((y.size, int(constant)))))
    scale = np.sqrt(np.sum(design**2, axis=0))  # so that no column weighs more by its unit
    if not scale.all() or design.shape[0] < design.shape[1]:
        raise _dependent()
    found, _, rank, _ = np.linalg.lstsq(design / scale, y.ravel(), rcond=1e-13)
    if rank < design.shape[1]:
        raise _dependent()
    found = found / scale
    return (found if constant else np.append(found, 0.0)), design


def _dependent() -> Unsupported:
    return Unsupported("a fit to columns of which one follows from the others, or to fewer numbers than coefficients, "
                       "is not evaluated here. Leave out a column")


def _is_true(choice, otherwise: bool) -> bool:
    return otherwise if choice is None else logical(choice)


def _line(y: np.ndarray, x: np.ndarray | None = None, constant=None, statistics=None) -> np.ndarray:
    """The coefficients, those of the last column first and the constant last; with `statistics` Excel's four rows more."""
    y, x = _known(y, x)
    constant = _is_true(constant, True)
    found, design = _solved(y, x, constant)
    if not _is_true(statistics, False):
        return np.append(found[-2::-1], found[-1]).reshape(1, -1)
    return _with_statistics(y.ravel(), found, design, constant)


def _with_statistics(y: np.ndarray, found: np.ndarray, design: np.ndarray, constant: bool) -> np.ndarray:
    predicted = design @ found[:design.shape[1]]
    left = float(np.sum((y - predicted) ** 2))
    explained = float(np.sum((predicted - y.mean() * constant) ** 2))
    freedom = y.size - design.shape[1]
    width = found.size
    rows = pack([ErrorValue(NA)] * 5 * width, (5, width))
    rows[0] = np.append(found[-2::-1], found[-1])
    if freedom:
        errors = np.sqrt(left / freedom * np.diag(np.linalg.inv(design.T @ design)))
        rows[1, :width - 1] = errors[:width - 1][::-1]
        rows[1, -1] = errors[-1] if constant else ErrorValue(NA)
    else:
        rows[1] = 0.0
    rows[2, 0] = explained / (explained + left) if explained + left else 1.0
    rows[2, 1] = (left / freedom) ** 0.5 if freedom else 0.0
    rows[3, 0] = explained / (width - 1) / (left / freedom) if freedom and left else ErrorValue(NUM)
    rows[3, 1], rows[4, 0], rows[4, 1] = float(freedom), explained, left
    return rows


def _trend(y: np.ndarray, x: np.ndarray | None = None, new=None, constant=None) -> np.ndarray:
    """The fit's values at `new`, which is shaped as x is."""
    y, x = _known(y, x)
    found, _ = _solved(y, x, _is_true(constant, True))
    new = x if _left_out(new) else all_numbers(new)
    if x.shape == y.shape:
        return new * found[0] + found[1]
    if y.shape[1] == 1 and new.shape[1] == found.size - 1:
        return new @ found[:-1].reshape(-1, 1) + found[-1]
    if y.shape[0] == 1 and new.shape[0] == found.size - 1:
        return found[:-1].reshape(1, -1) @ new + found[-1]
    raise Fault(REF)


LINEAR_FIT: dict[str, Function] = {
    "LINEST": Function("a|aww", _line),
    "TREND": Function("a|aaw", _trend),
}
