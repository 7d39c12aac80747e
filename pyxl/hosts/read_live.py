"""A sheet of an open workbook read into a Grid: values in one call, formulas in another."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pyxl.grid.cells import Cell, ErrorValue, Range, Value, quoted
from pyxl.grid.grid import Formula, Grid
from solver.errors import UserError

from .live_values import serial

if TYPE_CHECKING:
    import xlwings

_LARGEST = 20_000_000   # cells of a used range above which reading it would fill the memory
_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"}


def read_grid(sheet, *, only: Range | None = None, date1904: bool = False) -> Grid:
    """The cells of an xlwings sheet, or of one range of it.

    Number formats are not asked for, a cell at a time as that would be: a percentage is its number.
    Nor are hidden rows, merged cells and protection, which the program itself guards.
    """
    def cells(where: Range):
        return sheet.range((where.top, where.left), (where.bottom, where.right))

    where = only or _used(sheet)
    if where.size > _LARGEST:
        raise UserError(f"{quoted(sheet.name)} is used as far as {Cell(where.bottom, where.right)}. "
                        "Delete the empty rows and columns behind its tables, and save it.")
    values, formulas, in_arrays = _contents(cells(where), where, cells)
    grid = Grid(sheet.name)
    texts: dict[Cell, str] = {}
    for row, (line, shown) in enumerate(zip(values, formulas), where.top):
        for col, (value, text) in enumerate(zip(line, shown), where.left):
            cell = Cell(row, col)
            if isinstance(value, dt.datetime):
                grid.formats[cell] = "date"
            if (value := as_value(value, date1904=date1904)) is not None:
                grid.values[cell] = value
            if isinstance(text, str) and text.startswith("=") and text != value:  # not a text that looks like one
                texts[cell] = text[1:]
                grid.values.setdefault(cell, "")    # xlwings calls an empty text blank, which no formula gives
    arrays = in_arrays() if texts else set()
    grid.formulas.update((cell, Formula(text, cell)) for cell, text in texts.items() if cell not in arrays)
    for block in _rectangles({cell: texts[cell] for cell in sorted(arrays) if cell in texts}):
        grid.formulas[block.first] = Formula(texts[block.first], block.first, block)
    return grid


def counts_from_1904(book: xlwings.Book) -> bool:
    """Whether an open workbook counts days from 1 January 1904, an option that xlwings has no word for."""
    if book.app.engine.name != "excel":
        return book.impl.date1904          # an engine of ours
    if sys.platform == "darwin":
        return bool(book.api.date_1904.get())
    return bool(book.api.Date1904)


def as_value(value, *, date1904: bool = False) -> Value:
    """A value from xlwings as a Grid holds it; a date as its number of days."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, dt.datetime):
        return serial(value, date1904=date1904)
    if isinstance(value, str):
        return ErrorValue(value) if value in _ERRORS else value
    return float(value)


def rows_of(formulas):
    """What xlwings gives as a range's formulas, of one cell or many, as rows."""
    if isinstance(formulas, (list, tuple)):
        return formulas if isinstance(formulas[0], (list, tuple)) else [formulas]
    return [[formulas]]


def _used(sheet) -> Range:
    used = sheet.used_range
    return Range(1, 1, used.row + used.shape[0] - 1, used.column + used.shape[1] - 1)


def _contents(block, where: Range, cells: Callable):
    """Values and formulas of a range, and what gives the cells that belong to array formulas: at once where the engine is one of ours that can."""
    engine = block.impl
    if hasattr(engine, "contents"):
        values, formulas, arrays = engine.contents()
        return [[None if value == "" else value for value in row] for row in values], formulas, lambda: arrays
    return (block.options(ndim=2, err_to_str=True).value, rows_of(block.formula),
            lambda: set(_covered(where, lambda block: cells(block).has_array)))


def _covered(where: Range, has_array: Callable[[Range], bool | None]) -> Iterator[Cell]:
    """The cells of a range that belong to array formulas: `has_array` says all, none, or (None) some."""
    answer = has_array(where)
    if answer:
        yield from where.cells()
    elif answer is None:
        for half in _halves(where):
            yield from _covered(half, has_array)


def _halves(where: Range) -> tuple[Range, Range]:
    rows, cols = where.shape
    if rows >= cols:
        middle = (where.top + where.bottom) // 2
        return (Range(where.top, where.left, middle, where.right),
                Range(middle + 1, where.left, where.bottom, where.right))
    middle = (where.left + where.right) // 2
    return (Range(where.top, where.left, where.bottom, middle),
            Range(where.top, middle + 1, where.bottom, where.right))


def _rectangles(texts: dict[Cell, str]) -> Iterator[Range]:
    """The blocks of equal texts, cells given in reading order: each array formula is one."""
    left = dict(texts)
    for first, text in texts.items():
        if first not in left:
            continue
        bottom, right = first
        while left.get(Cell(first.row, right + 1)) == text:
            right += 1
        while all(left.get(Cell(bottom + 1, col)) == text for col in range(first.col, right + 1)):
            bottom += 1
        block = Range(first.row, first.col, bottom, right)
        for cell in block.cells():
            del left[cell]
        yield block
