"""Functions that give arrays: SEQUENCE, FILTER, UNIQUE, SORT, and those that cut, stack and reshape."""

from __future__ import annotations

from functools import cmp_to_key

import numpy as np

from pyxl.formulas.language.comparison import compare
from pyxl.formulas.language.formula_errors import CALC, NA, NUM, VALUE, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import is_number, logical, number, one_value, pack, refuse_giant, whole
from pyxl.grid.cells import ErrorValue, Value

_MISSING = ErrorValue(NA)  # what fills a place that nothing is given for


def _sequence(rows: Value, cols: Value = None, start: Value = None, step: Value = None) -> np.ndarray:
    height, width = (1 if size is None else whole(size) for size in (rows, cols))
    if height < 1 or width < 1:
        raise Fault(VALUE if height < 0 or width < 0 else CALC)
    refuse_giant(height, width)
    first, by = (1.0 if value is None else number(value) for value in (start, step))
    return (first + by * np.arange(height * width)).reshape(height, width)


def _filter(array: np.ndarray, include: np.ndarray, otherwise=None):
    """The rows (or columns) where `include` holds; `otherwise` where it holds nowhere."""
    across = include.shape[0] == 1 and include.shape[1] == array.shape[1] and include.shape != (array.shape[0], 1)
    if include.size != array.shape[1 if across else 0] or 1 not in include.shape:
        raise Fault(VALUE)
    kept = np.array([logical(value) for value in include.ravel().tolist()], dtype=bool)
    if not kept.any():
        return ErrorValue(CALC) if otherwise is None else otherwise()
    return _packed(array[:, kept] if across else array[kept])


def _packed(array: np.ndarray) -> np.ndarray:
    """The narrowest kind of array that holds the same."""
    return array if array.dtype != object else pack(array.ravel().tolist(), array.shape)


def _unique(array: np.ndarray, by_column: bool | None = None, once: bool | None = None):
    """Each row (or column) once, where it comes first; with `once` only those that come once."""
    lines = array.T if by_column else array
    places: dict[tuple, list[int]] = {}
    for i, line in enumerate(lines.tolist()):
        places.setdefault(tuple(map(_same_key, line)), []).append(i)
    kept = [found[0] for found in places.values() if not once or len(found) == 1]
    if not kept:
        raise Fault(CALC)
    lines = _packed(lines[kept])
    return lines.T if by_column else lines


def _same_key(value: Value) -> tuple:
    if isinstance(value, str):
        return type(value), value.casefold()
    return (float, 0.0 + value) if is_number(value) else (type(value), value)


def _order(a: Value, b: Value) -> int:
    """As SORT has it: numbers, texts, booleans, errors; blanks last."""
    ranks = [3 if value is None else 2 if isinstance(value, ErrorValue) else 1 for value in (a, b)]
    if ranks != [1, 1]:
        return ranks[0] - ranks[1]
    return compare(a, b)


def _sorted_places(keys: list[tuple[list, int]], count: int) -> list[int]:
    """The order of so many lines by several columns of keys, each ascending (1) or descending (-1)."""
    def before(i: int, j: int) -> int:
        for values, direction in keys:
            blank = [values[n] is None for n in (i, j)]
            found = _order(values[i], values[j]) * (1 if any(blank) else direction)
            if found:
                return found
        return 0
    return sorted(range(count), key=cmp_to_key(before))


def _sort(array: np.ndarray, index: np.ndarray | None = None, order: np.ndarray | None = None,
          by_column: bool | None = None) -> np.ndarray:
    lines = array.T if by_column else array
    indices = [1] if index is None else [whole(value) for value in index.ravel().tolist()]
    orders = [1] if order is None else [whole(value) for value in order.ravel().tolist()]
    if not all(1 <= i <= lines.shape[1] for i in indices) or not set(orders) <= {1, -1}:
        raise Fault(VALUE)
    orders += orders[-1:] * (len(indices) - len(orders))
    keys = [(lines[:, i - 1].tolist(), direction) for i, direction in zip(indices, orders)]
    lines = lines[_sorted_places(keys, len(lines))]
    return lines.T if by_column else lines


def _sort_by(array: np.ndarray, *by: np.ndarray) -> np.ndarray:
    keys, across = [], False
    for n in range(0, len(by), 2):
        direction = _direction(by[n + 1]) if n + 1 < len(by) else 1
        across = by[n].shape[0] == 1 and array.shape[0] != 1
        if by[n].size != array.shape[1 if across else 0] or direction not in (1, -1):
            raise Fault(VALUE)
        keys.append((by[n].ravel().tolist(), direction))
    places = _sorted_places(keys, array.shape[1 if across else 0])
    return array[:, places] if across else array[places]


def _direction(order: np.ndarray) -> int:
    value = one_value(order.item() if order.size == 1 else order)
    return 1 if value is None else whole(value)


def _cut(size: int, count: Value, *, take: bool) -> slice:
    """Which of so many lines are taken, or are left when so many are dropped; from the end where negative."""
    if count is None:
        return slice(0, size)
    lines = whole(count)
    if take:
        cut = slice(0, min(lines, size)) if lines >= 0 else slice(max(size + lines, 0), size)
    else:
        cut = slice(min(lines, size), size) if lines >= 0 else slice(0, max(size + lines, 0))
    if cut.start >= cut.stop:
        raise Fault(CALC)
    return cut


def _cutting(take: bool) -> Function:
    def call(array: np.ndarray, rows: Value, cols: Value = None) -> np.ndarray:
        return _packed(array[_cut(array.shape[0], rows, take=take), _cut(array.shape[1], cols, take=take)])
    return Function("aw|w", call)


def _choosing(axis: int) -> Function:
    def call(array: np.ndarray, *places: np.ndarray) -> np.ndarray:
        chosen = [whole(value) for part in places for value in part.ravel().tolist()]
        size = array.shape[axis]
        if not all(1 <= abs(place) <= size for place in chosen):
            raise Fault(VALUE)
        return _packed(np.take(array, [place - 1 if place > 0 else size + place for place in chosen], axis))
    return Function("aa+", call)


def _stacked(axis: int) -> Function:
    """One behind the other; what is shorter is filled up with ``#N/A``."""
    def call(*arrays: np.ndarray) -> np.ndarray:
        most = max(array.shape[1 - axis] for array in arrays)
        refuse_giant(most, sum(array.shape[axis] for array in arrays))
        parts = [_filled(array.astype(object), most if axis == 1 else len(array), most if axis == 0 else array.shape[1],
                         ErrorValue(NA)) for array in arrays]
        return _packed(np.concatenate(parts, axis))
    return Function("a+", call)


def _filled(array: np.ndarray, rows: int, cols: int, value: Value) -> np.ndarray:
    full = pack([None] * (rows * cols), (rows, cols))
    for place in np.ndindex(full.shape):
        full[place] = value
    full[:array.shape[0], :array.shape[1]] = array
    return full


def _expand(array: np.ndarray, rows: Value, cols: Value = None, value: Value = _MISSING) -> np.ndarray:
    height, width = (have if wanted is None else whole(wanted) for have, wanted in zip(array.shape, (rows, cols)))
    if height < array.shape[0] or width < array.shape[1]:
        raise Fault(VALUE)
    refuse_giant(height, width)
    return _packed(_filled(array.astype(object), height, width, one_value(value)))


def _in_a_line(axis: int) -> Function:
    """All elements in one column (axis 0) or row; `ignore` 1 leaves out blanks, 2 errors, 3 both."""
    def call(array: np.ndarray, ignore: Value = None, by_column: Value = None) -> np.ndarray:
        left_out = 0 if ignore is None else whole(ignore)
        if left_out not in range(4):
            raise Fault(VALUE)
        values = (array.T if by_column is not None and logical(by_column) else array).ravel().tolist()
        values = [value for value in values if not (left_out & 1 and value is None
                                                    or left_out & 2 and isinstance(value, ErrorValue))]
        if not values:
            raise Fault(CALC)
        return pack(values, (-1, 1) if axis == 0 else (1, -1))
    return Function("a|ww", call)


def _wrapped(axis: int) -> Function:
    """A line of elements cut into rows (axis 0) or columns of `count`."""
    def call(array: np.ndarray, count: int, value: Value = _MISSING) -> np.ndarray:
        if 1 not in array.shape:
            raise Fault(VALUE)
        if count < 1:
            raise Fault(NUM)
        values = array.ravel().tolist()
        lines = -(-len(values) // count)
        refuse_giant(lines, count)
        wrapped = pack(values + [one_value(value)] * (lines * count - len(values)), (lines, count))
        return wrapped if axis == 0 else wrapped.T
    return Function("ai|w", call)


ARRAYS: dict[str, Function] = {
    "CHOOSECOLS": _choosing(1),
    "CHOOSEROWS": _choosing(0),
    "DROP": _cutting(take=False),
    "EXPAND": Function("aw|ww", _expand),
    "FILTER": Function("aa|x", _filter),
    "HSTACK": _stacked(1),
    "SEQUENCE": Function("w|www", _sequence),
    "SORT": Function("a|aab", _sort),
    "SORTBY": Function("aa+", _sort_by),
    "TAKE": _cutting(take=True),
    "TOCOL": _in_a_line(0),
    "TOROW": _in_a_line(1),
    "UNIQUE": Function("a|bb", _unique),
    "VSTACK": _stacked(0),
    "WRAPCOLS": _wrapped(1),
    "WRAPROWS": _wrapped(0),
}
