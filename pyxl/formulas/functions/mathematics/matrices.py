"""Matrices: products, inverses, determinants."""

from __future__ import annotations

import numpy as np

from pyxl.formulas.language.formula_errors import NUM, VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.samples import raise_errors
from pyxl.formulas.language.values import is_number, pack, refuse_giant
from pyxl.grid.cells import ErrorValue


def all_numbers(array: np.ndarray) -> np.ndarray:
    """The array as numbers; ``#VALUE!`` unless every element is one: blanks and texts are no zeros in a matrix."""
    if array.dtype == float:
        return array
    raise_errors(array)
    if not all(map(is_number, array.ravel().tolist())):
        raise Fault(VALUE)
    return array.astype(float)


def _result(matrix: np.ndarray):
    """As the sheet shows it: ``#NUM!`` where an element overflows, a scalar where there is one element."""
    if not np.isfinite(matrix).all():
        matrix = pack([value if np.isfinite(value) else ErrorValue(NUM) for value in matrix.flat], matrix.shape)
    return matrix.item() if matrix.size == 1 else matrix


def _product(a: np.ndarray, b: np.ndarray):
    a, b = all_numbers(a), all_numbers(b)
    if a.shape[1] != b.shape[0]:
        raise Fault(VALUE)
    refuse_giant(a.shape[0], b.shape[1])
    with np.errstate(all="ignore"):
        return _result(a @ b)


def _square(matrix: np.ndarray) -> np.ndarray:
    matrix = all_numbers(matrix)
    if matrix.shape[0] != matrix.shape[1]:
        raise Fault(VALUE)
    return matrix


def _inverse(matrix: np.ndarray):
    try:
        with np.errstate(all="ignore"):
            return _result(np.linalg.inv(_square(matrix)))
    except np.linalg.LinAlgError:
        raise Fault(NUM) from None


def _determinant(matrix: np.ndarray):
    with np.errstate(all="ignore"):
        return _result(np.linalg.det(_square(matrix))[None])


def _unit(size: int) -> np.ndarray:
    if not 1 <= size <= 1000:
        raise Fault(VALUE)
    return np.eye(size)


MATRICES: dict[str, Function] = {
    "MDETERM": Function("a", _determinant),
    "MINVERSE": Function("a", _inverse),
    "MMULT": Function("aa", _product),
    "MUNIT": Function("i", _unit),
    "TRANSPOSE": Function("a", np.transpose),
}
