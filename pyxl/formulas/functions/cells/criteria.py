"""The conditions of COUNTIF and SUMIF: text that describes values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pyxl.formulas.language.comparison import COMPARISONS, compare, same
from pyxl.formulas.language.formula_errors import Fault
from pyxl.formulas.language.values import is_number, number
from pyxl.formulas.language.wildcards import wildcard
from pyxl.grid.cells import ErrorValue, Value

_SIGNS = ("<>", "<=", ">=", "<", ">", "=")     # the longer ones first
_ERRORS = {"#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"}


def criterion(wanted: Value) -> Callable[[Value], bool]:
    """COUNTIF's second argument as a test of one value: 3, "x*", ">=2", "<>" …"""
    sign, target = read_criterion(wanted)
    if target is None:
        return {"=": lambda value: value is None, "<>": lambda value: value is not None,
                "": lambda value: value is None or value == ""}.get(sign, lambda value: False)
    holds = COMPARISONS[sign][0]
    if sign not in ("=", "<>"):
        kind = type(target)
        alike = is_number if kind is float else lambda value: type(value) is kind
        return lambda value: alike(value) and holds(compare(value, target), 0)
    if isinstance(target, str) and not isinstance(target, ErrorValue):
        like = wildcard(target) or (lambda text: text.casefold() == target.casefold())
        return lambda value: holds(isinstance(value, str) and not isinstance(value, ErrorValue) and like(value), True)
    if sign == "<>" and is_number(target):      # Excel: "1" as a text is =1, and it is <>1
        return lambda value: not is_number(value) or not same(value, target)
    return lambda value: holds(_equal(value, target), True)


def fitting(array: np.ndarray, wanted: Value) -> np.ndarray:
    """Which values of an array fit a criterion, as booleans of its shape."""
    sign, target = read_criterion(wanted)
    if array.dtype == float and type(target) is float:
        return COMPARISONS[sign][1](array, target)
    return np.array(list(map(criterion(wanted), array.ravel().tolist())), dtype=bool).reshape(array.shape)


def read_criterion(wanted: Value) -> tuple[str, Value]:
    """Of a criterion (sign, what to compare with); the latter is None where nothing follows the sign, or there is no sign either."""
    if isinstance(wanted, ErrorValue) or not isinstance(wanted, str):
        return "=", 0.0 if wanted is None else wanted
    sign = next((sign for sign in _SIGNS if wanted.startswith(sign)), "")
    rest = wanted[len(sign):]
    return (sign or "=", _constant(rest)) if rest else (sign, None)


def _constant(text: str) -> Value:
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    if text.upper() in _ERRORS:
        return ErrorValue(text.upper())
    try:
        return number(text)
    except Fault:
        return text


def _equal(value: Value, target: Value) -> bool:
    """A number equals a text that reads as that number."""
    if is_number(target):
        try:
            return isinstance(value, (float, str)) and bool(same(number(value), target))
        except Fault:
            return False
    return type(value) is type(target) and value == target
