"""Rarer functions of single numbers: the other angles, products of many numbers, comparisons that give 1 or 0."""

from __future__ import annotations

import math

import numpy as np

from pyxl.formulas.language.formula_errors import DIV0, NUM, Fault
from pyxl.formulas.language.function import Function, each
from pyxl.formulas.language.samples import numbers
from pyxl.formulas.language.values import divide, finite

from .arithmetic import combinations


def _inverse_cotangent(x: float) -> float:
    return math.pi / 2 - math.atan(x)


def _inverse_hyperbolic_cotangent(x: float) -> float:
    return 0.5 * math.log((x + 1) / (x - 1))


def _double_factorial(n: float) -> float:
    n = math.floor(n)
    if n < -1 or n > 300:
        raise Fault(NUM)
    return float(math.prod(range(n, 0, -2)))


def _multisets(n: float, k: float) -> float:
    n, k = math.floor(n), math.floor(k)
    if n < 0 or k < 0 or n == 0 < k:
        raise Fault(NUM)
    return float(combinations(n + k - 1, k)) if n else 1.0


def _multinomial(*samples) -> float:
    parts = [math.floor(value) for value in numbers(samples)]
    if min(parts, default=0) < 0 or sum(parts) > 170:
        raise Fault(NUM)
    return finite(float(math.factorial(sum(parts)) // math.prod(map(math.factorial, parts))))


def _power_series(x: float, first: float, step: float, coefficients) -> float:
    values = numbers([coefficients])
    return finite(float(np.sum(values * float(x) ** (first + step * np.arange(values.size)))))


def _fisher(x: float) -> float:
    return math.atanh(x)


def _one_over(call):
    def reciprocal(x: float) -> float:
        return divide(1.0, call(x))
    return reciprocal


def _cotangent(x: float) -> float:
    if x == 0:
        raise Fault(DIV0)
    return 1 / math.tan(x)


MORE_ARITHMETIC: dict[str, Function] = {
    "ACOT": each(_inverse_cotangent),
    "ACOTH": each(_inverse_hyperbolic_cotangent),
    "COMBINA": each(_multisets, takes="nn"),
    "COT": each(_cotangent),
    "COTH": each(_one_over(math.tanh)),
    "CSC": each(_one_over(math.sin)),
    "CSCH": each(_one_over(math.sinh)),
    "DELTA": each(lambda a, b=0.0: a == b, takes="n|n"),
    "ERF.PRECISE": each(math.erf),
    "ERFC.PRECISE": each(math.erfc),
    "FACTDOUBLE": each(_double_factorial),
    "FISHER": each(_fisher),
    "FISHERINV": each(math.tanh),
    "GESTEP": each(lambda a, b=0.0: a >= b, takes="n|n"),
    "MULTINOMIAL": Function("s+", _multinomial),
    "PERMUTATIONA": each(lambda n, k: float(math.floor(n) ** math.floor(k)), takes="nn"),
    "SEC": each(_one_over(math.cos)),
    "SECH": each(_one_over(math.cosh)),
    "SERIESSUM": Function("nnns", _power_series),
}
