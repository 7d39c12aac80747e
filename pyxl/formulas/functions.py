"""The worksheet functions we evaluate: one table, name -> Function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP
from functools import cache

import numpy as np

from ..cells import ErrorValue
from . import conditions, lookup, scalars, statistics
from .errors import NA, NUM, Fault
from .values import Area, finite, is_number, logical, number, power, powers, text, whole

_COERCE = {"n": number, "t": text, "i": whole, "b": logical}


@dataclass(frozen=True, eq=False)
class Function:
    """A worksheet function: what it takes, and what computes it from that.

    `takes` has a letter for each argument. One value at a time (an array is gone through element
    by element): n number, t text, i whole number, b condition, v any value, error values too. The
    whole at once: a array; s array of a range or the scalar given; w values as they come;
    r reference, unread; x a thunk that evaluates it. After ``|`` arguments may be left out, after
    ``+`` the last letter repeats. `vector` is `call` for whole float arrays; with `here` `call`
    takes the place of evaluation (`at.At`) first.
    """

    takes: str
    call: Callable
    vector: Callable | None = None
    here: bool = False

    @cache
    def plan(self, count: int) -> tuple[str, tuple[int, ...], Callable] | None:
        """For so many arguments: their letters, which are lifted, and `call` with its coercions.

        None when the function cannot take so many.
        """
        needed, _, optional = self.takes.rstrip("+").partition("|")
        letters = needed + optional
        if self.takes.endswith("+"):
            letters += letters[-1] * (count - len(letters))
        if not len(needed) <= count <= len(letters):
            return None
        letters = letters[:count]
        coerce = [_COERCE.get(letter) for letter in letters]
        call, skip = self.call, 1 if self.here else 0
        if any(coerce):
            def coerced(*args):
                return self.call(*args[:skip], *(to(arg) if to else arg for to, arg in zip(coerce, args[skip:])))
            call = coerced
        return letters, tuple(i for i, letter in enumerate(letters) if letter in "ntibv"), call


def each(scalar: Callable, vector: Callable, takes: str = "n") -> Function:
    """A function of numbers, which gives #NUM! where mathematics gives none."""
    def call(*args: float) -> float:
        try:
            return finite(float(scalar(*args)))
        except (ValueError, OverflowError):
            raise Fault(NUM) from None
    return Function(takes, call, vector)


def over(call: Callable, takes: str = "s+") -> Function:
    """A function of all the numbers among its arguments, as one vector."""
    quiet = np.errstate(all="ignore")(call)
    return Function(takes, lambda *samples: finite(float(quiet(statistics.numbers(samples)))))


def over_pairs(call: Callable) -> Function:
    """A function of two ranges, of the pairs of which both are numbers."""
    quiet = np.errstate(all="ignore")(call)
    return Function("aa", lambda a, b: finite(float(quiet(*statistics.pairs(a, b)))))


def constant(value) -> Function:
    return Function("", lambda: value)


def test(call: Callable) -> Function:
    """A question about one value."""
    return Function("v", call)


def _single(here, found):
    if isinstance(found, Area):
        return found if found.shape == (1, 1) else here.intersect(found)
    return found.flat[0] if isinstance(found, np.ndarray) else found


def _size(axis: int) -> Function:
    return Function("r", lambda found: float(found.shape[axis]) if hasattr(found, "shape") else 1.0)


_SQUARES = over(lambda x: np.dot(x, x))
_VAR_S, _VAR_P = over(lambda x: statistics.variance(x, 1)), over(lambda x: statistics.variance(x, 0))
_STDEV_S = over(lambda x: statistics.variance(x, 1) ** 0.5)
_STDEV_P = over(lambda x: statistics.variance(x, 0) ** 0.5)
_RANK = Function("na|n", statistics.rank)

FUNCTIONS: dict[str, Function] = {
    # arithmetic
    "ABS": each(abs, np.abs),
    "COS": each(math.cos, np.cos),
    "COSH": each(math.cosh, np.cosh),
    "EXP": each(math.exp, np.exp),
    "INT": each(math.floor, np.floor),
    "LN": each(math.log, np.log),
    "LOG": Function("n|n", scalars.logarithm),
    "LOG10": each(math.log10, np.log10),
    "MOD": Function("nn", scalars.mod),
    "PI": constant(math.pi),
    "POWER": Function("nn", power, powers),
    "ROUND": Function("ni", scalars.rounded(ROUND_HALF_UP)),
    "ROUNDDOWN": Function("ni", scalars.rounded(ROUND_DOWN)),
    "ROUNDUP": Function("ni", scalars.rounded(ROUND_UP)),
    "SIGN": each(lambda x: (x > 0) - (x < 0), np.sign),
    "SIN": each(math.sin, np.sin),
    "SINH": each(math.sinh, np.sinh),
    "SQRT": each(math.sqrt, np.sqrt),
    "TAN": each(math.tan, np.tan),
    "TANH": each(math.tanh, np.tanh),
    # sums and statistics
    "AVERAGE": over(statistics.mean),
    "AVERAGEIF": Function("rv|r", statistics.average_if),
    "CORREL": over_pairs(statistics.correlation),
    "COUNT": Function("s+", statistics.count),
    "COUNTA": Function("s+", statistics.count_all),
    "COUNTBLANK": Function("r", statistics.count_blank),
    "COUNTIF": Function("rv", statistics.count_if),
    "DEVSQ": over(statistics.squared_deviations),
    "LARGE": Function("an", lambda a, k: statistics.kth(a, k, largest=True)),
    "MAX": over(lambda x: x.max() if x.size else 0.0),
    "MEDIAN": over(statistics.median),
    "MIN": over(lambda x: x.min() if x.size else 0.0),
    "RANK": _RANK,
    "RANK.EQ": _RANK,
    "SMALL": Function("an", lambda a, k: statistics.kth(a, k, largest=False)),
    "STDEV": _STDEV_S,
    "STDEV.P": _STDEV_P,
    "STDEV.S": _STDEV_S,
    "STDEVP": _STDEV_P,
    "SUM": over(np.sum),
    "SUMIF": Function("rv|r", statistics.sum_if),
    "SUMPRODUCT": Function("a+", statistics.sum_product),
    "SUMSQ": _SQUARES,
    "SUMX2MY2": over_pairs(lambda x, y: np.sum(x * x - y * y)),
    "SUMX2PY2": over_pairs(lambda x, y: np.sum(x * x + y * y)),
    "SUMXMY2": over_pairs(lambda x, y: np.sum((x - y) ** 2)),
    "VAR": _VAR_S,
    "VAR.P": _VAR_P,
    "VAR.S": _VAR_S,
    "VARP": _VAR_P,
    # matrices
    "MMULT": Function("aa", statistics.matrix_product),
    "TRANSPOSE": Function("a", np.transpose),
    # conditions
    "AND": Function("s+", lambda *samples: all(conditions.judged(samples))),
    "CHOOSE": Function("ix+", conditions.choose),
    "FALSE": constant(False),
    "IF": Function("wx|x", conditions.if_, here=True),
    "IFERROR": Function("xx", conditions.if_error, here=True),
    "IFNA": Function("xx", lambda here, value, other: conditions.if_error(here, value, other, only=NA), here=True),
    "ISBLANK": test(lambda v: v is None),
    "ISERROR": test(lambda v: isinstance(v, ErrorValue)),
    "ISNUMBER": test(is_number),
    "ISTEXT": test(lambda v: isinstance(v, str) and not isinstance(v, ErrorValue)),
    "N": test(scalars.as_number),
    "NA": constant(ErrorValue(NA)),
    "NOT": Function("b", lambda b: not b),
    "OR": Function("s+", lambda *samples: any(conditions.judged(samples))),
    "TRUE": constant(True),
    # where things are
    "COLUMN": Function("|r", lookup.column, here=True),
    "COLUMNS": _size(1),
    "HLOOKUP": Function("vai|b", lookup.hlookup),
    "INDEX": Function("ri|ii", lookup.index),
    "INDIRECT": Function("t|b", lookup.indirect, here=True),
    "LOOKUP": Function("va|a", lookup.lookup),
    "MATCH": Function("va|n", lookup.match),
    "OFFSET": Function("rii|ww", lookup.offset),
    "ROW": Function("|r", lookup.row, here=True),
    "ROWS": _size(0),
    "SINGLE": Function("r", _single, here=True),
    "VLOOKUP": Function("vai|b", lookup.vlookup),
    # text
    "CONCATENATE": Function("t+", lambda *parts: "".join(parts)),
    "LEFT": Function("t|i", scalars.end_of_text(lambda s, n: s[:n])),
    "LEN": Function("t", lambda s: float(len(s))),
    "LOWER": Function("t", str.lower),
    "MID": Function("tii", scalars.middle),
    "RIGHT": Function("t|i", scalars.end_of_text(lambda s, n: s[len(s) - n:] if n < len(s) else s)),
    "TRIM": Function("t", lambda s: " ".join(part for part in s.split(" ") if part)),
    "UPPER": Function("t", str.upper),
}
