"""Where an error comes from: the cell at the bottom of a chain of formulas that show it."""

from __future__ import annotations

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.syntax.parse import Name, Reference, parse, walk
from pyxl.grid.cells import Cell, ErrorValue
from pyxl.grid.readable_workbook import ReadableWorkbook

_Place = tuple[str, Cell]


def first_error(workbook: ReadableWorkbook, calculator: Calculator, sheet: str, cell: Cell) -> tuple[str, Cell, ErrorValue] | None:
    """The cell whose own formula (or constant) is the error that `cell` shows; None where it shows none."""
    error, seen = calculator.value(sheet, cell), {(sheet, cell)}
    if not isinstance(error, ErrorValue):
        return None
    while (deeper := _read_error(workbook, calculator, sheet, cell, seen)) is not None:
        sheet, cell, error = deeper
        seen.add((sheet, cell))
    return sheet, cell, error


def _read_error(workbook: ReadableWorkbook, calculator: Calculator, sheet: str, cell: Cell, seen: set[_Place]) -> tuple[str, Cell, ErrorValue] | None:
    """The first cell with an error among those that the formula of a cell reads."""
    grid = workbook.grid(sheet)
    owner = grid.owner(cell)
    if owner is None:
        return None
    formula = grid.formulas[owner]
    for node in walk(parse(formula.text)):
        if not isinstance(node, (Reference, Name)):
            continue
        try:
            found = calculator.reference(node, sheet, owner, formula.anchor)
            if found is None:
                continue
            where, area = found
            rows = calculator.block(where, area)
        except FormulaError:
            continue
        for row, values in enumerate(rows, area.top):
            for col, value in enumerate(values, area.left):
                if isinstance(value, ErrorValue) and (where, Cell(row, col)) not in seen:
                    return where, Cell(row, col), value
    return None
