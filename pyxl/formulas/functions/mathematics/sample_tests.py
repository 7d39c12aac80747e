"""Tests on samples, ranks as shares, and what else looks at a whole sample."""

from __future__ import annotations

import math

import numpy as np

from pyxl.formulas.language.formula_errors import DIV0, NA, NUM, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.samples import numbers, pairs
from pyxl.formulas.language.values import divide, finite

from .distributions import stats
from .statistics import variance


def _t_test(first, second, tails: float, kind: float) -> float:
    """The probability of Student's t: pairs (1), samples of the same variance (2), or of two (3)."""
    tails, kind = math.floor(tails), math.floor(kind)
    if tails not in (1, 2) or kind not in (1, 2, 3):
        raise Fault(NUM)
    if kind == 1:
        x, y = pairs(first, second)
        apart = x - y
        t, degrees = divide(apart.mean(), math.sqrt(variance(apart, 1) / apart.size)), apart.size - 1.0
    else:
        x, y = numbers([first]), numbers([second])
        a, b = variance(x, 1) / x.size, variance(y, 1) / y.size
        if kind == 2:
            degrees = x.size + y.size - 2.0
            common = (a * x.size * (x.size - 1) + b * y.size * (y.size - 1)) / degrees
            t = divide(x.mean() - y.mean(), math.sqrt(common * (1 / x.size + 1 / y.size)))
        else:
            t = divide(x.mean() - y.mean(), math.sqrt(a + b))
            degrees = (a + b) ** 2 / (a ** 2 / (x.size - 1) + b ** 2 / (y.size - 1))
    return finite(float(tails * stats().t.sf(abs(t), degrees)))


def _z_test(sample, mean: float, deviation: float | None = None) -> float:
    x = numbers([sample])
    if not x.size:
        raise Fault(NA)
    sigma = math.sqrt(variance(x, 1)) if deviation is None else deviation
    return finite(float(stats().norm.sf(divide(x.mean() - mean, sigma / math.sqrt(x.size)))))


def _f_test(first, second) -> float:
    x, y = numbers([first]), numbers([second])
    ratio = divide(variance(x, 1), variance(y, 1))
    upper = stats().f.sf(ratio, x.size - 1, y.size - 1)
    return finite(float(2 * min(upper, 1 - upper)))


def _chi_square_test(observed: np.ndarray, expected: np.ndarray) -> float:
    if observed.shape != expected.shape or observed.size == 1:
        raise Fault(NA)
    rows, columns = observed.shape
    x, y = pairs(observed, expected)
    if not y.all():
        raise Fault(DIV0)
    degrees = (rows - 1) * (columns - 1) if rows > 1 and columns > 1 else max(rows, columns) - 1
    return finite(float(stats().chi2.sf(np.sum((x - y) ** 2 / y), degrees)))


def _probability(values: np.ndarray, shares: np.ndarray, low: float, high: float | None = None) -> float:
    """How likely a value from `low` to `high` is."""
    x, p = pairs(values, shares)
    if (p <= 0).any() or (p > 1).any() or abs(p.sum() - 1) > 1e-9:
        raise Fault(NUM)
    return float(p[(x >= low) & (x <= (low if high is None else high))].sum())


def _trimmed_mean(sample, share: float) -> float:
    x = np.sort(numbers([sample]))
    if not x.size or not 0 <= share < 1:
        raise Fault(NUM)
    off = math.floor(x.size * share / 2 + 1e-12)
    return float(x[off:x.size - off].mean())


def _rank_share(outside: int):
    """The rank of a number as a share of the ranks, between neighbours by their distance; cut to so many digits."""
    def call(sample, value: float, digits: float = 3.0) -> float:
        x = np.sort(numbers([sample]))
        if not x.size or digits < 1:
            raise Fault(NUM)
        if value < x[0] or value > x[-1]:
            raise Fault(NA)
        at = int(np.searchsorted(x, value))
        rank = float(at) if x[at] == value else at - 1 + (value - x[at - 1]) / (x[at] - x[at - 1])
        if x.size == 1:
            return 1.0 if not outside else 0.5
        share, scale = (rank + outside) / (x.size - 1 + 2 * outside), 10.0 ** math.floor(digits)
        return math.floor(share * scale + 1e-9) / scale
    return call


def _population_skew(*samples) -> float:
    x = numbers(samples)
    if x.size < 3 or not x.std():
        raise Fault(DIV0)
    return float((((x - x.mean()) / x.std()) ** 3).mean())


_T_TEST, _Z_TEST = Function("aann", _t_test), Function("sn|n", _z_test)
_F_TEST, _CHI_TEST, _RANK = Function("ss", _f_test), Function("aa", _chi_square_test), Function("sn|n", _rank_share(0))

SAMPLE_TESTS: dict[str, Function] = {
    "CHISQ.TEST": _CHI_TEST,
    "CHITEST": _CHI_TEST,
    "F.TEST": _F_TEST,
    "FTEST": _F_TEST,
    "PERCENTRANK": _RANK,
    "PERCENTRANK.EXC": Function("sn|n", _rank_share(1)),
    "PERCENTRANK.INC": _RANK,
    "PROB": Function("aan|n", _probability),
    "SKEW.P": Function("s+", _population_skew),
    "T.TEST": _T_TEST,
    "TRIMMEAN": Function("sn", _trimmed_mean),
    "TTEST": _T_TEST,
    "Z.TEST": _Z_TEST,
    "ZTEST": _Z_TEST,
}
