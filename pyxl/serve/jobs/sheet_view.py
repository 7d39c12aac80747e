"""A workbook as a page shows it: the cells of every sheet, and what was found there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyxl.base.plain_output import json_ready
from pyxl.fit.inspect_sheet import inspect_workbook
from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.grid import Grid
from pyxl.xlsx import open_workbook

ROWS_SHOWN, COLUMNS_SHOWN = 150, 60     # of a sheet that are shown; of a larger one its upper left part
_NOTHING = {"recognised": False, "notes": [], "problem": None, "training": None, "reason": None, "solver": None}


def workbook_view(path: Path, *, cells: bool) -> dict[str, Any]:
    """``sheets``: of each its name, whether it is hidden, what `collabsheet inspect` says of it, and the blocks of its model as
    [top, left, bottom, right] counted from 1. With `cells` also its rows of texts and numbers (a formula's result as stored), which
    of its cells are formulas, and whether these are all."""
    found = inspect_workbook(path)
    with open_workbook(path) as book:
        return {"sheets": [_sheet(name, found.get(name, _NOTHING)) | {"hidden": name in book.hidden_sheets} | (_cells(book.grid(name)) if cells else {})
                           for name in book.sheets]}


def _sheet(name: str, found: dict[str, Any]) -> dict[str, Any]:
    blocks = {role: _corners(where) for role, where in found.get("cells", {}).items()}
    return {"name": name, "blocks": {role: at for role, at in blocks.items() if at}, "found": json_ready(found)}


def _cells(grid: Grid) -> dict[str, Any]:
    used = grid.used
    bottom, right = (min(used.bottom, ROWS_SHOWN), min(used.right, COLUMNS_SHOWN)) if used else (0, 0)
    rows = [[_shown(grid.values.get(Cell(row, col))) for col in range(1, right + 1)] for row in range(1, bottom + 1)]
    formulas = [[cell.row, cell.col] for cell in sorted(grid.formulas) if cell.row <= bottom and cell.col <= right]
    return {"rows": rows, "formulas": formulas, "all_shown": used is None or (used.bottom <= ROWS_SHOWN and used.right <= COLUMNS_SHOWN)}


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
