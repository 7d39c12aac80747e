"""Refreshes cached results: no office recalculates a file for us, so the formulas that depend on
what we wrote are evaluated here and their results stored beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import Readers
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import Cell, Value, quoted
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.xlsx import Cached, open_workbook

Changes = Mapping[str, Mapping[Cell, Value]]  # new constants, by sheet and cell


def refreshed(workbook: ReadableWorkbook, changes: Changes) -> tuple[dict, list[str]]:
    """The cached results that `changes` makes stale, and sentences on formulas we cannot evaluate."""
    return Afresh.of(workbook, changes, Readers(workbook, changes), Calculator(workbook)).results()


@dataclass(frozen=True, eq=False)
class Afresh:
    """A workbook after changes: which cells they make stale, and what these hold now."""

    workbook: ReadableWorkbook
    stale: Mapping[str, Collection[Cell]]
    calculator: Calculator

    @classmethod
    def of(cls, workbook: ReadableWorkbook, changes: Changes, readers: Readers, calculator: Calculator) -> Afresh:
        """`readers` and `calculator` are of this workbook as it was read: what was looked up and evaluated before is not again."""
        stale = {sheet: dict.fromkeys(cell for cell in cells if cell not in changes.get(sheet, {}))
                 for sheet, cells in readers.dependents(changes).items()}
        return cls(workbook, stale, calculator.changed(changes, stale))

    def value(self, sheet: str, cell: Cell) -> Value:
        """What a cell holds; where its formula cannot be evaluated, the stored result. Only what it needs is evaluated."""
        stored = self.workbook.grid(sheet).values.get(cell)
        if cell not in self.stale.get(sheet, ()):
            return stored
        try:
            return _of_formula(self.calculator, sheet, cell)
        except FormulaError:
            return stored

    def results(self) -> tuple[dict, list[str]]:
        """The results of all stale cells, and sentences on formulas we cannot evaluate. One that stays the same is left out, so that its
        cell stays byte for byte as it was."""
        return _results(self.workbook, self.stale, self.calculator)


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
                value = _of_formula(calculator, sheet, cell)
            except FormulaError as why:
                problems.append(str(why) if "!" in str(why) else f"{quoted(sheet)}!{cell}: {why}")
                continue
            if type(value) is not type(old.get(cell)) or value != old.get(cell):
                results.setdefault(sheet, {})[cell] = Cached(value)
    return results, problems


def _of_formula(calculator: Calculator, sheet: str, cell: Cell) -> Value:
    value = calculator.value(sheet, cell)
    return 0.0 if value is None else value      # a formula that leads to a blank cell shows 0
