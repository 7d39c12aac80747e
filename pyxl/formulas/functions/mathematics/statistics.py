"""Sums, counts and statistics over all the numbers of the arguments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pyxl.formulas.language.formula_errors import DIV0, NA, NUM, VALUE, Fault
from pyxl.formulas.language.function import Function, over
from pyxl.formulas.language.samples import numbers
from pyxl.formulas.language.values import Area, finite, is_number, number
from pyxl.grid.cells import ErrorValue


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


def variance(x: np.ndarray, lost: int) -> float:
    """With `lost` degrees of freedom fewer than numbers."""
    if x.size <= lost:
        raise Fault(DIV0)
    return squared_deviations(x) / (x.size - lost)


def _geometric_mean(x: np.ndarray) -> float:
    if not x.size or x.min() <= 0:
        raise Fault(NUM)
    return np.exp(np.log(x).mean())


def _harmonic_mean(x: np.ndarray) -> float:
    if not x.size or x.min() <= 0:
        raise Fault(NUM)
    return 1 / (1 / x).mean()


def _absolute_deviation(x: np.ndarray) -> float:
    if not x.size:
        raise Fault(NUM)
    return np.abs(x - x.mean()).mean()


def _standardised(x: np.ndarray, at_least: int) -> np.ndarray:
    if x.size < at_least or not (deviation := variance(x, 1) ** 0.5):
        raise Fault(DIV0)
    return (x - x.mean()) / deviation


def _skew(x: np.ndarray) -> float:
    n = x.size
    return np.sum(_standardised(x, 3) ** 3) * n / ((n - 1) * (n - 2))


def _kurtosis(x: np.ndarray) -> float:
    n, fourth = x.size, np.sum(_standardised(x, 4) ** 4)
    return fourth * n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))


def _mode(*samples) -> float:
    """The most frequent number; of several the one that comes first. A text is none, even one that reads as a number."""
    if any(isinstance(sample, str) for sample in samples):
        raise Fault(next((sample for sample in samples if isinstance(sample, ErrorValue)), VALUE))
    x = numbers(samples)
    values, first, counts = np.unique(x, return_index=True, return_counts=True)
    if not x.size or counts.max() < 2:
        raise Fault(NA)
    return float(x[first[counts == counts.max()].min()])


def _percentile(sample, k: float, beyond: int = 0) -> float:
    """Between the numbers that lie at k of the way; `beyond` 1 counts the ways before the first and after the last."""
    ordered = np.sort(numbers([sample]))
    place = k * (ordered.size - 1 + 2 * beyond) - beyond
    if not ordered.size or not 0 <= k <= 1 or not 0 <= place <= ordered.size - 1:
        raise Fault(NUM)
    return float(np.interp(place, np.arange(ordered.size), ordered))


def _quartile(sample, quarter: int, beyond: int = 0) -> float:
    if not 0 <= quarter <= 4:
        raise Fault(NUM)
    return _percentile(sample, quarter / 4, beyond)


def _kth(sample, k: float, *, largest: bool) -> float:
    """The k-th largest or smallest number; a k between two counts as the higher one."""
    ordered, place = np.sort(numbers([sample])), int(np.ceil(k))
    if not 1 <= place <= ordered.size:
        raise Fault(NUM)
    return float(ordered[-place] if largest else ordered[place - 1])


def _rank(value: float, sample, ascending: float = 0.0, *, average: bool = False) -> float:
    x = numbers([sample])
    if not (ties := np.sum(x == value)):
        raise Fault(NA)
    return float(1 + np.sum(x < value if ascending else x > value) + (average and (ties - 1) / 2))


def _frequency(data, bins) -> np.ndarray:
    """How many numbers lie in each bin, up to and with its limit; one more for those above all limits."""
    limits = numbers([bins])
    order = np.argsort(limits, kind="stable")
    places = np.searchsorted(limits[order], numbers([data]), side="left")
    counts = np.bincount(places, minlength=limits.size + 1)
    found = np.empty(limits.size + 1)
    found[order], found[-1] = counts[:-1], counts[-1]
    return found.reshape(-1, 1)


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


def over_all(call: Callable) -> Function:
    """A function of all values: in ranges a text is 0, a boolean 1 or 0; blanks do not count."""
    def of(*samples) -> float:
        return finite(float(call(numbers([_all_numbers(sample) for sample in samples]))))
    return Function("s+", of)


def _all_numbers(sample):
    if not isinstance(sample, np.ndarray) or sample.dtype == float:
        return sample
    values = [value for value in sample.ravel().tolist() if value is not None]
    for value in values:
        if isinstance(value, ErrorValue):
            raise Fault(value)
    return np.array([0.0 if isinstance(value, str) else float(value) for value in values])


_VAR_S, _VAR_P = over(lambda x: variance(x, 1)), over(lambda x: variance(x, 0))
_STDEV_S, _STDEV_P = over(lambda x: variance(x, 1) ** 0.5), over(lambda x: variance(x, 0) ** 0.5)
_MODE, _RANK = Function("s+", _mode), Function("ns|n", _rank)
_PERCENTILE, _QUARTILE = Function("sn", _percentile), Function("si", _quartile)

STATISTICS: dict[str, Function] = {
    "AVEDEV": over(_absolute_deviation),
    "AVERAGE": over(mean),
    "AVERAGEA": over_all(mean),
    "COUNT": Function("s+", _count),
    "COUNTA": Function("s+", _count_all),
    "COUNTBLANK": Function("r", _count_blank),
    "DEVSQ": over(squared_deviations),
    "FREQUENCY": Function("ss", _frequency),
    "GEOMEAN": over(_geometric_mean),
    "HARMEAN": over(_harmonic_mean),
    "KURT": over(_kurtosis),
    "LARGE": Function("sn", lambda sample, k: _kth(sample, k, largest=True)),
    "MAX": over(lambda x: x.max() if x.size else 0.0),
    "MAXA": over_all(lambda x: x.max() if x.size else 0.0),
    "MEDIAN": over(_median),
    "MIN": over(lambda x: x.min() if x.size else 0.0),
    "MINA": over_all(lambda x: x.min() if x.size else 0.0),
    "MODE": _MODE,
    "MODE.SNGL": _MODE,
    "PERCENTILE": _PERCENTILE,
    "PERCENTILE.EXC": Function("sn", lambda sample, k: _percentile(sample, k, 1)),
    "PERCENTILE.INC": _PERCENTILE,
    "PRODUCT": over(lambda x: np.prod(x) if x.size else 0.0),
    "QUARTILE": _QUARTILE,
    "QUARTILE.EXC": Function("si", lambda sample, quarter: _quartile(sample, quarter, 1)),
    "QUARTILE.INC": _QUARTILE,
    "RANK": _RANK,
    "RANK.AVG": Function("ns|n", lambda *args: _rank(*args, average=True)),
    "RANK.EQ": _RANK,
    "SKEW": over(_skew),
    "SMALL": Function("sn", lambda sample, k: _kth(sample, k, largest=False)),
    "STDEV": _STDEV_S,
    "STDEV.P": _STDEV_P,
    "STDEV.S": _STDEV_S,
    "STDEVA": over_all(lambda x: variance(x, 1) ** 0.5),
    "STDEVP": _STDEV_P,
    "STDEVPA": over_all(lambda x: variance(x, 0) ** 0.5),
    "SUM": over(np.sum),
    "SUMSQ": over(lambda x: np.dot(x, x)),
    "VAR": _VAR_S,
    "VAR.P": _VAR_P,
    "VAR.S": _VAR_S,
    "VARA": over_all(lambda x: variance(x, 1)),
    "VARP": _VAR_P,
    "VARPA": over_all(lambda x: variance(x, 0)),
}
