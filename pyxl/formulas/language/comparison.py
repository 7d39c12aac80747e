"""Which of two values is less, by Excel's rules: one by one, and for whole arrays of numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from pyxl.grid.cells import ErrorValue, Value

from .formula_errors import Fault
from .values import one_value


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1: numbers < text < booleans, capitals do not count, a blank is the other's zero."""
    for value in (a, b):
        if isinstance(value, ErrorValue):
            raise Fault(value)
    a = _blank_beside(b) if a is None else a
    b = _blank_beside(a) if b is None else b
    rank_a, rank_b = _rank(a), _rank(b)
    if rank_a != rank_b:
        return -1 if rank_a < rank_b else 1
    if isinstance(a, str) or isinstance(b, str):
        one, other = str(a).casefold(), str(b).casefold()
        return 0 if one == other else -1 if one < other else 1
    left, right = float(a), float(b)    # numbers, or booleans
    return 0 if same(left, right) else -1 if left < right else 1


def same(a, b):
    """Equal to the 15 digits that Excel compares: 0.1 + 0.2 = 0.3. Numbers or whole arrays."""
    return abs(a - b) <= 2.0**-49 * abs(b)


# sign -> (what `compare` must be to 0, the same of arrays of numbers)
COMPARISONS: dict[str, tuple[Callable, Callable]] = {
    "=": (operator.eq, same),
    "<>": (operator.ne, lambda a, b: ~same(a, b)),
    "<": (operator.lt, lambda a, b: (a < b) & ~same(a, b)),
    ">": (operator.gt, lambda a, b: (a > b) & ~same(a, b)),
    "<=": (operator.le, lambda a, b: (a <= b) | same(a, b)),
    ">=": (operator.ge, lambda a, b: (a >= b) | same(a, b)),
}


def _blank_beside(other: Value) -> float | str | bool:
    return "" if isinstance(other, str) else False if isinstance(other, bool) else 0.0


def _rank(value: Value) -> int:
    return 2 if isinstance(value, (bool, np.bool_)) else 1 if isinstance(one_value(value), str) else 0
