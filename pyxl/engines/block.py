"""A rectangle of cells, addressed as xlwings does; the base of every engine's range."""

from __future__ import annotations

import re
from collections.abc import Callable

from xlwings import NoSuchObjectError, base_classes

from pyxl.grid.cells import MAX_COL, MAX_ROW, Range
from solver.errors import UserError


class CellBlock(base_classes.Range):
    """The geometry of a range; engines add what is in its cells.

    `where` is the rectangle; `options` is xlwings' own note on it.
    """

    options = None
    max_cells_per_read = max_cells_per_write = None  # one call moves a block, however large

    def __init__(self, sheet, where: Range):
        self._sheet, self.where = sheet, where

    @property
    def sheet(self):
        return self._sheet

    @property
    def api(self):
        return self.where

    @property
    def row(self) -> int:
        return self.where.top

    @property
    def column(self) -> int:
        return self.where.left

    @property
    def shape(self) -> tuple[int, int]:
        return self.where.shape

    @property
    def coords(self):
        return (self._sheet.name, self.row, self.column, *self.shape)

    @property
    def address(self) -> str:
        return self.where.absolute

    def __len__(self) -> int:
        return self.where.size

    def __call__(self, row: int, col: int | None = None):
        """The cell in that row and column of the range, or the n-th one; both count from 1."""
        if col is None:
            row, col = divmod(row - 1, self.shape[1])
            row, col = row + 1, col + 1
        cell = self.where.first.moved(row - 1, col - 1)
        return type(self)(self._sheet, Range(*cell, *cell))


def area(first, last=None, *, named: Callable[[str], Range | None]) -> Range:
    """The rectangle that `sheet.range(first, last)` means: addresses, (row, column) pairs, ranges or
    names, whose cells `named` gives. Raises NoSuchObjectError for a name that is not there."""
    ends = [_corner(end, named) for end in (first, last) if end is not None]
    return Range(min(r.top for r in ends), min(r.left for r in ends),
                 max(r.bottom for r in ends), max(r.right for r in ends))


def _corner(end, named: Callable[[str], Range | None]) -> Range:
    if isinstance(end, CellBlock):
        return end.where
    if isinstance(end, tuple):
        if 0 in end:
            raise IndexError("Rows and columns count from 1, as in a sheet.")
        return Range(*end, *end)
    try:
        return Range.parse(end)
    except UserError:  # no address: a name, or whole columns or rows
        if (found := named(end)) is not None:
            return found
    whole = re.fullmatch(r"\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})|\$?(\d+):\$?(\d+)", end)
    if not whole:
        raise NoSuchObjectError(f"The address or name '{end}' does not exist.")
    if whole[1]:
        return Range.parse(f"{whole[1]}1:{whole[2]}{MAX_ROW}")
    return Range.around([(int(whole[3]), 1), (int(whole[4]), MAX_COL)])
