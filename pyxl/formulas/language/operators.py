"""What ``+ - * / ^ & %`` and the comparisons do: to two values, and to whole arrays of numbers at once."""

from __future__ import annotations

import operator
from collections.abc import Callable

from .comparison import COMPARISONS, compare
from .formula_errors import Fault
from .values import counted, divide, finite, held, lift, number, power, powers, text

Operator = tuple[Callable, Callable | None]  # on values, and the same on arrays of numbers


def operate(op: str, operands: list):
    """An operator of one or two operands: a scalar, or element by element; an error value where there is one."""
    call, vector = (_UNARY if len(operands) == 1 else _BINARY)[op]
    try:
        if vector in _ARITHMETIC:
            operands = list(map(counted, operands))
        return lift(call, operands, range(len(operands)), vector)
    except Fault as fault:
        return fault.value


def _compared(wanted: Callable, vector: Callable) -> Operator:
    return (lambda a, b: wanted(compare(a, b), 0)), vector


_UNARY: dict[str, Operator] = {
    "-": (lambda a: -number(a), operator.neg),
    "%": (lambda a: number(a) / 100, lambda a: a / 100),
}
_BINARY: dict[str, Operator] = {
    "+": (lambda a, b: finite(number(a) + number(b)), operator.add),
    "-": (lambda a, b: finite(number(a) - number(b)), operator.sub),
    "*": (lambda a, b: finite(number(a) * number(b)), operator.mul),
    "/": (lambda a, b: divide(number(a), number(b)), operator.truediv),
    "^": (lambda a, b: power(number(a), number(b)), powers),
    "&": (lambda a, b: held(text(a) + text(b)), None),
    **{sign: _compared(*how) for sign, how in COMPARISONS.items()},
}
_ARITHMETIC = {vector for _, vector in (*_UNARY.values(), *(_BINARY[sign] for sign in "+-*/^"))}
