"""From a problem to a `solver.Program`: cells checked, formulas compiled, constraints sorted into bounds and functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError, Unsupported
from pyxl.formulas.language.syntax.parse import Call, parse
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.problem import SheetRange, SolverProblem, place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver.errors import UserError

from .cell_checks import check_changing_cells, overwritten_cells, overwritten_told, refuse_unknown_relations
from .constraint_lines import (
    CellTerm,
    FixedTerm,
    FunctionLine,
    Line,
    OutputTerm,
    SheetCell,
    Term,
    Terms,
    bounds_of,
    different_cells,
    lines_of,
    shown_cell,
    whole_cells,
)
from .evaluated import Evaluated
from .first_error import first_error
from .given_values import GivenValues, apart, told_given
from .kind import Kind, ProvedShape, kind_of, proved_shape
from .overlaid import Overlaid

if TYPE_CHECKING:

    from pyxl.formulas.compile_formulas import Compiled
    from pyxl.formulas.structure.nonlinear_terms import Structure
    from solver import Program




@dataclass(frozen=True, eq=False)
class Posed:
    """A problem that can be solved: `cells` are the changing cells in the order of the program's numbers, `overwritten` those of
    them whose formulas make room for numbers, `lines` the constraints cell by cell, `kind` what the formulas make of it, `notes`
    what is odd, and `options` what is done about the options stored with it. `given` are values that other cells get with the result, by
    sheet: those of a scenario. Nothing was written yet."""

    problem: SolverProblem
    cells: tuple[SheetCell, ...]
    lines: tuple[Line, ...]
    program: Program
    outputs: Callable[[np.ndarray], np.ndarray]   # x (n,) -> values of the compiled formulas
    objective: Term
    kind: Kind
    notes: tuple[str, ...]
    overwritten: tuple[SheetCell, ...] = ()
    options: tuple[str, ...] = ()
    given: GivenValues = field(default_factory=dict)

    @property
    def sheet(self) -> str:
        return self.problem.sheet

    @property
    def blocks(self) -> dict[str, SheetRange]:
        """The cells that are written, by what they are called in `before_fit`."""
        return self.problem.blocks | {f"{quoted(sheet)}!{cell}": (sheet, Range.around([cell])) for sheet, cells in self.given.items() for cell in cells}


def pose(workbook: ReadableWorkbook, problem: SolverProblem, *, overwrite_formulas: bool = False, given: GivenValues | None = None,
         calculator: Calculator | None = None) -> Posed:
    """Check a problem and compile it. With `overwrite_formulas` changing cells may hold formulas, as for Excel's Solver; their
    present results are the start. With the values `given` the workbook is taken as if these stood there; those of changing cells are
    the start. `calculator`, of this workbook and without overrides, spares a second evaluation. Raises UserError that names the cell
    which stands in the way."""
    from pyxl.formulas.compile_formulas import compile_formulas
    from solver import Program

    if given:
        workbook = Overlaid(workbook, given, sheet=problem.sheet)
    inputs, starts = apart(given or {}, problem.cells)
    refuse_unknown_relations(problem)
    check_changing_cells(workbook, problem)
    overwritten = overwritten_cells(workbook, problem, allowed=overwrite_formulas)
    begun: dict[str, dict[Cell, float]] = {}
    for sheet, cell in problem.cells:
        value = workbook.grid(sheet).values.get(cell)
        if value is None or (sheet, cell) in overwritten:
            begun.setdefault(sheet, {})[cell] = value if type(value) is float else 0.0   # 0, as for Solver
    texts = (side for constraint in problem.constraints for side in (constraint.left, constraint.right))
    formulas = tuple(dict.fromkeys(side for side in texts if isinstance(side, str)))
    seen: ReadableWorkbook = workbook
    places: tuple[SheetCell, ...] = ()
    if begun or formulas:
        overlaid = Overlaid(workbook, begun, sheet=problem.sheet, formulas=formulas)
        seen, places = overlaid, overlaid.places
    if calculator is None or given or seen is not workbook:
        calculator = Calculator(seen)
    try:
        terms = Terms(seen, calculator, problem, dict(zip(formulas, places)))
        objective = terms.objective(problem)
        lines = list(lines_of(problem, terms))
        compiled: Compiled | Evaluated
        uncompiled: Unsupported | None = None
        try:
            compiled = compile_formulas(seen, terms.outputs, problem.changing, calculator=calculator)
        except Unsupported as why:
            start = np.array([seen.grid(sheet).values[cell] for sheet, cell in problem.cells], dtype=float)
            compiled, uncompiled = Evaluated(seen, calculator, terms.outputs, problem.cells, start), why
    except FormulaError as why:
        raise UserError(f"{quoted(problem.sheet)} cannot be solved by its formulas: {why}") from why
    low, high = bounds_of(problem, lines)
    rows = [line for line in lines if isinstance(line, FunctionLine)]
    floor, ceiling = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    for line in rows:
        bound = line.right.constant if isinstance(line.right, FixedTerm) else 0.0      # of left − right, where the right side is no number
        if line.relation in ("=", ">="):
            floor[line.row] = bound
        if line.relation in ("=", "<="):
            ceiling[line.row] = bound
    whole, different = whole_cells(problem, lines), different_cells(lines)
    start, root = np.clip(compiled.start, low, high), _root(seen, problem, objective)
    structure = _structure(compiled)
    kind = kind_of(structure, whole=int(whole.sum()), different=sum(map(len, different)))
    if structure is None:
        shape = ProvedShape(kind if uncompiled is None else replace(kind, sort="stepwise"))
    else:
        shape = proved_shape(structure, kind, problem, objective, rows, different=different, root=root, start=compiled.start,
                             limits={"low": low, "high": high, "floor": floor, "ceiling": ceiling, "whole": whole})
    stepwise = shape.kind.sort == "stepwise"
    notes = [] if stepwise or shape.kind.exact else list(compiled.not_smooth)     # then no slopes are asked for
    if uncompiled is not None:
        notes.append(f"Formulas are evaluated point by point, which is slow: {uncompiled}")
    notes += shape.notes
    evaluation = _Evaluation(compiled, objective, rows)
    program = Program(evaluation, start, low, high, floor, ceiling, problem.goal, problem.target, root, whole, shape.linear,
                      shape.linear_rows, different, stepwise=stepwise, exact=shape.exact, convex=shape.convex, assumed=shape.assumed,
                      jumps=shape.jumps)
    _check_start(seen, problem, program, terms.outputs)
    if moved := [place for place, a, b in zip(problem.cells, compiled.start, program.start) if a != b]:
        first = place_told(*moved[0], problem.sheet)
        notes.append(f"{first} began outside its bounds and was moved into them." if len(moved) == 1 else
                     f"{len(moved)} cells, {first} the first, began outside their bounds and were moved into them.")
    return Posed(problem, problem.cells, tuple(lines), program, evaluation.outputs, objective, shape.kind,
                 (*overwritten_told(workbook, problem, overwritten), *told_given(inputs, starts, problem.sheet), *notes), overwritten,
                 given=inputs)


def _structure(compiled: Compiled | Evaluated) -> Structure | None:
    """How the outputs depend on the changing cells; None where that cannot be followed."""
    from pyxl.formulas.structure.nonlinear_terms import NotFollowed

    if isinstance(compiled, Evaluated):
        return None
    try:
        return compiled.structure()
    except NotFollowed:
        return None


def _root(workbook: ReadableWorkbook, problem: SolverProblem, objective: Term) -> int:
    """2 where the objective is made small and is a square root by its formula, as an RMSE is; else 1."""
    if problem.objective is None or not isinstance(objective, OutputTerm):
        return 1
    sheet, cell = problem.objective
    grid = workbook.grid(sheet)
    owner = grid.owner(cell)
    tree = None if owner is None else parse(grid.formulas[owner].text)
    return 2 if problem.goal == "min" and isinstance(tree, Call) and tree.name == "SQRT" else 1


_NOTHING = FixedTerm("", 0.0)


class _Evaluation:
    """What a `Program` evaluates: the objective and the constraint functions, left − right or left alone."""

    def __init__(self, compiled: Compiled | Evaluated, objective: Term, rows: list[FunctionLine]):
        self._compiled, self._alone = compiled, not rows and isinstance(objective, OutputTerm)
        rights = [_NOTHING, *(_NOTHING if isinstance(line.right, FixedTerm) else line.right for line in rows)]
        self._constants = [_NOTHING.constant]
        self._left = self._places([objective, *(line.left for line in rows)])
        self._right = self._places(rights)

    def _places(self, terms: list[Term]) -> np.ndarray:
        """Where terms stand in a row of all constants, changing cells and outputs; constants count from the end of it."""
        places, n = [], len(self._compiled.start)
        for term in terms:
            if isinstance(term, FixedTerm) and term.constant not in self._constants:
                self._constants.append(term.constant)
            places.append(-1 - self._constants.index(term.constant) if isinstance(term, FixedTerm)
                          else term.cell if isinstance(term, CellTerm) else n + term.output)
        return np.array(places, dtype=int)

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._alone:
            value, gradient = self._compiled.value_and_gradient(x)
            return np.array([value]), gradient[None]
        outputs, slopes = self._compiled.values_and_jacobian(x)
        of_all = np.concatenate([np.eye(len(x)), slopes, np.zeros((len(self._constants), len(x)))])
        return self._differences(x, outputs), of_all[self._left] - of_all[self._right]

    def values(self, x: np.ndarray) -> np.ndarray:
        """The objective and the constraint functions without their slopes."""
        return self._differences(x, self.outputs(x))

    def many(self, points: np.ndarray) -> np.ndarray:
        """The objective and the constraint functions of many points, (p, 1 + m)."""
        return self._differences(points, self._compiled.values_of_many(points))

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The compiled formulas' values, which the terms of lines refer to."""
        return self._compiled.values(x)

    def _differences(self, x: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Left − right of one point (n,) or of many (p, n)."""
        constants = np.broadcast_to(self._constants[::-1], (*x.shape[:-1], len(self._constants)))
        row = np.concatenate([x, outputs, constants], axis=-1)
        return row[..., self._left] - row[..., self._right]


def _check_start(workbook: ReadableWorkbook, problem: SolverProblem, program: Program, outputs: list[SheetCell]) -> None:
    """Raise UserError where the objective or a constraint, or a slope of one, is not finite at the start."""
    if program.linear is not None or program.stepwise:
        values, jacobian = program.values_at_start, np.zeros(0)
    else:
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
