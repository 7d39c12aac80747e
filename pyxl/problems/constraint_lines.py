"""A problem's constraints cell by cell: which are bounds of one changing cell, and which are functions of several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.grid.cells import Cell, ErrorValue, quoted
from pyxl.grid.problem import KINDS, ConstraintSide, SolverProblem, place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver import FEASIBLE, NoSolution, UserError

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

    def values(self, points: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """The same for many points (p, n) and their outputs: (p,)."""
        if self.constant is not None:
            return np.full(len(points), self.constant)
        return points[:, self.cell] if self.output is None else outputs[:, self.output]


@dataclass(frozen=True)
class Line:
    """``left relation right`` of single cells, or ``left int``. `row` is its number among the constraint functions, None
    where it is a bound or the kind of one changing cell; `group` is the number of its constraint where the cells of one are
    to be all different."""

    left: Term
    relation: str
    right: Term | None
    row: int | None = None
    group: int | None = None

    def told(self) -> str:
        return f"{self.left.text} {self.relation}" + ("" if self.right is None else f" {self.right.text}")


class Terms:
    """The objective and the sides of constraints looked up in the workbook; `outputs` gathers the formula cells to compile."""

    def __init__(self, workbook: ReadableWorkbook, calculator: Calculator, problem: SolverProblem, formulas: dict[str, SheetCell]):
        self._workbook, self._calculator, self._home, self._formulas = workbook, calculator, problem.sheet, formulas
        self._cells = {place: n for n, place in enumerate(problem.cells)}
        by_sheet: dict[str, list[Cell]] = {}
        for sheet, cell in problem.cells:
            by_sheet.setdefault(sheet, []).append(cell)
        self._moving = {(sheet, cell) for sheet, cells in dependents(workbook, by_sheet).items() for cell in cells}
        self._numbers: dict[SheetCell, int] = {}

    @property
    def outputs(self) -> list[SheetCell]:
        return list(self._numbers)

    def objective(self, problem: SolverProblem) -> Term:
        """The objective: a formula, or a changing cell itself, or a constant where only a point is sought."""
        if problem.objective is None:
            return Term("(no cell)", constant=0.0)
        sheet, cell = problem.objective
        if problem.objective not in self._cells and problem.objective not in self._moving and not problem.stored:
            if self._workbook.grid(sheet).owner(cell) is None:
                raise UserError(f"{quoted(sheet)}!{cell}, the objective, holds no formula and is no changing cell, so nothing can change "
                                "it. Give the cell with the formula.")
            raise UserError(f"{quoted(sheet)}!{cell}, the objective, depends on none of the changing cells. "
                            "Check both: nothing that changes them would change it.")
        return self._term(problem.objective, place_told(sheet, cell, self._home), problem.told_goal())

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
        value = float(value) if isinstance(value, bool) else value      # TRUE is 1, as in arithmetic
        if value is not None and type(value) is not float:
            raise UserError(f"{quoted(self._home)}: '{constraint}' needs a number, and {text} is {shown_cell(value)}. Correct it.")
        return Term(text, constant=value or 0.0)


def lines_of(problem: SolverProblem, terms: Terms) -> Iterator[Line]:
    """The constraints cell by cell; those that are no bounds of a changing cell numbered."""
    row = 0
    for number, constraint in enumerate(problem.constraints):
        told = constraint.told(problem.sheet)
        if constraint.relation in KINDS:
            for term in terms.of(constraint.left, told):
                if term.cell is None:
                    raise UserError(f"{quoted(problem.sheet)}: '{told}' asks for {KINDS[constraint.relation]}, and {term.text} is "
                                    "no changing cell. Give changing cells.")
                yield Line(term, constraint.relation, None, group=number if constraint.relation == "alldifferent" else None)
            continue
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
        raise NoSolution(f"{quoted(problem.sheet)}: '{told}' can never be met: no changing cell moves either side, and they are "
                        f"{line.left.constant:g} and {line.right.constant:g}.")


def bounds_of(problem: SolverProblem, lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest value of every changing cell."""
    n = len(problem.cells)
    low, high = np.full(n, -np.inf), np.full(n, np.inf)
    for group in different_cells(lines):
        low[group], high[group] = 1.0, float(len(group))
    for line in lines:
        if line.right is None:
            if line.relation == "bin":
                low[line.left.cell], high[line.left.cell] = max(low[line.left.cell], 0.0), min(high[line.left.cell], 1.0)
        elif line.row is None:
            cell, bound = line.left.cell, line.right.constant
            if line.relation in ("=", ">=") and bound > -NO_BOUND:
                low[cell] = max(low[cell], bound)
            if line.relation in ("=", "<=") and bound < NO_BOUND:
                high[cell] = min(high[cell], bound)
    if problem.non_negative:
        low = np.where(np.isneginf(low), 0.0, low)
    whole = whole_cells(problem, lines)
    low, high = np.where(whole, np.ceil(low - FEASIBLE), low), np.where(whole, np.floor(high + FEASIBLE), high)
    if (wrong := np.flatnonzero(low > high)).size:
        sheet, cell = problem.cells[wrong[0]]
        raise NoSolution(f"{quoted(sheet)}!{cell} must be at least {low[wrong[0]]:g} and at most {high[wrong[0]]:g}: no number "
                         "can be both. Correct its constraints.")
    return low, high


def whole_cells(problem: SolverProblem, lines: list[Line]) -> np.ndarray:
    """Which changing cells are to be whole numbers."""
    whole = np.zeros(len(problem.cells), dtype=bool)
    whole[[line.left.cell for line in lines if line.right is None]] = True
    return whole


def different_cells(lines: list[Line]) -> tuple[np.ndarray, ...]:
    """The changing cells of each group that is to be all different."""
    groups: dict[int, list[int]] = {}
    for line in lines:
        if line.group is not None:
            groups.setdefault(line.group, []).append(line.left.cell)
    return tuple(np.array(cells) for cells in groups.values())


def shown_cell(value) -> str:
    """A cell's value in a sentence."""
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if isinstance(value, ErrorValue) else "blank" if value is None else f"'{value}'"
