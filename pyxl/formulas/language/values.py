"""What formulas compute with, and Excel's rules for it: coercion, comparison, broadcasting.

A scalar is a `Value`. An array is a 2-D numpy array: float64 when it holds numbers only, bool when
booleans only, otherwise objects (blanks are None). An `Area` is a reference that was not read yet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import repeat
from typing import TypeGuard

import numpy as np

from pyxl.grid.cells import MAX_COL, MAX_ROW, ErrorValue, Range, Value

from .formula_errors import DIV0, NA, NUM, REF, VALUE, Fault, Unsupported
from .text_units import joined, length

_PART = r"(\d{1,4}(\.\d+)?|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|[ap]m?)"
_DATE = re.compile(rf"{_PART}(\s*[-/:, ]\s*{_PART})+", re.I)  # or a time: 1/2/2020, 5-Jan, 10:30 pm
_NUMBER = re.compile(r"(\()?([-+])?\$?([-+])?((?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?(?:[eE][-+]?\d+)?)(%)?(\))?", re.ASCII)
_MIXED = re.compile(r"([-+])?(\d+) (\d{1,5})/(\d{1,5})", re.ASCII)

_MANY = 1000            # elements from which equal ones are looked for
MOST_ARRAY_ELEMENTS = 2**23        # elements of an array; for a larger one Excel runs out of resources as well
LONGEST_TEXT = 32_767  # characters that a cell holds


@dataclass(frozen=True)
class Area:
    """Cells (top, left, bottom, right) of a sheet; `read(sheet, box)` gives their values as an array."""

    sheet: str
    box: tuple[int, int, int, int]
    read: Callable[[str, tuple[int, int, int, int]], np.ndarray] = field(repr=False, compare=False)

    def array(self) -> np.ndarray:
        return self.read(self.sheet, self.box)

    def to(self, top: int, left: int, bottom: int, right: int) -> Area:
        """Other cells of the same sheet; ``#REF!`` when they lie outside it."""
        if not (1 <= top <= bottom <= MAX_ROW and 1 <= left <= right <= MAX_COL):
            raise Fault(REF)
        return Area(self.sheet, (top, left, bottom, right), self.read)

    @property
    def range(self) -> Range:
        return Range(*self.box)

    @property
    def shape(self) -> tuple[int, int]:
        return self.range.shape


@dataclass(frozen=True)
class Areas:
    """Several references as one, a union: ``(A1:A3,C1)``."""

    parts: tuple[Area, ...]

    def array(self) -> np.ndarray:
        """All values as one row."""
        values = [value for part in self.parts for value in part.array().ravel().tolist()]
        return pack(values, (1, len(values)))


def pack(values: list, shape: tuple[int, int]) -> np.ndarray:
    """Values row by row -> an array of the narrowest of the three kinds."""
    kinds = set(map(type, values))
    kind = float if kinds <= {float, int} else bool if kinds == {bool} else object
    array = np.empty(len(values), dtype=kind)
    array[:] = values
    return array.reshape(shape)


def is_number(value) -> TypeGuard[float]:
    return isinstance(value, (float, int)) and not isinstance(value, bool)


def number(value: Value) -> float:
    """A scalar in arithmetic: blank is 0, TRUE is 1, text counts when it reads as a number."""
    if type(value) is float:
        return value
    if value is None:
        return 0.0
    if isinstance(value, ErrorValue):
        raise Fault(value)
    if isinstance(value, str):
        return _read_number(value)
    if isinstance(value, (float, int, np.bool_)):
        return float(value)
    raise _no_one_value(value)


def one_value(value) -> Value:
    """The same. Raises Unsupported for an array, or a LAMBDA that nobody calls, where one value is wanted."""
    if isinstance(value, np.bool_):
        return bool(value)
    if value is None or isinstance(value, (float, int, str)):
        return value
    raise _no_one_value(value)


def _no_one_value(value) -> Unsupported:
    return Unsupported(f"{'an array' if isinstance(value, np.ndarray) else 'a LAMBDA that is not called'} stands where one value is wanted")


def _read_number(text: str) -> float:
    """``1,250.5``, ``20%``, ``1E3``, ``$5``, ``-$5``, ``(5)`` for −5, ``2 1/2``."""
    plain = text.strip()
    if match := _NUMBER.fullmatch(plain):
        open_, sign, minus, digits, percent, close = match.groups("")
        if bool(open_) == bool(close) and not (open_ and (sign or minus) or sign and minus):
            try:
                value = finite(float(digits.replace(",", "")) / (100 if percent else 1))
                return -value if open_ or "-" in (sign, minus) else value
            except ValueError:
                pass
    if match := _MIXED.fullmatch(plain):
        value = int(match[2]) + divide(float(match[3]), float(match[4]))
        return -value if match[1] == "-" else value
    if _DATE.fullmatch(plain):
        raise Unsupported(f"the text '{text}' may be a date, which we do not convert. Write it as a number")
    raise Fault(VALUE)


def counted(value):
    """Booleans of an array as 1 and 0, where arithmetic is meant; all else as it is."""
    return value.astype(float) if isinstance(value, np.ndarray) and value.dtype == bool else value


def whole(value: Value) -> int:
    """A scalar as a count or position: its number, cut towards 0."""
    return math.trunc(number(value))


def text(value: Value) -> str:
    """A scalar as text, numbers as Excel's General format shows them: 15 digits at most."""
    if isinstance(value, ErrorValue):
        raise Fault(value)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    digits = f"{one_value(value):.15g}"
    if "e" not in digits:
        return "0" if digits == "-0" else digits
    plain = f"{Decimal(digits):f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    if len(plain.lstrip("-")) <= 21:
        return "0" if plain == "-0" else plain
    mantissa, _, exponent = f"{Decimal(digits).normalize():E}".partition("E")
    return f"{mantissa}E{int(exponent):+03d}"


def logical(value: Value) -> bool:
    """A scalar as a condition."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str) and not isinstance(value, ErrorValue):
        if value.upper() in ("TRUE", "FALSE"):
            return value.upper() == "TRUE"
        raise Fault(VALUE)
    return number(value) != 0


def lift(call: Callable, args: list, over: Iterable[int], vector: Callable | None = None):
    """`call(*args)`, element by element over those of `args` that are arrays (Excel's broadcasting).

    Rows and columns of one stretch, smaller arrays are padded with ``#N/A``. `vector` is the same
    on whole float arrays, as numpy's functions are; where it gives no finite number, the elements
    are computed again one by one, so that each gets its own error.
    """
    arrays = [i for i in over if isinstance(args[i], np.ndarray)]
    if not arrays:
        return scalar(call(*args))
    rows = max(args[i].shape[0] for i in arrays)
    cols = max(args[i].shape[1] for i in arrays)
    refuse_giant(rows, cols)
    args = [spread(arg, rows, cols) if i in arrays else arg for i, arg in enumerate(args)]
    if vector and all(arg.dtype == float if i in arrays else type(arg) is float for i, arg in enumerate(args)):
        with np.errstate(all="ignore"):
            result = vector(*args)
        if result.dtype == bool or np.isfinite(result).all():
            return result
    columns = [arg.ravel().tolist() if i in arrays else repeat(arg) for i, arg in enumerate(args)]
    if rows * cols < _MANY:
        return pack([_element(call, row) for row in zip(*columns)], (rows, cols))
    lifted = [columns[i] for i in arrays]  # a large table has few different values: each is computed once
    keys = list(zip(*(map(type, column) for column in lifted), *lifted))
    found = {key: _element(call, row) for key, row in dict(zip(keys, zip(*columns))).items()}
    return pack(list(map(found.__getitem__, keys)), (rows, cols))


def refuse_giant(rows: int, cols: int) -> None:
    """``#NUM!`` for an array that is too large to be computed."""
    if rows * cols > MOST_ARRAY_ELEMENTS:
        raise Fault(NUM)


def held(content: str) -> str:
    """A text that a formula makes; ``#VALUE!`` when it is longer than a cell can hold."""
    if length(content) > LONGEST_TEXT:
        raise Fault(VALUE)
    return joined(content)


def _element(call: Callable, args: tuple) -> Value:
    try:
        value = call(*args)
    except Fault as fault:
        return fault.value
    if isinstance(value, Area):
        value = value.array()
    if isinstance(value, np.ndarray):
        if value.size > 1:
            raise Unsupported("an array whose elements are ranges is not evaluated here")
        value = value.item()
    return scalar(value)


def scalar(value):
    """An element that was taken from a numpy array as a plain value; all else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def spread(array: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """An array stretched to (rows, cols) where it has one row or column, else padded with ``#N/A``."""
    if array.shape == (rows, cols):
        return array
    array = np.broadcast_to(array, (rows if array.shape[0] == 1 else array.shape[0],
                                    cols if array.shape[1] == 1 else array.shape[1]))
    if array.shape == (rows, cols):
        return array
    padded = pack([ErrorValue(NA)] * (rows * cols), (rows, cols))  # np.full would make it plain text
    padded[:array.shape[0], :array.shape[1]] = array
    return padded


def finite(value: float) -> float:
    """The result of a calculation; ``#NUM!`` when it is none (overflow, root of a negative…)."""
    if math.isfinite(value):
        return value
    raise Fault(NUM)


def divide(a: float, b: float) -> float:
    if b == 0:
        raise Fault(DIV0)
    return finite(a / b)


def power(a: float, b: float) -> float:
    if a == 0 and b <= 0:
        raise Fault(NUM if b == 0 else DIV0)
    try:
        result = a ** b
    except OverflowError:
        raise Fault(NUM) from None
    if isinstance(result, complex):
        raise Fault(NUM)
    return result


def powers(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`power` on arrays: NaN where that raises."""
    return np.where((a == 0) & (b == 0), np.nan, np.power(a, b))
