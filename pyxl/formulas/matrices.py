"""Matrices: products, inverses, determinants."""

from __future__ import annotations

import numpy as np

from ..cells import ErrorValue
from .errors import NUM, VALUE, Fault
from .function import Function
from .samples import raise_errors
from .values import pack


def _numeric(*arrays: np.ndarray) -> None:
    """Raises unless every element is a number: blanks and texts are no zeros in a matrix."""
    for array in arrays:
        if array.dtype != float:
            raise_errors(*arrays)
            raise Fault(VALUE)


def _result(matrix: np.ndarray):
    """As the sheet shows it: ``#NUM!`` where an element overflows, a scalar where there is one element."""
    if not np.isfinite(matrix).all():
        matrix = pack([value if np.isfinite(value) else ErrorValue(NUM) for value in matrix.flat], matrix.shape)
    return matrix.item() if matrix.size == 1 else matrix


def _product(a: np.ndarray, b: np.ndarray):
    _numeric(a, b)
    if a.shape[1] != b.shape[0]:
        raise Fault(VALUE)
    with np.errstate(all="ignore"):
        return _result(a @ b)


def _square(matrix: np.ndarray) -> np.ndarray:
    _numeric(matrix)
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


MATRICES: dict[str, Function] = {
    "MDETERM": Function("a", _determinant),
    "MINVERSE": Function("a", _inverse),
    "MMULT": Function("aa", _product),
    "TRANSPOSE": Function("a", np.transpose),
}
