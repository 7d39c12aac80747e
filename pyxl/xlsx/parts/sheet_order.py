"""Where the next row and the next cell of a sheet's XML stand: in order, each once, as Excel demands.

Out of order or doubled, one program would show the first value and another the last.
"""

from __future__ import annotations

from collections.abc import Mapping

from openpyxl.utils import column_index_from_string

from pyxl.grid.cells import MAX_COL, MAX_ROW
from solver.errors import UserError

from .package_checks import damaged_sheet


def misplaced(element: str, where: str, sheet: str) -> UserError:
    """The error for a `<row>` or `<c>` that does not stand where one belongs; `where` names the element of cells around it, "" for
    none. Some programs would skip it, others count it."""
    belongs = {"row": "sheetData", "c": "row"}[element]
    return damaged_sheet(sheet, f"a <{element}> stands {f'inside a <{where}>' if where and where != 'sheetData' else f'outside a <{belongs}>'}")


def next_row(attributes: Mapping[str, str], before: int, sheet: str) -> int:
    """The number of a `<row>` that comes after row `before`. Raises UserError where it cannot come there."""
    row = int(attributes.get("r") or before + 1)
    if not 1 <= row <= MAX_ROW:
        raise damaged_sheet(sheet, f"it holds row {row}")
    if row <= before:
        raise damaged_sheet(sheet, f"row {row} comes after row {before}")
    return row


def next_column(attributes: Mapping[str, str], row: int, before: int, met: dict[str, int], sheet: str) -> int:
    """The column of a `<c>` in `row` that comes after column `before`; `met` keeps the numbers of letters.

    Raises UserError where it cannot come there.
    """
    ref = attributes.get("r")
    if ref is None:
        return before + 1
    letters = ref.rstrip("0123456789")
    col = met.get(letters)
    if col is None:
        col = met[letters] = _column_number(letters)
    if not col or ref[len(letters):] != str(row):
        raise damaged_sheet(sheet, f"it holds a cell '{ref}' in row {row}")
    if col <= before:
        raise damaged_sheet(sheet, f"its cell '{ref}' is out of order in row {row}")
    return col


def _column_number(letters: str) -> int:
    """1 for ``'A'``; 0 for what is no column of a sheet."""
    if letters.isascii() and letters.isupper() and letters.isalpha() and len(letters) <= 3:
        col = column_index_from_string(letters)
        return col if col <= MAX_COL else 0
    return 0
