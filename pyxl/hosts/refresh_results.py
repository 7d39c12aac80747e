"""Refreshes cached results: no office recalculates a file for us, so the formulas that depend on
what we wrote are evaluated here and their results stored beside them."""

from __future__ import annotations

from collections.abc import Mapping

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import Cell, Value, quoted
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.xlsx import Cached, open_workbook

Changes = Mapping[str, Mapping[Cell, Value]]  # new constants, by sheet and cell


def refreshed(workbook: ReadableWorkbook, changes: Changes, *, calculator: Calculator | None = None) -> tuple[dict, list[str]]:
    """The cached results that `changes` makes stale, and sentences on formulas we cannot evaluate.

    A result that stays the same is left out, so that its cell stays byte for byte as it was. `calculator`, of this book and without
    overrides, spares a second evaluation of what does not change.
    """
    stale = {sheet: [cell for cell in cells if cell not in changes.get(sheet, {})] for sheet, cells in dependents(workbook, changes).items()}
    if not stale:
        return {}, []
    return _results(workbook, stale, (calculator or Calculator(workbook)).changed(changes, stale))


def refresh_all(path) -> list[str]:
    """Evaluate every formula of the workbook at `path` and store the results, in place; returns
    sentences on formulas that could not be evaluated. For workbooks that we built ourselves."""
    with open_workbook(path) as workbook:
        calculator = Calculator(workbook)
        cells = {}
        for sheet in workbook.sheets:
            grid = workbook.grid(sheet)
            inside = {cell for block in grid.arrays for cell in block.cells()}
            cells[sheet] = sorted(grid.formulas.keys() | inside)
        results, problems = _results(workbook, cells, calculator)
        if results:
            workbook.save(results)
    return problems


def _results(workbook: ReadableWorkbook, cells, calculator: Calculator) -> tuple[dict, list[str]]:
    results: dict[str, dict[Cell, Cached]] = {}
    problems = []
    for sheet, stale in cells.items():
        old = workbook.grid(sheet).values
        for cell in stale:
            try:
                value = calculator.value(sheet, cell)
            except FormulaError as why:
                problems.append(str(why) if "!" in str(why) else f"{quoted(sheet)}!{cell}: {why}")
                continue
            if value is None:
                value = 0.0  # a formula that leads to a blank cell shows 0
            if type(value) is not type(old.get(cell)) or value != old.get(cell):
                results.setdefault(sheet, {})[cell] = Cached(value)
    return results, problems
