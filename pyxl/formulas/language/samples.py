"""Samples: which values of a range or of an argument count as numbers.

A sample is an array (of a range: only its numbers count) or a scalar that was written as the
argument itself (coerced: TRUE is 1, "3" is 3).
"""

from __future__ import annotations

from functools import partial
from weakref import ref

import numpy as np

from pyxl.grid.cells import ErrorValue

from .formula_errors import NA, Fault
from .values import is_number, number

# what ranges with blanks or texts were split into, as long as these are kept: pairwise formulas read a few ranges again and again
_SPLIT: dict[int, tuple[ref, tuple[np.ndarray, np.ndarray]]] = {}

def raise_errors(*arrays: np.ndarray) -> None:
    """Raises the first error value in the arrays."""
    for array in arrays:
        if array.dtype == object:
            for value in array.flat:
                if isinstance(value, ErrorValue):
                    raise Fault(value)


def split(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the numbers with 0 for all else, which are numbers), each flat; raises an error value found."""
    if array.dtype == float:
        return array.ravel(), np.ones(array.size, dtype=bool)
    if array.dtype == bool:
        return np.zeros(array.size), np.zeros(array.size, dtype=bool)
    if (known := _SPLIT.get(id(array))) is not None and known[0]() is array:
        return known[1]
    raise_errors(array)
    values = array.ravel().tolist()
    counts = [is_number(value) for value in values]
    found = np.array([value if counted else 0.0 for value, counted in zip(values, counts)]), np.array(counts, dtype=bool)
    _SPLIT[id(array)] = ref(array, partial(_forgotten, id(array))), found
    return found


def _forgotten(number: int, gone: ref) -> None:
    if number in _SPLIT and _SPLIT[number][0] is gone:
        del _SPLIT[number]


def numbers(samples) -> np.ndarray:
    """All numbers of the samples as one vector; raises an error value found."""
    parts = []
    for sample in samples:
        if isinstance(sample, np.ndarray):
            values, counts = split(sample)
            parts.append(values if sample.dtype == float else values[counts])
        else:
            parts.append(np.array([number(sample)]))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of which both are numbers: Excel skips the others; ``#N/A`` when sizes differ."""
    if a.size != b.size:
        raise Fault(NA)
    (x, x_counts), (y, y_counts) = split(a), split(b)
    both = x_counts & y_counts
    return (x, y) if both.all() else (x[both], y[both])
