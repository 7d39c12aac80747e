"""A workbook as a page shows it: the cells of every sheet, and what was found there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyxl.base.plain_output import json_ready
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.grid import Grid
from pyxl.xlsx import open_workbook

ROWS_SHOWN, COLUMNS_SHOWN = 10_000, 300     # of a sheet that are shown; of a larger one its upper left part
_CELLS_SHOWN = 3_000_000                    # of a workbook, so that a browser can hold them
_NOTHING = {"recognised": False, "notes": [], "problem": None, "training": None, "reason": None, "solver": None}


def workbook_view(path: Path, *, cells: bool) -> dict[str, Any]:
    """``sheets``: of each its name, whether it is hidden, what `collabsheet inspect` says of it, and the blocks of its model as
    [top, left, bottom, right] counted from 1. With `cells` also its rows of texts and numbers (a formula's result as stored), where
    its formulas are as [row, first column, last column], and whether these are all."""
    found = inspect_workbook(path)
    with open_workbook(path) as book:
        sheets, left = [], _CELLS_SHOWN
        for name in book.sheets:
            sheet = _sheet(name, found.get(name, _NOTHING)) | {"hidden": name in book.hidden_sheets}
            if cells:
                sheet |= _cells(book.grid(name), left)
                left -= sum(map(len, sheet["rows"]))
            sheets.append(sheet)
        return {"sheets": sheets}


def _sheet(name: str, found: dict[str, Any]) -> dict[str, Any]:
    blocks = {role: _corners(where) for role, where in found.get("cells", {}).items()}
    return {"name": name, "blocks": {role: at for role, at in blocks.items() if at}, "found": json_ready(found)}


def _cells(grid: Grid, most: int) -> dict[str, Any]:
    used = grid.used
    if used is None:
        return {"rows": [], "formulas": [], "all_shown": True}
    right = min(used.right, COLUMNS_SHOWN)
    bottom = min(used.bottom, ROWS_SHOWN, most // right)
    rows: list[list[str | float | None]] = [[None] * right for _ in range(bottom)]
    for (row, col), value in grid.values.items():
        if row <= bottom and col <= right:
            rows[row - 1][col - 1] = _shown(value)
    return {"rows": rows, "formulas": _runs(cell for cell in grid.formulas if cell.row <= bottom and cell.col <= right),
            "all_shown": used.bottom <= bottom and used.right <= right}


def _runs(cells: Iterable[Cell]) -> list[list[int]]:
    """Cells beside each other as [row, first column, last column]."""
    runs: list[list[int]] = []
    for row, col in sorted(cells):
        if runs and runs[-1][0] == row and runs[-1][2] == col - 1:
            runs[-1][2] = col
        else:
            runs.append([row, col, col])
    return runs


def _shown(value: Value) -> str | float | None:
    if isinstance(value, bool):
        return str(value).upper()
    return json_ready(value)


def _corners(where: str) -> list[int] | None:
    """The corners of a range; None for a constant such as the lower end of the ratings, which stands in a formula."""
    try:
        at = Range.parse(where)
    except ValueError:
        return None
    return [at.top, at.left, at.bottom, at.right]
