"""Addresses of cells, ranges, and the values that a cell may hold. This module knows nothing of files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Union

from openpyxl.utils import column_index_from_string, get_column_letter

from solver.errors import UserError

MAX_ROW, MAX_COL = 1_048_576, 16_384  # what an Excel sheet holds

_A1 = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


class ErrorValue(str):
    """An error value of a cell, as its text: ``#N/A``, ``#DIV/0!``, ``#REF!`` …"""

    __slots__ = ()


Value = Union[float, str, bool, ErrorValue, None]  # what a cell may hold; None is a blank cell


class Cell(NamedTuple):
    """One cell of a sheet; row and column count from 1, as in Excel."""

    row: int
    col: int

    @classmethod
    def parse(cls, text: str) -> Cell:
        """``'B25'`` or ``'$B$25'``; a UserError when a sheet has no such cell."""
        match = _A1.fullmatch(text.strip())
        if match:
            row, col = int(match[2]), column_index_from_string(match[1].upper())
            if 1 <= row <= MAX_ROW and 1 <= col <= MAX_COL:
                return cls(row, col)
        raise UserError(f"'{text}' is not a cell of an Excel sheet. Give one from A1 to XFD1048576.")

    def __str__(self) -> str:
        return f"{get_column_letter(self.col)}{self.row}"

    def moved(self, rows: int, cols: int) -> Cell:
        return Cell(self.row + rows, self.col + cols)


@dataclass(frozen=True, order=True)
class Range:
    """A rectangle of cells, both ends included."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def parse(cls, text: str) -> Range:
        """``'H2:V16'``, ``'$H$2:$V$16'`` or one cell; ends in any order."""
        first, _, last = text.partition(":")
        a = Cell.parse(first)
        b = Cell.parse(last) if last else a
        return cls(min(a.row, b.row), min(a.col, b.col), max(a.row, b.row), max(a.col, b.col))

    @classmethod
    def around(cls, cells) -> Range:
        """The smallest range that holds all of `cells`."""
        cells = list(cells)
        rows, cols = [cell[0] for cell in cells], [cell[1] for cell in cells]
        return cls(min(rows), min(cols), max(rows), max(cols))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)"""
        return self.bottom - self.top + 1, self.right - self.left + 1

    @property
    def first(self) -> Cell:
        return Cell(self.top, self.left)

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    def cells(self) -> Iterator[Cell]:
        """Row by row, left to right."""
        for row in range(self.top, self.bottom + 1):
            for col in range(self.left, self.right + 1):
                yield Cell(row, col)

    def __contains__(self, cell) -> bool:
        return self.top <= cell[0] <= self.bottom and self.left <= cell[1] <= self.right

    def overlaps(self, other: Range) -> bool:
        return (self.top <= other.bottom and other.top <= self.bottom
                and self.left <= other.right and other.left <= self.right)

    def moved(self, rows: int, cols: int) -> Range:
        return Range(self.top + rows, self.left + cols, self.bottom + rows, self.right + cols)

    def __str__(self) -> str:
        last = Cell(self.bottom, self.right)
        return str(self.first) if self.size == 1 else f"{self.first}:{last}"

    @property
    def absolute(self) -> str:
        """``$H$2:$V$16``, as a defined name writes it."""
        return re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", str(self))


def quoted(sheet: str) -> str:
    """A sheet's name as a formula writes it: quoted where it has to be."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", sheet) and not _A1.fullmatch(sheet)
    return sheet if plain else "'" + sheet.replace("'", "''") + "'"
