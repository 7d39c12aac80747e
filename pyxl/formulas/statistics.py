"""Sums, counts and statistics over all the numbers of the arguments."""

from __future__ import annotations

import numpy as np

from .errors import DIV0, NA, NUM, VALUE, Fault
from .function import Function, over
from .samples import numbers
from .values import Area, is_number, number


def mean(x: np.ndarray) -> float:
    if not x.size:
        raise Fault(DIV0)
    return x.mean()


def _median(x: np.ndarray) -> float:
    if not x.size:
        raise Fault(NUM)
    return np.median(x)


def squared_deviations(x: np.ndarray) -> float:
    if not x.size:
        raise Fault(NUM)
    return np.sum((x - x.mean()) ** 2)


def _variance(x: np.ndarray, lost: int) -> float:
    """With `lost` degrees of freedom fewer than numbers."""
    if x.size <= lost:
        raise Fault(DIV0)
    return squared_deviations(x) / (x.size - lost)


def _kth(array: np.ndarray, k: float, *, largest: bool) -> float:
    """The k-th largest or smallest number; a k between two counts as the higher one."""
    ordered, place = np.sort(numbers([array])), int(np.ceil(k))
    if not 1 <= place <= ordered.size:
        raise Fault(NUM)
    return float(ordered[-place] if largest else ordered[place - 1])


def _rank(value: float, array: np.ndarray, ascending: float = 0.0) -> float:
    x = numbers([array])
    if not np.any(x == value):
        raise Fault(NA)
    return float(1 + np.sum(x < value if ascending else x > value))


def _count(*samples) -> float:
    """How many numbers; a scalar written as the argument counts when it reads as one."""
    total = 0
    for sample in samples:
        if isinstance(sample, np.ndarray):
            total += sample.size if sample.dtype == float else sum(map(is_number, sample.ravel().tolist()))
        else:
            try:
                number(sample)
                total += 1
            except Fault:
                pass
    return float(total)


def _count_all(*samples) -> float:
    return float(sum(sum(value is not None for value in sample.flat) if isinstance(sample, np.ndarray) else 1
                     for sample in samples))


def _count_blank(area) -> float:
    """Blank cells and empty texts of a range."""
    if not isinstance(area, Area):
        raise Fault(VALUE)
    values = area.array().ravel().tolist()  # of a whole column only the used part is read
    return float(area.range.size - len(values) + sum(value is None or value == "" for value in values))


_VAR_S, _VAR_P = over(lambda x: _variance(x, 1)), over(lambda x: _variance(x, 0))
_STDEV_S, _STDEV_P = over(lambda x: _variance(x, 1) ** 0.5), over(lambda x: _variance(x, 0) ** 0.5)
_RANK = Function("na|n", _rank)

STATISTICS: dict[str, Function] = {
    "AVERAGE": over(mean),
    "COUNT": Function("s+", _count),
    "COUNTA": Function("s+", _count_all),
    "COUNTBLANK": Function("r", _count_blank),
    "DEVSQ": over(squared_deviations),
    "LARGE": Function("an", lambda a, k: _kth(a, k, largest=True)),
    "MAX": over(lambda x: x.max() if x.size else 0.0),
    "MEDIAN": over(_median),
    "MIN": over(lambda x: x.min() if x.size else 0.0),
    "PRODUCT": over(lambda x: np.prod(x) if x.size else 0.0),
    "RANK": _RANK,
    "RANK.EQ": _RANK,
    "SMALL": Function("an", lambda a, k: _kth(a, k, largest=False)),
    "STDEV": _STDEV_S,
    "STDEV.P": _STDEV_P,
    "STDEV.S": _STDEV_S,
    "STDEVP": _STDEV_P,
    "SUM": over(np.sum),
    "SUMSQ": over(lambda x: np.dot(x, x)),
    "VAR": _VAR_S,
    "VAR.P": _VAR_P,
    "VAR.S": _VAR_S,
    "VARP": _VAR_P,
}
