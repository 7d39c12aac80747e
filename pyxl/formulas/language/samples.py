"""Samples: which values of a range or of an argument count as numbers.

A sample is an array (of a range: only its numbers count) or a scalar that was written as the
argument itself (coerced: TRUE is 1, "3" is 3).
"""

from __future__ import annotations

import numpy as np

from pyxl.grid.cells import ErrorValue

from .formula_errors import NA, Fault
from .values import is_number, number


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
    raise_errors(array)
    values = array.ravel().tolist()
    counts = [is_number(value) for value in values]
    return np.array([value if counted else 0.0 for value, counted in zip(values, counts)]), np.array(counts, dtype=bool)


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
