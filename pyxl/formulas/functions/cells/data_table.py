"""What-if data tables: formulas calculated again with other values in one or two input cells."""

from __future__ import annotations

from typing import Any

from pyxl.formulas.language.formula_errors import REF, Fault
from pyxl.formulas.language.function import Function
from pyxl.formulas.language.values import Area, pack
from pyxl.grid.cells import Cell


def _table(here, row_input, column_input):
    """The block that the table fills. Above it stand values for the row's input cell, left of it those for the column's;
    where only one of them is given, the other side holds the formulas, else the corner holds the one formula."""
    inputs = [_cell(here, found) for found in (row_input, column_input)]
    top, left = here.block.top, here.block.left
    if inputs == [None, None] or top == 1 or left == 1:
        raise Fault(REF)
    rows, cols = here.block.shape
    known: dict[tuple, Any] = {}
    results = []
    for row, col in here.block.cells():
        values = (here.workbook.cell(here.sheet, top - 1, col), here.workbook.cell(here.sheet, row, left - 1))
        changes = {cell: value for cell, value in zip(inputs, values) if cell is not None}
        formula = Cell(row if inputs[1] is None else top - 1, col if inputs[0] is None else left - 1)
        key = tuple(changes.items())
        if key not in known:
            known[key] = here.workbook.what_if(changes)
        results.append(known[key].value(here.sheet, formula))
    return pack(results, (rows, cols))


def _cell(here, found) -> tuple[str, Cell] | None:
    if found is None:
        return None
    if not isinstance(found, Area) or found.shape != (1, 1):
        raise Fault(REF)
    return found.sheet, Cell(*found.box[:2])


DATA_TABLE: dict[str, Function] = {"TABLE": Function("rr", _table, here=True)}
