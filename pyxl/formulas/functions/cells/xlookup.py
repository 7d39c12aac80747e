"""XLOOKUP and XMATCH: exact unless asked otherwise, from either end, the nearest smaller or larger."""

from __future__ import annotations

import numpy as np

from pyxl.formulas.language.comparison import compare, same
from pyxl.formulas.language.formula_errors import NA, VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import Area, is_number, pack, scalar
from pyxl.formulas.language.wildcards import wildcard
from pyxl.grid.cells import ErrorValue, Value

_EXACT, _SMALLER, _LARGER, _WILDCARD = 0, -1, 1, 2


def _place(wanted: Value, among: np.ndarray, how: int, search: int) -> int | None:
    """Where a value stands in a flat array, from 0; None when nowhere.

    `how`: 0 equal, -1 equal or the next smaller, 1 equal or the next larger, 2 wildcards. `search`: 1 the
    first of several, -1 the last; 2 by halves among ascending values, -2 among descending ones.
    """
    if isinstance(wanted, ErrorValue):
        raise Fault(wanted)
    if how not in (_EXACT, _SMALLER, _LARGER, _WILDCARD) or search not in (1, -1, 2, -2):
        raise Fault(VALUE)
    if abs(search) == 2:
        return _by_halves(wanted, among, how, descending=search < 0)
    if how == _WILDCARD and isinstance(wanted, str) and (like := wildcard(wanted)):
        return _end([i for i, value in enumerate(among.tolist()) if _is_text(value) and like(value)], search)
    if among.dtype == float and is_number(wanted):
        exact = np.flatnonzero(same(among, wanted)).tolist()
        beside = np.flatnonzero(among < wanted if how == _SMALLER else among > wanted).tolist()
    else:
        alike = [i for i, value in enumerate(among.tolist()) if _kind(value) == _kind(wanted)]
        exact = [i for i in alike if wanted is None or compare(among[i], wanted) == 0]
        beside = [i for i in alike if wanted is not None and compare(among[i], wanted) == how]
    if exact or how in (_EXACT, _WILDCARD) or not beside:
        return _end(exact, search)
    nearest = beside[0]
    for i in beside[1:]:
        if compare(among[i], among[nearest]) == -how:
            nearest = i
    return _end([i for i in beside if compare(among[i], among[nearest]) == 0], search)


def _by_halves(wanted: Value, among: np.ndarray, how: int, *, descending: bool) -> int | None:
    """The first that is not before `wanted` in the order of all values, errors last, or the one before it."""
    if how == _WILDCARD:
        raise Fault(VALUE)

    def order(place: int) -> int:
        value = scalar(among[place])
        found = 1 if isinstance(value, ErrorValue) else compare(value, wanted)
        return -found if descending else found
    low, high = 0, among.size
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if order(middle) < 0 else (low, middle)
    if low < among.size and order(low) == 0:
        return low
    if how == _EXACT:
        return None
    place = low - (how == (_LARGER if descending else _SMALLER))
    return place if 0 <= place < among.size else None


def _end(places: list[int], search: int) -> int | None:
    return (places[0] if search > 0 else places[-1]) if places else None


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and not isinstance(value, ErrorValue)


def _kind(value: Value) -> str:
    return "number" if is_number(value) else type(value).__name__


def _line(found) -> tuple[np.ndarray, int]:
    """(the values of one row or column, 0 when they run down and 1 when across)"""
    values = found.array() if isinstance(found, Area) else found
    if not isinstance(values, np.ndarray):
        values = pack([values], (1, 1))
    if 1 not in values.shape:
        raise Fault(VALUE)
    return values.ravel(), 0 if values.shape[1] == 1 else 1


def _xmatch(wanted: Value, among, how: int = _EXACT, search: int = 1) -> float:
    place = _place(wanted, _line(among)[0], how, search)
    if place is None:
        raise Fault(NA)
    return place + 1.0


def _xlookup(wanted: Value, among, answers, otherwise=None, how: int = _EXACT, search: int = 1):
    """The row (or column) of `answers` beside the place; `otherwise` where there is none."""
    values, axis = _line(among)
    if not isinstance(answers, (Area, np.ndarray)):
        answers = pack([answers], (1, 1))
    if answers.shape[axis] != (among.shape[axis] if isinstance(among, Area) else values.size):
        raise Fault(VALUE)
    place = _place(wanted, values, how, search)
    if place is None:
        given = ErrorValue(NA) if otherwise is None else otherwise()
        return ErrorValue(NA) if given is None else given
    if isinstance(answers, Area):
        top, left, bottom, right = answers.box
        return answers.to(top + place, left, top + place, right) if axis == 0 else \
            answers.to(top, left + place, bottom, left + place)
    part = answers[place:place + 1] if axis == 0 else answers[:, place:place + 1]
    return part.item() if part.size == 1 else part


XLOOKUP: dict[str, Function] = {
    "XLOOKUP": Function("vrr|xii", _xlookup),
    "XMATCH": Function("vr|ii", _xmatch),
}
