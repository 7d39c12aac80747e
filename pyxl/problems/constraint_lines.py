"""A problem's constraints cell by cell: which are bounds of one changing cell, and which are functions of several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.grid.cells import Cell, ErrorValue, quoted
from pyxl.grid.problem import ConstraintSide, SolverProblem, place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver import FEASIBLE, UserError

SheetCell = tuple[str, Cell]

NO_BOUND = 1e30                                    # what Solver's users write for infinity
_TURNED = {"<=": ">=", ">=": "<=", "=": "="}


@dataclass(frozen=True)
class Term:
    """A side of one line of a constraint: a number (`constant`), the changing cell number `cell`, or the
    compiled formula number `output`; `text` is what a person calls it."""

    text: str
    constant: float | None = None
    cell: int | None = None
    output: int | None = None

    def value(self, x: np.ndarray, outputs: np.ndarray) -> float:
        if self.constant is not None:
            return self.constant
        return float(x[self.cell] if self.output is None else outputs[self.output])


@dataclass(frozen=True)
class Line:
    """``left relation right`` of single cells. `row` is its number among the constraint functions, None where it is
    a bound of one changing cell."""

    left: Term
    relation: str
    right: Term
    row: int | None = None

    def told(self) -> str:
        return f"{self.left.text} {self.relation} {self.right.text}"


class Terms:
    """Sides of constraints looked up in the workbook; `outputs` gathers the formula cells to compile, the objective
    first."""

    def __init__(self, workbook: ReadableWorkbook, calculator: Calculator, problem: SolverProblem, formulas: dict[str, SheetCell]):
        self._calculator, self._home, self._formulas = calculator, problem.sheet, formulas
        self._cells = {place: n for n, place in enumerate(problem.cells)}
        by_sheet: dict[str, list[Cell]] = {}
        for sheet, cell in problem.cells:
            by_sheet.setdefault(sheet, []).append(cell)
        self._moving = {(sheet, cell) for sheet, cells in dependents(workbook, by_sheet).items() for cell in cells}
        if problem.objective not in self._moving:
            sheet, cell = problem.objective
            raise UserError(f"{quoted(sheet)}!{cell}, the objective, depends on none of the changing cells. "
                            "Check both: nothing that changes them would change it.")
        self._numbers: dict[SheetCell, int] = {problem.objective: 0}

    @property
    def outputs(self) -> list[SheetCell]:
        return list(self._numbers)

    def of(self, side: ConstraintSide, constraint: str) -> list[Term]:
        """A term for each cell of a side, or one for a number or a formula."""
        if isinstance(side, float):
            return [Term(f"{side:.15g}", constant=side)]
        if isinstance(side, str):
            return [self._term(self._formulas[side], side, constraint)]
        sheet, area = side
        return [self._term((sheet, cell), place_told(sheet, cell, self._home), constraint) for cell in area.cells()]

    def _term(self, place: SheetCell, text: str, constraint: str) -> Term:
        if (cell := self._cells.get(place)) is not None:
            return Term(text, cell=cell)
        if place in self._moving:
            return Term(text, output=self._numbers.setdefault(place, len(self._numbers)))
        value = self._calculator.value(*place)
        if value is not None and type(value) is not float:
            raise UserError(f"{quoted(self._home)}: '{constraint}' needs a number, and {text} is {shown_cell(value)}. Correct it.")
        return Term(text, constant=value or 0.0)


def lines_of(problem: SolverProblem, terms: Terms) -> Iterator[Line]:
    """The constraints cell by cell; those that are no bounds of a changing cell numbered."""
    row = 0
    for constraint in problem.constraints:
        told = constraint.told(problem.sheet)
        left, right = terms.of(constraint.left, told), terms.of(constraint.right, told)
        if len(left) != len(right) and 1 not in (len(left), len(right)):
            raise UserError(f"{quoted(problem.sheet)}: '{told}' compares {len(left)} cells with {len(right)}. Give ranges of "
                            "the same size, or one cell.")
        n = max(len(left), len(right))
        for a, b in zip(left * (n // len(left)), right * (n // len(right))):
            line = Line(a, constraint.relation, b)
            if a.constant is not None:
                line = Line(b, _TURNED[constraint.relation], a)
            if line.left.constant is not None:
                _refuse_unmet(problem, line, told)
            elif line.left.cell is not None and line.right.constant is not None:
                yield line
            else:
                yield replace(line, row=row)
                row += 1


def _refuse_unmet(problem: SolverProblem, line: Line, told: str) -> None:
    missed = {"<=": line.left.constant - line.right.constant, ">=": line.right.constant - line.left.constant,
              "=": abs(line.left.constant - line.right.constant)}[line.relation]
    if missed > FEASIBLE * max(1.0, abs(line.right.constant)):
        raise UserError(f"{quoted(problem.sheet)}: '{told}' can never be met: no changing cell moves either side, and they are "
                        f"{line.left.constant:g} and {line.right.constant:g}.")


def bounds_of(problem: SolverProblem, lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest value of every changing cell."""
    n = len(problem.cells)
    low, high = np.full(n, -np.inf), np.full(n, np.inf)
    for line in lines:
        if line.row is None:
            cell, bound = line.left.cell, line.right.constant
            if line.relation in ("=", ">=") and bound > -NO_BOUND:
                low[cell] = max(low[cell], bound)
            if line.relation in ("=", "<=") and bound < NO_BOUND:
                high[cell] = min(high[cell], bound)
    if problem.non_negative:
        low = np.where(np.isneginf(low), 0.0, low)
    if (wrong := np.flatnonzero(low > high)).size:
        sheet, cell = problem.cells[wrong[0]]
        raise UserError(f"{quoted(sheet)}!{cell} must be at least {low[wrong[0]]:g} and at most {high[wrong[0]]:g}. "
                        "Correct its constraints.")
    return low, high


def shown_cell(value) -> str:
    """A cell's value in a sentence."""
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if isinstance(value, ErrorValue) else "blank" if value is None else f"'{value}'"
