"""From a problem to a `solver.Program`: cells checked, formulas compiled, constraints sorted into bounds and functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.parse import Call, parse
from pyxl.grid.cells import quoted
from pyxl.grid.problem import GRADIENTLESS, SheetRange, SolverProblem, place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver.errors import UserError

from .constraint_lines import Line, SheetCell, Terms, bounds_of, lines_of, shown_cell
from .first_error import first_error
from .overlaid import Overlaid

if TYPE_CHECKING:
    from solver import Program


@dataclass(frozen=True, eq=False)
class Posed:
    """A problem that can be solved: `cells` are the changing cells in the order of the program's numbers, `lines` the
    constraints cell by cell, `notes` what is odd. Nothing was written yet."""

    problem: SolverProblem
    cells: tuple[SheetCell, ...]
    lines: tuple[Line, ...]
    program: Program
    outputs: Callable[[np.ndarray], np.ndarray]   # x (n,) -> values of the compiled formulas, the objective's first
    notes: tuple[str, ...]

    @property
    def sheet(self) -> str:
        return self.problem.sheet

    @property
    def blocks(self) -> dict[str, SheetRange]:
        """The cells that are written, by what they are called in `before_fit`."""
        return self.problem.blocks


def pose(workbook: ReadableWorkbook, problem: SolverProblem) -> Posed:
    """Check a problem and compile it. Raises UserError that names the cell which stands in the way."""
    from pyxl.formulas.compile_formulas import compile_formulas
    from solver import Program

    _refuse_gradientless(problem)
    _check_cells(workbook, problem)
    blank = {}
    for sheet, cell in problem.cells:
        if workbook.grid(sheet).values.get(cell) is None:   # 0, as for Solver
            blank.setdefault(sheet, {})[cell] = 0.0
    texts = (side for constraint in problem.constraints for side in (constraint.left, constraint.right))
    formulas = tuple(dict.fromkeys(side for side in texts if isinstance(side, str)))
    seen = Overlaid(workbook, blank, sheet=problem.sheet, formulas=formulas)
    try:
        calculator = Calculator(seen)
        terms = Terms(seen, calculator, problem, dict(zip(formulas, seen.places)))
        lines = list(lines_of(problem, terms))
        compiled = compile_formulas(seen, terms.outputs, problem.changing)
    except FormulaError as why:
        raise UserError(f"{quoted(problem.sheet)} cannot be solved by its formulas: {why}") from why
    low, high = bounds_of(problem, lines)
    rows = [line for line in lines if line.row is not None]
    floor, ceiling = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    for line in rows:
        bound = line.right.constant or 0.0      # of left − right, where the right side is no number
        if line.relation in ("=", ">="):
            floor[line.row] = bound
        if line.relation in ("=", "<="):
            ceiling[line.row] = bound
    program = Program(_Evaluation(compiled, rows), np.clip(compiled.start, low, high), low, high, floor, ceiling,
                      problem.goal, problem.target, _root(seen, problem))
    _check_start(seen, problem, program, terms.outputs)
    notes = list(compiled.not_smooth)
    if moved := [place for place, a, b in zip(problem.cells, compiled.start, program.start) if a != b]:
        first = place_told(*moved[0], problem.sheet)
        notes.append(f"{first} began outside its bounds and was moved into them." if len(moved) == 1 else
                     f"{len(moved)} cells, {first} the first, began outside their bounds and were moved into them.")
    return Posed(problem, problem.cells, tuple(lines), program, program.evaluate.outputs, tuple(notes))


def _root(workbook: ReadableWorkbook, problem: SolverProblem) -> int:
    """2 where the objective is made small and is a square root by its formula, as an RMSE is; else 1."""
    sheet, cell = problem.objective
    grid = workbook.grid(sheet)
    tree = parse(grid.formulas[grid.owner(cell)].text)
    return 2 if problem.goal == "min" and isinstance(tree, Call) and tree.name == "SQRT" else 1


def _refuse_gradientless(problem: SolverProblem) -> None:
    for constraint in problem.constraints:
        if (what := GRADIENTLESS.get(constraint.relation)) is not None:
            raise UserError(f"{quoted(problem.sheet)}: '{constraint.told(problem.sheet)}' asks for {what}, which no gradient "
                            "finds. Delete that constraint, or solve it in Excel (Data > Solver).")
        if constraint.relation not in ("<=", "=", ">="):
            raise UserError(f"{quoted(problem.sheet)}: a constraint of Solver's model has no relation ({constraint.relation}). "
                            "Set it up again in Data > Solver.")


def _check_cells(workbook: ReadableWorkbook, problem: SolverProblem) -> None:
    """Raise UserError unless the objective is a formula and every changing cell a number or blank."""
    home = problem.sheet
    if problem.objective is None:
        raise UserError(f"{quoted(home)}: Solver's model has no objective cell. Give one: --objective CELL --change RANGES.")
    if not problem.cells:
        raise UserError(f"{quoted(home)}: Solver's model has no changing cells. Set them in Data > Solver, or say --change.")
    sheet, cell = problem.objective
    if workbook.grid(sheet).owner(cell) is None:
        raise UserError(f"{quoted(sheet)}!{cell}, the objective, holds no formula, so no cell can change it. "
                        "Give the cell with the formula.")
    for sheet, cell in problem.cells:
        grid = workbook.grid(sheet)
        value, where = grid.values.get(cell), f"{quoted(sheet)}!{cell}, a changing cell,"
        if grid.owner(cell) is not None:
            raise UserError(f"{where} holds a formula, which is not overwritten. Give cells with numbers.")
        if isinstance(value, (str, bool)):
            raise UserError(f"{where} holds {shown_cell(value)}, not a number. Correct it, or leave the cell out.")


class _Evaluation:
    """What a `Program` evaluates: the objective and the constraint functions, left − right or left alone."""

    def __init__(self, compiled, rows: list[Line]):
        self._compiled, self._rows = compiled, rows

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self._rows:
            value, gradient = self._compiled.value_and_gradient(x)
            return np.array([value]), gradient[None]
        outputs, slopes = self._compiled.values_and_jacobian(x)
        values, jacobian = [outputs[0]], np.zeros((1 + len(self._rows), len(x)))
        jacobian[0] = slopes[0]
        for number, line in enumerate(self._rows, 1):
            bound = line.right.constant is None
            values.append(line.left.value(x, outputs) - (line.right.value(x, outputs) if bound else 0.0))
            for sign, term in ((1.0, line.left), (-1.0, line.right)):
                if term.output is not None:
                    jacobian[number] += sign * slopes[term.output]
                elif term.cell is not None:
                    jacobian[number, term.cell] += sign
        return np.array(values), jacobian

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The compiled formulas' values, which the terms of lines refer to."""
        return self._compiled.values_and_jacobian(x)[0]


def _check_start(workbook: ReadableWorkbook, problem: SolverProblem, program: Program, outputs: list[SheetCell]) -> None:
    """Raise UserError where the objective or a constraint, or a slope of one, is not finite at the start."""
    values, jacobian = program.evaluate(program.start)
    if np.isfinite(values).all() and np.isfinite(jacobian).all():
        return
    calculator = Calculator(workbook, overrides=dict(zip(problem.cells, program.start.tolist())))
    for sheet, cell in outputs:
        value = calculator.value(sheet, cell)
        if (found := first_error(workbook, calculator, sheet, cell)) is not None:
            raise UserError(f"{quoted(found[0])}!{found[1]} is {found[2]} at the start values. Change them so that it is a number.")
        if type(value) is not float:
            raise UserError(f"{quoted(sheet)}!{cell} is {shown_cell(value)}, not a number. Give a cell whose formula gives one.")
    steep = np.flatnonzero(~np.isfinite(jacobian).all(axis=0))
    where = "a changing cell" if not steep.size else f"{quoted(problem.cells[steep[0]][0])}!{problem.cells[steep[0]][1]}"
    raise UserError(f"The slope of {quoted(problem.sheet)}'s objective or of a constraint along {where} is not finite at the "
                    "start values, as that of SQRT is at 0. Change them a little.")

