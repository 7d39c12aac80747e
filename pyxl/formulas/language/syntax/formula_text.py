"""The text that a formula would have if it were copied to another cell."""

from __future__ import annotations

import re

from openpyxl.utils import column_index_from_string, get_column_letter

from pyxl.grid.cells import Cell

_QUOTED = r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\[[^\]]*\]"  # texts, sheets, a table's columns
_CELL = re.compile(rf"({_QUOTED})|(?<![A-Za-z0-9_$])(\$?)([A-Z]{{1,3}})(\$?)([0-9]{{1,7}})(?![A-Za-z0-9_(.!])")
_PREFIX = re.compile(rf"({_QUOTED})|_xl(?:fn|ws|pm|op|udf|eta)\.")


def moved(text: str, rows: int, cols: int) -> str:
    """The text with relative references to cells moved; `rows` and `cols` may be negative."""
    def move(match: re.Match) -> str:
        quoted, fix_col, col, fix_row, row = match.groups()
        if quoted:
            return quoted
        if not fix_col:
            col = get_column_letter(column_index_from_string(col) + cols)
        return f"{fix_col}{col}{fix_row}{row if fix_row else int(row) + rows}"

    return _CELL.sub(move, text) if rows or cols else text


def relative(text: str, cell: Cell) -> str:
    """The text as seen from its cell: equal for formulas that were copied from each other."""
    def name(match: re.Match) -> str:
        quoted, fix_col, col, fix_row, row = match.groups()
        if quoted:
            return quoted
        return (f"R{row}" if fix_row else f"R[{int(row) - cell.row}]") + \
               (f"C{col}" if fix_col else f"C[{column_index_from_string(col) - cell.col}]")

    return _CELL.sub(name, text)


def as_shown(text: str) -> str:
    """The text as Excel shows it: the prefixes that its files put before newer functions are dropped."""
    return _PREFIX.sub(lambda match: match[1] or "", text)
