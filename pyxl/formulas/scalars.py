"""Functions of single values: rounding, remainders, logarithms, pieces of text."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from ..cells import ErrorValue
from .errors import DIV0, NUM, VALUE, Fault
from .values import divide, is_number


def rounded(how: str) -> Callable:
    """Rounding of the decimal number that is shown, as Excel does: ROUND(2.675, 2) is 2.68."""
    def call(value: float, digits: int) -> float:
        if abs(digits) > 300:
            return value if digits > 0 else 0.0
        exact = Decimal(repr(value))
        if -exact.as_tuple().exponent <= digits:
            return value
        return float(exact.quantize(Decimal(1).scaleb(-digits), rounding=how))
    return call


def mod(value: float, by: float) -> float:
    if by == 0:
        raise Fault(DIV0)
    return value - by * math.floor(value / by)


def logarithm(value: float, base: float = 10.0) -> float:
    if value <= 0 or base <= 0:
        raise Fault(NUM)
    return math.log10(value) if base == 10 else divide(math.log(value), math.log(base))


def as_number(value):
    if isinstance(value, ErrorValue):
        raise Fault(value)
    return float(value) if is_number(value) or isinstance(value, bool) else 0.0


def end_of_text(cut: Callable) -> Callable:
    def call(content: str, count: int = 1) -> str:
        if count < 0:
            raise Fault(VALUE)
        return cut(content, count)
    return call


def middle(content: str, start: int, count: int) -> str:
    if start < 1 or count < 0:
        raise Fault(VALUE)
    return content[start - 1:start - 1 + count]
