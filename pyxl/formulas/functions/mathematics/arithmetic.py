"""Functions of single numbers: rounding, remainders, powers, logarithms, angles, combinations."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Context, Decimal

import numpy as np

from pyxl.formulas.language.comparison import same
from pyxl.formulas.language.formula_errors import DIV0, NUM, Fault
from pyxl.formulas.language.function import Function, constant, each
from pyxl.formulas.language.samples import numbers
from pyxl.formulas.language.values import divide, finite, power, powers

_EXACT = Context(prec=700)  # digits enough for any number of a cell to 300 places


def _rounded(how: str, takes: str = "ni") -> Function:
    """Rounding of the decimal number that is shown, as Excel does: ROUND(2.675, 2) is 2.68.

    To the nearest it rounds what 15 digits show, where that has more places than are asked for.
    """
    def call(value: float, digits: int = 0) -> float:
        if abs(digits) > 300:
            return value if digits > 0 else 0.0
        exact = Decimal(repr(value))
        if _places(exact) <= digits:
            return value
        if how == ROUND_HALF_UP and _places(shown := Decimal(f"{value:.15g}")) > digits:
            exact = shown
        return float(exact.quantize(Decimal(1).scaleb(-digits), rounding=how, context=_EXACT))
    return Function(takes, call)


def _places(number: Decimal) -> int:
    """Digits after the decimal point of a finite number; below 0 where it ends in zeros before it."""
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _floor_of(value: float) -> float:
    """A number that is whole to 15 digits is whole: INT((0.1+0.7)*10) is 8."""
    nearest = math.floor(value + 0.5)
    return float(nearest if same(value, nearest) else math.floor(value))


def _floors(values: np.ndarray) -> np.ndarray:
    nearest = np.floor(values + 0.5)
    return np.where(same(values, nearest), nearest, np.floor(values))


def _times(value: float, step: float, how: Callable[[float], int]) -> float:
    """The multiple of `step` that `how` chooses; a quotient that is whole to 15 digits is whole."""
    quotient = value / step
    nearest = math.floor(quotient + 0.5)
    return finite(float((nearest if same(quotient, nearest) else how(quotient)) * step))


def _ceiling(value: float, step: float) -> float:
    if value > 0 > step:
        raise Fault(NUM)
    return _times(value, step, math.ceil) if step else 0.0


def _floor(value: float, step: float) -> float:
    if value > 0 > step:
        raise Fault(NUM)
    if value and not step:
        raise Fault(DIV0)
    return _times(value, step, math.floor) if step else 0.0


def _towards(positive: Callable, negative: Callable) -> Function:
    """CEILING.MATH and FLOOR.MATH: the sign of the step does not count, a third argument reverses below zero."""
    def call(value: float, step: float = 1.0, reverse: float = 0.0) -> float:
        return _times(value, abs(step), negative if reverse and value < 0 else positive) if step else 0.0
    return Function("n|nn", call)


def _precise(how: Callable) -> Function:
    """The sign of the step does not count; numbers below zero are rounded in the same direction."""
    return Function("n|n", lambda value, step=1.0: _times(value, abs(step), how) if step else 0.0)


def _multiple(value: float, step: float) -> float:
    if value * step < 0:
        raise Fault(NUM)
    return _times(value, step, lambda quotient: math.floor(quotient + 0.5)) if step else 0.0


def _odd(value: float) -> float:
    up = math.ceil(abs(value))
    return math.copysign(up + (up % 2 == 0), value)


def _mod(value: float, by: float) -> float:
    if by == 0:
        raise Fault(DIV0)
    return value - by * math.floor(value / by)


def _logarithm(value: float, base: float = 10.0) -> float:
    if value <= 0 or base <= 0:
        raise Fault(NUM)
    return math.log10(value) if base == 10 else divide(math.log(value), math.log(base))


def _angle(x: float, y: float) -> float:
    if x == 0 == y:
        raise Fault(DIV0)
    return math.atan2(y, x)


def _factorial(value: float) -> float:
    if value < 0 or value >= 171:
        raise Fault(NUM)
    return float(math.factorial(int(value)))


def _choices(n: float, k: float) -> tuple[int, int]:
    n, k = int(n), int(k)
    if not 0 <= k <= n or n >= 2**53:
        raise Fault(NUM)
    return n, k


def combinations(n: float, k: float) -> float:
    n, k = _choices(n, k)
    if math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) > 710:  # e^710 is no number: count no further
        raise Fault(NUM)
    return math.comb(n, k)


def _permutations(n: float, k: float) -> float:
    n, k = _choices(n, k)
    if math.lgamma(n + 1) - math.lgamma(n - k + 1) > 710:
        raise Fault(NUM)
    return math.perm(n, k)


def _whole_numbers(call: Callable) -> Function:
    """Of the numbers of all arguments, cut to whole ones; below 0 ``#NUM!``."""
    def of(*samples) -> float:
        cut = [int(value) for value in numbers(samples)]
        if min(cut, default=0) < 0:
            raise Fault(NUM)
        return finite(float(call(*cut)))
    return Function("s+", of)


ARITHMETIC: dict[str, Function] = {
    "ABS": each(abs, np.abs),
    "ACOS": each(math.acos, np.arccos),
    "ACOSH": each(math.acosh, np.arccosh),
    "ASIN": each(math.asin, np.arcsin),
    "ASINH": each(math.asinh, np.arcsinh),
    "ATAN": each(math.atan, np.arctan),
    "ATAN2": Function("nn", _angle),
    "ATANH": each(math.atanh, np.arctanh),
    "CEILING": Function("nn", _ceiling),
    "CEILING.MATH": _towards(math.ceil, math.floor),
    "CEILING.PRECISE": _precise(math.ceil),
    "COMBIN": each(combinations, takes="nn"),
    "COS": each(math.cos, np.cos),
    "COSH": each(math.cosh, np.cosh),
    "DEGREES": each(math.degrees, np.degrees),
    "EVEN": each(lambda x: math.copysign(2 * math.ceil(abs(x) / 2), x)),
    "EXP": each(math.exp, np.exp),
    "FACT": each(_factorial),
    "FLOOR": Function("nn", _floor),
    "FLOOR.MATH": _towards(math.floor, math.ceil),
    "FLOOR.PRECISE": _precise(math.floor),
    "GCD": _whole_numbers(math.gcd),
    "INT": each(_floor_of, _floors),
    "ISEVEN": Function("n", lambda x: math.trunc(x) % 2 == 0),
    "ISO.CEILING": _precise(math.ceil),
    "ISODD": Function("n", lambda x: math.trunc(x) % 2 == 1),
    "LCM": _whole_numbers(math.lcm),
    "LN": each(math.log, np.log),
    "LOG": Function("n|n", _logarithm),
    "LOG10": each(math.log10, np.log10),
    "MOD": Function("nn", _mod),
    "MROUND": Function("nn", _multiple),
    "ODD": each(_odd),
    "PERMUT": each(_permutations, takes="nn"),
    "PI": constant(math.pi),
    "POWER": Function("nn", power, powers),
    "QUOTIENT": Function("nn", lambda a, b: float(math.trunc(divide(a, b)))),
    "RADIANS": each(math.radians, np.radians),
    "ROUND": _rounded(ROUND_HALF_UP),
    "ROUNDDOWN": _rounded(ROUND_DOWN),
    "ROUNDUP": _rounded(ROUND_UP),
    "SIGN": each(lambda x: (x > 0) - (x < 0), np.sign),
    "SIN": each(math.sin, np.sin),
    "SINH": each(math.sinh, np.sinh),
    "SQRT": each(math.sqrt, np.sqrt),
    "SQRTPI": each(lambda x: math.sqrt(x * math.pi)),
    "TAN": each(math.tan, np.tan),
    "TANH": each(math.tanh, np.tanh),
    "TRUNC": _rounded(ROUND_DOWN, "n|i"),
}
