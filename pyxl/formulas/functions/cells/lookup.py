"""Functions that find things: MATCH and the lookups, INDEX, OFFSET, INDIRECT, ROW and COLUMN."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from openpyxl.utils import get_column_letter

from pyxl.formulas.language.comparison import compare, same
from pyxl.formulas.language.formula_errors import NA, REF, VALUE, Fault, Unsupported
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import Area, Areas, is_number, logical, scalar, whole
from pyxl.formulas.language.wildcards import wildcard
from pyxl.grid.cells import MAX_COL, MAX_ROW, ErrorValue, Value, quoted


def find(wanted: Value, among: np.ndarray, how: float) -> int:
    """Where a value stands in a flat array, from 0; ``#N/A`` when nowhere.

    `how` 0: equal (text with wildcards); 1: the last that is not greater, in ascending order;
    -1: the last that is not less, in descending order. Only values of the same kind count.
    """
    if isinstance(wanted, ErrorValue):
        raise Fault(wanted)
    wanted = 0.0 if wanted is None else wanted
    place = _find_equal(wanted, among) if how == 0 else \
        _find_ascending(wanted, among) if how > 0 else _find_descending(wanted, among)
    if place is None:
        raise Fault(NA)
    return place


def _fitting(wanted: Value) -> Callable[[Any], bool]:
    """Whether a value of the same kind is the one that is wanted; of texts, with wildcards and whatever their capitals."""
    if not isinstance(wanted, str):
        return lambda value: compare(value, wanted) == 0
    folded = wanted.casefold()
    return wildcard(wanted) or (lambda value: value.casefold() == folded)


def _find_equal(wanted: Value, among: np.ndarray) -> int | None:
    if among.dtype == float and is_number(wanted):
        places = np.flatnonzero(same(among, wanted))
        return int(places[0]) if places.size else None
    if isinstance(wanted, (float, int)) and not isinstance(wanted, bool):
        # of a large table's labels, with a text among them: a million are looked at, so each in no time, as `same` has it
        near = 2.0**-49 * abs(wanted)
        return next((i for i, value in enumerate(among.tolist())
                     if (isinstance(value, float) or type(value) is int) and abs(value - wanted) <= near), None)
    kind, fits = _kind(wanted), _fitting(wanted)
    return next((i for i, value in enumerate(among.tolist()) if _kind(value) is kind and fits(value)), None)


def _find_ascending(wanted: Value, among: np.ndarray) -> int | None:
    """By halves, as Excel does, so that it goes the same way among values that are not sorted.

    Values of another kind are passed over to the right. Where an equal one is met, the last of those equal ones that
    stand there side by side is meant.
    """
    kind, low, high = _kind(wanted), 0, among.size - 1
    while low <= high:
        middle = (low + high) // 2
        place = next((i for i in range(middle, high + 1) if _kind(among[i]) is kind), None)
        if place is None:
            high = middle - 1
            continue
        order = compare(scalar(among[place]), wanted)
        if order == 0:
            while place < among.size - 1 and _kind(among[place + 1]) is kind and compare(scalar(among[place + 1]), wanted) == 0:
                place += 1
            return place
        if order > 0:
            high = middle - 1
        else:
            low = place + 1
    return next((i for i in range(high, -1, -1) if _kind(among[i]) is kind), None)


def _find_descending(wanted: Value, among: np.ndarray) -> int | None:
    """The last before the first that is less."""
    if among.dtype == float and is_number(wanted):
        less = np.flatnonzero(among < wanted)
        place = int(less[0]) - 1 if less.size else among.size - 1
        return place if place >= 0 else None
    kind, values = _kind(wanted), among.tolist()
    places = [i for i, value in enumerate(values) if _kind(value) is kind]
    place = next((n for n, i in enumerate(places) if compare(values[i], wanted) < 0), len(places)) - 1
    return places[place] if place >= 0 else None


def _kind(value: Value) -> type:
    """Numbers of Python and of numpy are of one kind."""
    return bool if isinstance(value, (bool, np.bool_)) else float if is_number(value) else type(value)


def _match(wanted: Value, among: np.ndarray, how: float = 1.0) -> float:
    if 1 not in among.shape:
        raise Fault(NA)
    return find(wanted, among.ravel(), how) + 1.0


def _vlookup(wanted: Value, table: np.ndarray, column: int, nearest: bool = True) -> Value:
    if column < 1:
        raise Fault(VALUE)
    if column > table.shape[1]:
        raise Fault(REF)
    return table[find(wanted, table[:, 0], 1.0 if nearest else 0.0), column - 1]


def _hlookup(wanted: Value, table: np.ndarray, row: int, nearest: bool = True) -> Value:
    return _vlookup(wanted, table.T, row, nearest)


def _lookup(wanted: Value, among: np.ndarray, result: np.ndarray | None = None) -> Value:
    """The vector form, or the array form: search the longer side's first line, answer from the last."""
    if result is None:
        table = among.T if among.shape[1] > among.shape[0] else among
        among, result = table[:, 0], table[:, -1]
    place = find(wanted, among.ravel(), 1.0)
    if place >= result.size:
        raise Fault(NA)
    return result.ravel()[place]


def _index(found, row: int, col: int | None = None, area: int = 1):
    """The cell at (row, col) of a reference or an array; 0 means all rows or columns."""
    parts = found.parts if isinstance(found, Areas) else (found,)
    if not 1 <= area <= len(parts):
        raise Fault(REF)
    found = parts[area - 1]
    if not isinstance(found, (Area, np.ndarray)):
        found = np.array([[found]], dtype=object)
    rows, cols = found.shape
    if col is None:
        row, col = (0, row) if rows == 1 and cols > 1 else (row, 1 if cols == 1 else 0)
        if rows == 1 and cols > 1:
            row = 1
    if row < 0 or col < 0:
        raise Fault(VALUE)
    if row > rows or col > cols:
        raise Fault(REF)
    first_row, last_row = (row, row) if row else (1, rows)
    first_col, last_col = (col, col) if col else (1, cols)
    if isinstance(found, Area):
        top, left = found.box[:2]
        return found.to(top + first_row - 1, left + first_col - 1, top + last_row - 1, left + last_col - 1)
    part = found[first_row - 1:last_row, first_col - 1:last_col]
    return part.item() if part.size == 1 else part


def _offset(found, rows: int, cols: int, height=None, width=None) -> Area:
    """Cells that many rows and columns away; a negative height or width reaches up or left."""
    if not isinstance(found, Area):
        raise Fault(VALUE)
    if isinstance(height, np.ndarray) or isinstance(width, np.ndarray):
        raise Unsupported("OFFSET with an array of heights or widths is not evaluated here. Use one of each.")
    high = found.shape[0] if height is None else whole(height)
    wide = found.shape[1] if width is None else whole(width)
    if not high or not wide:
        raise Fault(REF)
    top, left = found.box[0] + rows, found.box[1] + cols
    top, left = top + min(high + 1, 0), left + min(wide + 1, 0)
    return found.to(top, left, top + abs(high) - 1, left + abs(wide) - 1)


def _indirect(here, address: str, a1: bool = True):
    if not a1:
        raise Unsupported("INDIRECT with R1C1 addresses is not evaluated here. Use A1 addresses.")
    return here.indirect(address)


def _address(row: int, col: int, kind=None, a1=None, sheet: str | None = None) -> str:
    """The text of an address; `kind` 1 to 4: ``$A$1``, ``A$1``, ``$A1``, ``A1``; in R1C1 style unless `a1`."""
    kind, a1 = 1 if kind is None else whole(kind), a1 is None or logical(a1)
    if not (1 <= row <= MAX_ROW and 1 <= col <= MAX_COL and 1 <= kind <= 4):
        raise Fault(VALUE)
    fix_row, fix_col = kind in (1, 2), kind in (1, 3)
    if a1:
        address = f"{'$' * fix_col}{get_column_letter(col)}{'$' * fix_row}{row}"
    else:
        address = (f"R{row}" if fix_row else f"R[{row}]") + (f"C{col}" if fix_col else f"C[{col}]")
    return address if sheet is None else f"{_sheet_name(sheet)}!{address}"


def _sheet_name(text: str) -> str:
    """Quoted where it has to be; the name of a workbook may stand before it in brackets."""
    found = re.match(r"\[[^\]]*\]", text)
    workbook = found[0] if found else ""
    sheet = text[len(workbook):]
    odd = re.search(r"[^\w.]", workbook[1:-1]) or sheet and quoted(sheet) != sheet
    return "'" + text.replace("'", "''") + "'" if odd else text


def _row(here, found=None):
    return _places(here, found, 0)


def _column(here, found=None):
    return _places(here, found, 1)


def _places(here, found, axis: int):
    """The rows or columns of a reference, or of the cells that the formula itself fills."""
    if found is not None and not isinstance(found, Area):
        raise Fault(VALUE)
    block = here.block if found is None else found.range
    first, count = block.first[axis], block.shape[axis]
    places = np.arange(first, first + count, dtype=float)
    return float(first) if count == 1 else places.reshape((-1, 1) if axis == 0 else (1, -1))


def _single(here, found):
    if isinstance(found, Area):
        return found if found.shape == (1, 1) else here.intersect(found)
    return found.flat[0] if isinstance(found, np.ndarray) else found


def _size(axis: int) -> Function:
    def call(found) -> float:
        if isinstance(found, Areas):
            raise Fault(REF)
        return float(found.shape[axis]) if hasattr(found, "shape") else 1.0
    return Function("r", call)


LOOKUP: dict[str, Function] = {
    "ADDRESS": Function("ii|vvt", _address),
    "AREAS": Function("r", lambda found: float(len(found.parts)) if isinstance(found, Areas) else 1.0),
    "COLUMN": Function("|r", _column, here=True),
    "COLUMNS": _size(1),
    "HLOOKUP": Function("vai|b", _hlookup),
    "HYPERLINK": Function("v|v", lambda *parts: parts[-1]),
    "INDEX": Function("ri|ii", _index),
    "INDIRECT": Function("t|b", _indirect, here=True),
    "LOOKUP": Function("va|a", _lookup),
    "MATCH": Function("va|n", _match),
    "OFFSET": Function("rii|ww", _offset),
    "ROW": Function("|r", _row, here=True),
    "ROWS": _size(0),
    "SINGLE": Function("r", _single, here=True),
    "VLOOKUP": Function("vai|b", _vlookup),
}
