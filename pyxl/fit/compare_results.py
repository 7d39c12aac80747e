"""Every formula of a workbook evaluated again, and compared with the result that is stored with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter

from pyxl.detect.checks.formula_checks import changes_by_itself, external_book
from pyxl.detect.verify import agrees
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import DrawnAnew, FormulaError
from pyxl.grid.cells import Cell, ErrorValue, Value, quoted
from pyxl.grid.grid import Formula, Grid
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.xlsx import Cached

_ELSEWHERE = "it reads another workbook, which is not followed: its stored result is used"


@dataclass(frozen=True)
class Difference:
    """A formula's cell whose stored result is another than ours; None where nothing is stored."""

    sheet: str
    cell: Cell
    stored: Value
    ours: Value

    def __str__(self) -> str:
        return f"{quoted(self.sheet)}!{self.cell}"


@dataclass(frozen=True)
class ResultComparison:
    """How many formula cells are `equal` to their stored results (numbers to 1e-9), which are `different`, why others were
    `refused` (reason -> how many), and how many are `volatile`: drawn anew at every recalculation."""

    equal: int
    different: tuple[Difference, ...]
    refused: Mapping[str, int]
    volatile: int

    @property
    def edits(self) -> dict[str, dict[Cell, Cached]]:
        """What refreshes the stored results, as `WorkbookFile.save` takes it."""
        edits: dict[str, dict[Cell, Cached]] = {}
        for found in self.different:
            edits.setdefault(found.sheet, {})[found.cell] = Cached(found.ours)
        return edits


def compare_results(workbook: ReadableWorkbook) -> ResultComparison:
    """Evaluate all formulas of a workbook; those that read a cell drawn anew take the number it drew last.

    `workbook` as for `Calculator`. Array formulas count by the cells that they fill.
    """
    drawn = {(sheet, cell): workbook.grid(sheet).values.get(cell) for sheet in workbook.sheets
             for cell, formula in _formula_cells(workbook.grid(sheet)) if changes_by_itself(formula.text)}
    calculator = Calculator(workbook, overrides=drawn)
    equal, volatile = 0, len(drawn)
    different: list[Difference] = []
    refused: Counter[str] = Counter()
    for sheet in workbook.sheets:
        grid = workbook.grid(sheet)
        for cell, formula in sorted(dict(_formula_cells(grid)).items(), key=itemgetter(0)):
            if (sheet, cell) in drawn:
                continue
            stored = grid.values.get(cell)
            try:
                ours = calculator.value(sheet, cell)
            except DrawnAnew:  # through a name
                volatile += 1
            except FormulaError as error:
                refused[error.reason] += 1
            else:
                ours = 0.0 if ours is None else ours  # a formula that leads to a blank cell shows 0
                if external_book(formula.text):
                    refused[_ELSEWHERE] += 1
                elif _equal(ours, stored):
                    equal += 1
                else:
                    different.append(Difference(sheet, cell, stored, ours))
    return ResultComparison(equal, tuple(different), dict(refused.most_common()), volatile)


def _formula_cells(grid: Grid) -> Iterator[tuple[Cell, Formula]]:
    """All cells whose values formulas give; without text are those inside an array formula's block, which come with it."""
    for cell, formula in grid.formulas.items():
        if formula.array:
            yield from ((inner, formula) for inner in formula.array.cells())
        elif formula.text:
            yield cell, formula


def _equal(ours: Value, stored: Value) -> bool:
    if isinstance(ours, float) and isinstance(stored, float):
        return agrees(ours, stored)
    alike = type(ours) is type(stored) or isinstance(ours, ErrorValue) and isinstance(stored, ErrorValue)
    return alike and ours == stored
