"""A problem's constraints cell by cell: which are bounds of one changing cell, and which are functions of several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import dependents
from pyxl.grid.cells import Cell, ErrorValue, quoted
from pyxl.grid.problem import WHOLE_KINDS, ConstraintSide, SolverProblem, place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver import FEASIBLE, NoSolution, UserError

SheetCell = tuple[str, Cell]

NO_BOUND = 1e30                                    # what Solver's users write for infinity
_TURNED = {"<=": ">=", ">=": "<=", "=": "="}


@dataclass(frozen=True)
class FixedTerm:
    """A side of a line that is a number which nothing changes. `text` is what a person calls it."""

    text: str
    constant: float

    def value(self, x: np.ndarray, outputs: np.ndarray) -> float:
        """What it is at the point x (n,), where the compiled formulas are `outputs`."""
        return self.constant


@dataclass(frozen=True)
class CellTerm:
    """A side of a line that is the changing cell number `cell`."""

    text: str
    cell: int

    def value(self, x: np.ndarray, outputs: np.ndarray) -> float:
        return float(x[self.cell])


@dataclass(frozen=True)
class OutputTerm:
    """A side of a line that is the compiled formula number `output`."""

    text: str
    output: int

    def value(self, x: np.ndarray, outputs: np.ndarray) -> float:
        return float(outputs[self.output])


Term = FixedTerm | CellTerm | OutputTerm


@dataclass(frozen=True)
class WholeLine:
    """A changing cell that is to be a whole number: ``left int``, ``left bin`` or ``left alldifferent``. `group` is the number
    of its constraint where the cells of one are to be all different."""

    left: CellTerm
    relation: str
    group: int | None = None

    def told(self) -> str:
        return f"{self.left.text} {self.relation}"


@dataclass(frozen=True)
class BoundLine:
    """A bound of one changing cell: ``left relation right``."""

    left: CellTerm
    relation: str
    right: FixedTerm

    def told(self) -> str:
        return f"{self.left.text} {self.relation} {self.right.text}"


@dataclass(frozen=True)
class FunctionLine:
    """A constraint on a function of the changing cells: ``left relation right``. `row` is its number among those."""

    left: Term
    relation: str
    right: Term
    row: int

    def told(self) -> str:
        return f"{self.left.text} {self.relation} {self.right.text}"


Line = WholeLine | BoundLine | FunctionLine


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
            return FixedTerm("(no cell)", 0.0)
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
            return [FixedTerm(f"{side:.15g}", side)]
        if isinstance(side, str):
            return [self._term(self._formulas[side], side, constraint)]
        sheet, area = side
        return [self._term((sheet, cell), place_told(sheet, cell, self._home), constraint) for cell in area.cells()]

    def _term(self, place: SheetCell, text: str, constraint: str) -> Term:
        if (cell := self._cells.get(place)) is not None:
            return CellTerm(text, cell)
        if place in self._moving:
            return OutputTerm(text, self._numbers.setdefault(place, len(self._numbers)))
        value = self._calculator.value(*place)
        value = float(value) if isinstance(value, bool) else value      # TRUE is 1, as in arithmetic
        if value is not None and type(value) is not float:
            raise UserError(f"{quoted(self._home)}: '{constraint}' needs a number, and {text} is {shown_cell(value)}. Correct it.")
        return FixedTerm(text, value or 0.0)


def lines_of(problem: SolverProblem, terms: Terms) -> Iterator[Line]:
    """The constraints cell by cell; those that are no bounds of a changing cell numbered."""
    row = 0
    for number, constraint in enumerate(problem.constraints):
        told = constraint.told(problem.sheet)
        if constraint.right is None:
            for term in terms.of(constraint.left, told):
                if not isinstance(term, CellTerm):
                    raise UserError(f"{quoted(problem.sheet)}: '{told}' asks for {WHOLE_KINDS[constraint.relation]}, and {term.text} is "
                                    "no changing cell. Give changing cells.")
                yield WholeLine(term, constraint.relation, group=number if constraint.relation == "alldifferent" else None)
            continue
        left, right = terms.of(constraint.left, told), terms.of(constraint.right, told)
        if len(left) != len(right) and 1 not in (len(left), len(right)):
            raise UserError(f"{quoted(problem.sheet)}: '{told}' compares {len(left)} cells with {len(right)}. Give ranges of "
                            "the same size, or one cell.")
        n = max(len(left), len(right))
        for a, b in zip(left * (n // len(left)), right * (n // len(right))):
            relation = constraint.relation
            if isinstance(a, FixedTerm):
                a, relation, b = b, _TURNED[relation], a
            if isinstance(a, FixedTerm) and isinstance(b, FixedTerm):
                _refuse_unmet(problem, a.constant, relation, b.constant, told)
            elif isinstance(a, CellTerm) and isinstance(b, FixedTerm):
                yield BoundLine(a, relation, b)
            else:
                yield FunctionLine(a, relation, b, row)
                row += 1


def _refuse_unmet(problem: SolverProblem, left: float, relation: str, right: float, told: str) -> None:
    missed = {"<=": left - right, ">=": right - left, "=": abs(left - right)}[relation]
    if missed > FEASIBLE * max(1.0, abs(right)):
        raise NoSolution(f"{quoted(problem.sheet)}: '{told}' can never be met: no changing cell moves either side, and they are "
                        f"{left:g} and {right:g}.")


def bounds_of(problem: SolverProblem, lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest value of every changing cell."""
    n = len(problem.cells)
    low, high = np.full(n, -np.inf), np.full(n, np.inf)
    for group in different_cells(lines):
        low[group], high[group] = 1.0, float(len(group))
    for line in lines:
        if isinstance(line, WholeLine) and line.relation == "bin":
            cell = line.left.cell
            low[cell], high[cell] = max(low[cell], 0.0), min(high[cell], 1.0)
        elif isinstance(line, BoundLine):
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
    whole[[line.left.cell for line in lines if isinstance(line, WholeLine)]] = True
    return whole


def different_cells(lines: list[Line]) -> tuple[np.ndarray, ...]:
    """The changing cells of each group that is to be all different."""
    groups: dict[int, list[int]] = {}
    for line in lines:
        if isinstance(line, WholeLine) and line.group is not None:
            groups.setdefault(line.group, []).append(line.left.cell)
    return tuple(np.array(cells) for cells in groups.values())


def shown_cell(value) -> str:
    """A cell's value in a sentence."""
    if isinstance(value, bool):
        return str(value).upper()
    return str(value) if isinstance(value, ErrorValue) else "blank" if value is None else f"'{value}'"
