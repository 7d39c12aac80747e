"""Two samples side by side: sums over pairs, correlation, the straight line through them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pyxl.formulas.language.formula_errors import DIV0, VALUE, Fault
from pyxl.formulas.language.function import Function, over_pairs
from pyxl.formulas.language.samples import raise_errors, split
from pyxl.formulas.language.values import finite

from .statistics import mean


def _products(x: np.ndarray, y: np.ndarray) -> float:
    """Σ (x − x̄)(y − ȳ)"""
    return np.sum((x - mean(x)) * (y - mean(y)))


def _ratio(a: float, b: float) -> float:
    if not b:
        raise Fault(DIV0)
    return a / b


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    return _ratio(_products(x, y), np.sqrt(_products(x, x) * _products(y, y)))


def _covariance(x: np.ndarray, y: np.ndarray, lost: int) -> float:
    return _ratio(_products(x, y), max(x.size - lost, 0))


def _slope(y: np.ndarray, x: np.ndarray) -> float:
    return _ratio(_products(x, y), _products(x, x))


def _forecast(y: np.ndarray, x: np.ndarray, at: float = 0.0) -> float:
    """The straight line of least squares at `at`."""
    return mean(y) + _slope(y, x) * (at - mean(x))


def _standard_error(y: np.ndarray, x: np.ndarray) -> float:
    if x.size < 3:
        raise Fault(DIV0)
    left = _products(y, y) - _slope(y, x) * _products(x, y)
    return np.sqrt(max(left, 0.0) / (x.size - 2))


def _sum_of_pairs(call: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Function:
    """The sum over pairs; without a single one ``#DIV/0!``."""
    def of(x: np.ndarray, y: np.ndarray) -> float:
        if not x.size:
            raise Fault(DIV0)
        return np.sum(call(x, y))
    return over_pairs(of)


def _sum_product(*arrays: np.ndarray) -> float:
    """The sum of products; what is no number counts as 0, but a single text is an error."""
    if len({array.shape for array in arrays}) > 1:
        raise_errors(*arrays)
        raise Fault(VALUE)
    if arrays[0].size == 1 and any(isinstance(array.item(), str) for array in arrays):
        raise_errors(*arrays)
        raise Fault(VALUE)
    with np.errstate(all="ignore"):
        product = split(arrays[0])[0]
        for array in arrays[1:]:
            product = product * split(array)[0]
        return finite(float(np.sum(product)))


_CORREL, _COVAR = over_pairs(_correlation), over_pairs(lambda x, y: _covariance(x, y, 0))
_FORECAST = over_pairs(_forecast, "naa")

REGRESSION: dict[str, Function] = {
    "CORREL": _CORREL,
    "COVAR": _COVAR,
    "COVARIANCE.P": _COVAR,
    "COVARIANCE.S": over_pairs(lambda x, y: _covariance(x, y, 1)),
    "FORECAST": _FORECAST,
    "FORECAST.LINEAR": _FORECAST,
    "INTERCEPT": over_pairs(_forecast),
    "PEARSON": _CORREL,
    "RSQ": over_pairs(lambda y, x: _correlation(x, y) ** 2),
    "SLOPE": over_pairs(_slope),
    "STEYX": over_pairs(_standard_error),
    "SUMPRODUCT": Function("a+", _sum_product),
    "SUMX2MY2": _sum_of_pairs(lambda x, y: x * x - y * y),
    "SUMX2PY2": _sum_of_pairs(lambda x, y: x * x + y * y),
    "SUMXMY2": _sum_of_pairs(lambda x, y: (x - y) ** 2),
}
