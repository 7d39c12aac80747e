"""The conditions of COUNTIF and SUMIF, and the wildcards of MATCH: text that describes values."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from ..cells import ErrorValue, Value
from .errors import Fault
from .values import compare, is_number, number, same

_OPERATORS = {"=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt,
              "<=": operator.le, ">=": operator.ge}
_ERRORS = {"#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"}


def wildcard(pattern: str) -> Callable[[str], bool] | None:
    """Whether a text fits ``?`` (one character), ``*`` (any), ``~`` (literally); None without these."""
    if not re.search(r"[?*~]", pattern):
        return None
    parts = re.findall(r"~[?*~]|.", pattern, re.S)
    regex = "".join({"?": ".", "*": ".*"}.get(part, re.escape(part[-1])) for part in parts)
    return re.compile(regex, re.S | re.I).fullmatch


def criterion(wanted: Value) -> Callable[[Value], bool]:
    """COUNTIF's second argument as a test of one value: 3, "x*", ">=2", "<>" …"""
    if not isinstance(wanted, str):
        return _fits("=", 0.0 if wanted is None else wanted)
    if isinstance(wanted, ErrorValue):
        return lambda value: isinstance(value, ErrorValue) and value == wanted
    sign, rest = re.fullmatch(r"(<>|<=|>=|<|>|=)?(.*)", wanted, re.S).groups()
    if rest == "":
        if sign == "=":
            return lambda value: value is None
        if sign == "<>":
            return lambda value: value is not None
        return (lambda value: value is None or value == "") if sign is None else lambda value: False
    return _fits(sign or "=", _constant(rest))


def _constant(text: str) -> Value:
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    if text.upper() in _ERRORS:
        return ErrorValue(text.upper())
    try:
        return number(text)
    except Fault:
        return text


def _fits(sign: str, target: Value) -> Callable[[Value], bool]:
    holds = _OPERATORS[sign]
    if isinstance(target, str) and not isinstance(target, ErrorValue) and sign in ("=", "<>"):
        like = wildcard(target) or (lambda text: text.casefold() == target.casefold())
        return lambda value: holds(isinstance(value, str) and bool(like(value)), True)
    if sign in ("=", "<>"):
        return lambda value: holds(_equal(value, target), True)
    kind = type(target)
    alike = is_number if kind is float else lambda value: type(value) is kind
    return lambda value: alike(value) and holds(compare(value, target), 0)


def _equal(value: Value, target: Value) -> bool:
    """A number equals a text that reads as that number."""
    if is_number(target):
        try:
            return isinstance(value, (float, str)) and bool(same(number(value), target))
        except Fault:
            return False
    return type(value) is type(target) and value == target
