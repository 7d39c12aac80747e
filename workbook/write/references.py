"""References as formulas write them, with ``$`` where a copied formula must keep them."""

from __future__ import annotations

from xlsxwriter.utility import xl_col_to_name

from pyxl.grid.cells import Cell, Range


def ref(where: Cell | Range, *, rows: bool = False, cols: bool = False) -> str:
    """``ref(Range(25, 2, 25, 6), cols=True) == '$B25:$F25'``: `rows`, `cols` say what is pinned."""
    if isinstance(where, Cell):
        return ("$" if cols else "") + xl_col_to_name(where.col - 1) + ("$" if rows else "") + str(where.row)
    first = ref(where.first, rows=rows, cols=cols)
    if where.size == 1:
        return first
    return f"{first}:{ref(Cell(where.bottom, where.right), rows=rows, cols=cols)}"


def columns_of(where: Range) -> list[Range]:
    """The columns of a block, from the left."""
    return [Range(where.top, col, where.bottom, col) for col in range(where.left, where.right + 1)]


def box(where: Range) -> tuple[int, int, int, int]:
    """(first row, first column, last row, last column) from 0, as XlsxWriter counts."""
    return where.top - 1, where.left - 1, where.bottom - 1, where.right - 1
