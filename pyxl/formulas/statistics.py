"""Sums and statistics over samples: which values count, and what is made of them.

A sample is an array (of a range: only its numbers count) or a scalar that was written as the
argument itself (coerced: TRUE is 1, "3" is 3).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..cells import ErrorValue, Value
from .criteria import criterion
from .errors import DIV0, NA, NUM, VALUE, Fault
from .values import Area, finite, is_number, number, pack


def raise_errors(*arrays: np.ndarray) -> None:
    """Raises the first error value that stands in the arrays."""
    for array in arrays:
        if array.dtype == object:
            for value in array.flat:
                if isinstance(value, ErrorValue):
                    raise Fault(value)


def _split(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the numbers with 0 for all else, which are numbers), each flat; raises an error value found."""
    if array.dtype == float:
        return array.ravel(), np.ones(array.size, dtype=bool)
    if array.dtype == bool:
        return np.zeros(array.size), np.zeros(array.size, dtype=bool)
    raise_errors(array)
    values = array.ravel().tolist()
    counts = [is_number(value) for value in values]
    return np.array([value if counted else 0.0 for value, counted in zip(values, counts)]), np.array(counts)


def numbers(samples) -> np.ndarray:
    """All numbers of the samples as one vector; raises an error value found."""
    parts = []
    for sample in samples:
        if isinstance(sample, np.ndarray):
            values, counts = _split(sample)
            parts.append(values if sample.dtype == float else values[counts])
        else:
            parts.append(np.array([number(sample)]))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of which both are numbers: Excel skips the others; ``#N/A`` when sizes differ."""
    if a.size != b.size:
        raise Fault(NA)
    (x, x_counts), (y, y_counts) = _split(a), _split(b)
    both = x_counts & y_counts
    return (x, y) if both.all() else (x[both], y[both])


def mean(x: np.ndarray) -> float:
    if not x.size:
        raise Fault(DIV0)
    return x.mean()


def median(x: np.ndarray) -> float:
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


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    if x.size < 2 or not (scale := np.sqrt(squared_deviations(x) * squared_deviations(y))):
        raise Fault(DIV0)
    return np.sum((x - x.mean()) * (y - y.mean())) / scale


def kth(array: np.ndarray, k: float, *, largest: bool) -> float:
    """The k-th largest or smallest number; a k between two counts as the higher one."""
    ordered, place = np.sort(numbers([array])), int(np.ceil(k))
    if not 1 <= place <= ordered.size:
        raise Fault(NUM)
    return float(ordered[-place] if largest else ordered[place - 1])


def rank(value: float, array: np.ndarray, ascending: float = 0.0) -> float:
    x = numbers([array])
    if not np.any(x == value):
        raise Fault(NA)
    return float(1 + np.sum(x < value if ascending else x > value))


def sum_product(*arrays: np.ndarray) -> float:
    """The sum of products; what is no number counts as 0."""
    if len({array.shape for array in arrays}) > 1:
        raise_errors(*arrays)
        raise Fault(VALUE)
    with np.errstate(all="ignore"):
        product = _split(arrays[0])[0]
        for array in arrays[1:]:
            product = product * _split(array)[0]
        return finite(float(np.sum(product)))


def matrix_product(a: np.ndarray, b: np.ndarray):
    if a.dtype != float or b.dtype != float or a.shape[1] != b.shape[0]:
        raise_errors(a, b)
        raise Fault(VALUE)
    with np.errstate(all="ignore"):
        product = a @ b
    if not np.isfinite(product).all():
        product = pack([value if np.isfinite(value) else ErrorValue(NUM) for value in product.flat], product.shape)
    return product.item() if product.size == 1 else product


def count(*samples) -> float:
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


def count_all(*samples) -> float:
    return float(sum(sum(value is not None for value in sample.flat) if isinstance(sample, np.ndarray) else 1
                     for sample in samples))


def count_blank(area) -> float:
    """Blank cells and empty texts of a range."""
    if not isinstance(area, Area):
        raise Fault(VALUE)
    values = area.array().ravel().tolist()  # of a whole column only the used part is read
    return float(area.range.size - len(values) + sum(value is None or value == "" for value in values))


def count_if(area, wanted: Value) -> float:
    return float(sum(_chosen(area, wanted)))


def sum_if(area, wanted: Value, summed=None) -> float:
    return float(np.sum(_where(area, wanted, summed)))


def average_if(area, wanted: Value, averaged=None) -> float:
    return float(mean(_where(area, wanted, averaged)))


def _chosen(area, wanted: Value) -> list[bool]:
    if not isinstance(area, Area):
        raise Fault(VALUE)
    fits: Callable[[Value], bool] = criterion(wanted)
    return [fits(value) for value in area.array().ravel().tolist()]


def _where(area, wanted: Value, taken) -> np.ndarray:
    """The numbers of `taken` (from its first cell on, as large as `area`) where `area` fits."""
    chosen = _chosen(area, wanted)
    if taken is None:
        taken = area
    elif not isinstance(taken, Area):
        raise Fault(VALUE)
    else:
        top, left, (rows, cols) = *taken.box[:2], area.shape
        taken = taken.to(top, left, top + rows - 1, left + cols - 1)
    values = [value for value, fits in zip(taken.array().ravel().tolist(), chosen) if fits]
    return numbers([np.array([values], dtype=object)]) if values else np.empty(0)
