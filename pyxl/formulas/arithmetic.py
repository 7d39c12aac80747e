"""Functions of single numbers: rounding, remainders, powers, logarithms, angles."""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import numpy as np

from .errors import DIV0, NUM, Fault
from .function import Function, constant, each
from .values import divide, power, powers


def _rounded(how: str, takes: str = "ni") -> Function:
    """Rounding of the decimal number that is shown, as Excel does: ROUND(2.675, 2) is 2.68."""
    def call(value: float, digits: int = 0) -> float:
        if abs(digits) > 300:
            return value if digits > 0 else 0.0
        exact = Decimal(repr(value))
        if -exact.as_tuple().exponent <= digits:
            return value
        return float(exact.quantize(Decimal(1).scaleb(-digits), rounding=how))
    return Function(takes, call)


def _mod(value: float, by: float) -> float:
    if by == 0:
        raise Fault(DIV0)
    return value - by * math.floor(value / by)


def _logarithm(value: float, base: float = 10.0) -> float:
    if value <= 0 or base <= 0:
        raise Fault(NUM)
    return math.log10(value) if base == 10 else divide(math.log(value), math.log(base))


ARITHMETIC: dict[str, Function] = {
    "ABS": each(abs, np.abs),
    "COS": each(math.cos, np.cos),
    "COSH": each(math.cosh, np.cosh),
    "EXP": each(math.exp, np.exp),
    "INT": each(math.floor, np.floor),
    "LN": each(math.log, np.log),
    "LOG": Function("n|n", _logarithm),
    "LOG10": each(math.log10, np.log10),
    "MOD": Function("nn", _mod),
    "PI": constant(math.pi),
    "POWER": Function("nn", power, powers),
    "ROUND": _rounded(ROUND_HALF_UP),
    "ROUNDDOWN": _rounded(ROUND_DOWN),
    "ROUNDUP": _rounded(ROUND_UP),
    "SIGN": each(lambda x: (x > 0) - (x < 0), np.sign),
    "SIN": each(math.sin, np.sin),
    "SINH": each(math.sinh, np.sinh),
    "SQRT": each(math.sqrt, np.sqrt),
    "TAN": each(math.tan, np.tan),
    "TANH": each(math.tanh, np.tanh),
    "TRUNC": _rounded(ROUND_DOWN, "n|i"),
}
