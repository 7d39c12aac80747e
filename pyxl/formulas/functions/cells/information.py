"""What a cell or a value is: TYPE, FORMULATEXT, ISFORMULA, SHEET, CELL."""

from __future__ import annotations

import numpy as np

from pyxl.formulas.language.formula_errors import NA, REF, VALUE, Fault, Unsupported
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.syntax.formula_text import as_shown, moved
from pyxl.formulas.language.syntax.lambdas import Lambda
from pyxl.formulas.language.values import Area, Areas
from pyxl.grid.cells import Cell, ErrorValue, Range
from pyxl.grid.grid import Formula


def _type(here, found) -> float:
    """1 number or blank, 2 text, 4 boolean, 16 error, 64 array, 128 function."""
    if isinstance(found, Lambda):
        return 128.0
    if isinstance(found, Areas):
        return 16.0
    if isinstance(found, np.ndarray) and found.size > 1 or isinstance(found, Area) and found.shape != (1, 1):
        return 64.0
    value = here.in_array().values(found)
    value = value.item() if isinstance(value, np.ndarray) else value
    return (16.0 if isinstance(value, ErrorValue) else 2.0 if isinstance(value, str) else
            4.0 if isinstance(value, (bool, np.bool_)) else 1.0)


def _formula(here, found) -> tuple[Formula, Cell] | None:
    """The formula whose value a cell shows, and the cell that it is seen from."""
    if isinstance(found, ErrorValue):
        raise Fault(found)
    if not isinstance(found, Area):
        raise Fault(VALUE)
    cell, grid = Cell(*found.box[:2]), here.workbook.grid(found.sheet)
    owner = grid.owner(cell)
    return None if owner is None else (grid.formulas[owner], cell if owner == cell else owner)


def _formula_text(here, found) -> str:
    known = _formula(here, found)
    if known is None:
        raise Fault(NA)
    formula, cell = known
    text = "=" + as_shown(moved(formula.text, cell[0] - formula.anchor[0], cell[1] - formula.anchor[1]))
    return f"{{{text}}}" if formula.array and not formula.dynamic else text


def _sheet(here, found=None) -> float:
    """The number of a sheet, named or of a reference, among all tabs."""
    sheets = list(here.workbook.sheets)
    if found is None:
        return sheets.index(here.sheet) + 1.0
    title = found.sheet if isinstance(found, Area) else here.workbook.title(found) if isinstance(found, str) else None
    if title is None:
        raise Fault(found if isinstance(found, ErrorValue) else NA)
    return sheets.index(title) + 1.0


def _sheets(here, found=None) -> float:
    if found is None:
        return float(len(here.workbook.sheets))
    if isinstance(found, Areas):
        return float(len({part.sheet for part in found.parts}))
    if not isinstance(found, Area):
        raise Fault(REF)
    return 1.0


def _cell(here, what: str, found=None):
    """The parts of CELL that are in a file and change with no screen."""
    if found is not None and not isinstance(found, Area):
        raise Fault(VALUE)
    row, col = found.box[:2] if found is not None else here.cell
    sheet = found.sheet if found is not None else here.sheet
    kind = what.casefold()
    if kind in ("row", "col"):
        return float(row if kind == "row" else col)
    if kind == "address":
        return Range(row, col, row, col).absolute
    if kind in ("contents", "type"):
        value = here.workbook.cell(sheet, row, col)
        if kind == "contents":
            return 0.0 if value is None else value
        return "b" if value is None else "l" if isinstance(value, str) and not isinstance(value, ErrorValue) else "v"
    raise Unsupported(f"CELL(\"{what}\") is not evaluated here. Write what it gives as a value.")


INFORMATION: dict[str, Function] = {
    "CELL": Function("t|r", _cell, here=True),
    "FORMULATEXT": Function("u", _formula_text, here=True),
    "ISFORMULA": Function("u", lambda here, found: _formula(here, found) is not None, here=True),
    "SHEET": Function("|u", _sheet, here=True),
    "SHEETS": Function("|u", _sheets, here=True),
    "TYPE": Function("u", _type, here=True),
}
