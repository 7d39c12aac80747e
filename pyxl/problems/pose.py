"""From a problem to a `solver.Program`: cells checked, formulas compiled, constraints sorted into bounds and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError, Unsupported
from pyxl.formulas.language.syntax.parse import Call, parse
from pyxl.grid.cells import Cell, quoted
from pyxl.grid.problem import KINDS, SheetRange, SolverProblem, place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver.errors import UserError
from solver.programs.program import Convex

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
from .exact.exact_model import exact_model, needed_bound
from .exact.growing_model import NeedsBound, NotExact
from .first_error import first_error
from .kind import Kind, forms_of, has_jumps, kind_of, least_curvature, linear_model, linear_rows
from .overlaid import Overlaid

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from pyxl.formulas.compile_formulas import Compiled
    from pyxl.formulas.structure.nonlinear_terms import Structure
    from solver import LinearModel, Program


ASSUMED = 1e4     # times its size that a cell without a bound may go from its start, where an exact model needs a bound


@dataclass(frozen=True, eq=False)
class Posed:
    """A problem that can be solved: `cells` are the changing cells in the order of the program's numbers, `overwritten` those of
    them whose formulas make room for numbers, `lines` the constraints cell by cell, `kind` what the formulas make of it, `notes`
    what is odd, and `options` what is done about the options stored with it. Nothing was written yet."""

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

    @property
    def sheet(self) -> str:
        return self.problem.sheet

    @property
    def blocks(self) -> dict[str, SheetRange]:
        """The cells that are written, by what they are called in `before_fit`."""
        return self.problem.blocks


def pose(workbook: ReadableWorkbook, problem: SolverProblem, *, overwrite_formulas: bool = False) -> Posed:
    """Check a problem and compile it. With `overwrite_formulas` changing cells may hold formulas, as for Excel's Solver; their
    present results are the start. Raises UserError that names the cell which stands in the way."""
    from pyxl.formulas.compile_formulas import compile_formulas
    from solver import Program

    _refuse_unknown_relations(problem)
    _check_cells(workbook, problem)
    overwritten = _overwritten_cells(workbook, problem, allowed=overwrite_formulas)
    given: dict[str, dict[Cell, float]] = {}
    for sheet, cell in problem.cells:
        value = workbook.grid(sheet).values.get(cell)
        if value is None or (sheet, cell) in overwritten:
            given.setdefault(sheet, {})[cell] = value if type(value) is float else 0.0   # 0, as for Solver
    texts = (side for constraint in problem.constraints for side in (constraint.left, constraint.right))
    formulas = tuple(dict.fromkeys(side for side in texts if isinstance(side, str)))
    seen = Overlaid(workbook, given, sheet=problem.sheet, formulas=formulas)
    try:
        calculator = Calculator(seen)
        terms = Terms(seen, calculator, problem, dict(zip(formulas, seen.places)))
        objective = terms.objective(problem)
        lines = list(lines_of(problem, terms))
        compiled: Compiled | Evaluated
        uncompiled: Unsupported | None = None
        try:
            compiled = compile_formulas(seen, terms.outputs, problem.changing)
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
        shape = _Shape(kind if uncompiled is None else replace(kind, sort="stepwise"))
    else:
        shape = _shape(structure, kind, problem, objective, rows, different=different, root=root, start=compiled.start,
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
                 (*_told_overwritten(workbook, problem, overwritten), *notes), overwritten)


@dataclass(frozen=True, eq=False)
class _Shape:
    """What the structure of its formulas proves of a problem, as `Program` has it, and what is to be said of that."""

    kind: Kind
    linear: LinearModel | None = None
    linear_rows: LinearModel | None = None
    exact: bool = True
    convex: Convex | None = None
    assumed: bool = False
    jumps: bool = False
    notes: tuple[str, ...] = ()


def _shape(structure: Structure, kind: Kind, problem: SolverProblem, objective: Term, rows: list[FunctionLine], *,
           different: tuple[np.ndarray, ...], root: int, start: np.ndarray, limits: dict[str, np.ndarray]) -> _Shape:
    """Linear where it is, by exact models where these can be had, and convex where that is proved."""
    if kind.sort == "linear" and not different:
        return _Shape(kind, linear_model(structure, objective, rows, **limits))
    form, row_forms = forms_of(structure, objective, rows)
    linear, exact, assumed, notes = None, True, False, []
    if kind.sort != "smooth":
        try:
            linear, exact = exact_model(structure, form, row_forms, goal=problem.goal, different=different, **limits)
            kind = replace(kind, exact=True)
        except NeedsBound as missing:
            notes.append(needed_bound(missing, problem.cells, lambda place: place_told(*place, problem.sheet)))
            linear, exact = None if different else _within_assumed_bounds(structure, form, row_forms, problem.goal, start, limits), False
            assumed = linear is not None and kind.sort != "linear"
        except NotExact:
            pass
    about_rows = None if linear is not None and kind.sort == "linear" else linear_rows(structure, rows, **limits)
    convex = None
    if linear is None and about_rows is not None and not different and kind.sort not in ("piecewise", "stepwise"):
        curvature = least_curvature(structure, form, row_forms, goal=problem.goal, root=root)
        convex = None if curvature is None else Convex(curvature, about_rows)
    return _Shape(kind, linear, about_rows, exact, convex, assumed,
                  jumps=kind.sort == "piecewise" and not kind.exact and has_jumps(structure), notes=tuple(notes))


def _within_assumed_bounds(structure: Structure, form: csr_array, rows: list[csr_array], goal: str, start: np.ndarray,
                           limits: dict[str, np.ndarray]) -> LinearModel | None:
    """The exact model where cells without a bound stay near their start; None where there is none."""
    far = ASSUMED * np.maximum(1.0, np.abs(start))
    low, high = np.maximum(limits["low"], np.minimum(start, limits["high"]) - far), np.minimum(limits["high"], np.maximum(start, limits["low"]) + far)
    try:
        return exact_model(structure, form, rows, goal=goal, low=low, high=high, floor=limits["floor"], ceiling=limits["ceiling"],
                           whole=limits["whole"])[0]
    except (NotExact, NeedsBound):
        return None


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


def _refuse_unknown_relations(problem: SolverProblem) -> None:
    for constraint in problem.constraints:
        if constraint.relation not in ("<=", "=", ">=", *KINDS):
            raise UserError(f"{quoted(problem.sheet)}: a constraint of Solver's model has no relation ({constraint.relation}). "
                            "Set it up again in Data > Solver.")


def _check_cells(workbook: ReadableWorkbook, problem: SolverProblem) -> None:
    """Raise UserError unless every changing cell is a number or blank, and there is something to find."""
    home = problem.sheet
    if not problem.cells:
        raise UserError(f"{quoted(home)}: Solver's model has no changing cells. Set them in Data > Solver, or say --change.")
    if problem.objective is None and not problem.constraints:
        raise UserError(f"{quoted(home)}: Solver's model has no objective cell and no constraints. Give an objective: --objective "
                        "CELL --change RANGES.")
    for sheet, cell in problem.cells:
        grid = workbook.grid(sheet)
        value, where = grid.values.get(cell), f"{quoted(sheet)}!{cell}, a changing cell,"
        if (owner := grid.owner(cell)) is not None and owner != cell:
            raise UserError(f"{where} is part of the array formula in {grid.formulas[owner].array}, which is not overwritten. Give cells with "
                            "numbers.")
        if owner is None and isinstance(value, (str, bool)):
            raise UserError(f"{where} holds {shown_cell(value)}, not a number. Correct it, or leave the cell out.")


def _overwritten_cells(workbook: ReadableWorkbook, problem: SolverProblem, *, allowed: bool) -> tuple[SheetCell, ...]:
    """The changing cells that hold formulas. Raises UserError where these must not be overwritten, or are more than one cell."""
    found = tuple((sheet, cell) for sheet, cell in problem.cells if cell in workbook.grid(sheet).formulas)
    if not found:
        return ()
    (sheet, cell), more = found[0], f" ({len(found) - 1} more hold one)" * (len(found) > 1)
    formula = workbook.grid(sheet).formulas[cell]
    if formula.array is not None and formula.array.size > 1:
        raise UserError(f"{quoted(sheet)}!{cell}, a changing cell, holds the array formula of {formula.array}, which is not overwritten. Give "
                        "cells with numbers.")
    if not allowed:
        raise UserError(f"{quoted(sheet)}!{cell}, a changing cell, holds a formula, ={shown_formula(formula.text)}{more}. Solver writes numbers over "
                        "formulas; here that is done with --overwrite-formulas.")
    return found


def _told_overwritten(workbook: ReadableWorkbook, problem: SolverProblem, cells: tuple[SheetCell, ...]) -> Iterator[str]:
    if cells:
        (sheet, cell), n = cells[0], len(cells)
        text = shown_formula(workbook.grid(sheet).formulas[cell].text)
        yield (f"{place_told(sheet, cell, problem.sheet)} held the formula ={text}{f', and {n - 1} more changing cells held one' * (n > 1)}: numbers "
               "take the place of formulas, and `restore` brings back numbers only.")


def shown_formula(text: str) -> str:
    """As much of a formula as a sentence takes."""
    return text if len(text) <= 40 else f"{text[:40]}…"


_NOTHING = FixedTerm("", 0.0)


class _Evaluation:
    """What a `Program` evaluates: the objective and the constraint functions, left − right or left alone."""

    def __init__(self, compiled: Compiled | Evaluated, objective: Term, rows: list[FunctionLine]):
        self._compiled, self._objective, self._rows = compiled, objective, rows

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self._rows and isinstance(self._objective, OutputTerm):
            value, gradient = self._compiled.value_and_gradient(x)
            return np.array([value]), gradient[None]
        outputs, slopes = self._compiled.values_and_jacobian(x)
        jacobian = np.zeros((1 + len(self._rows), len(x)))
        for number, (left, right) in enumerate(self._sides()):
            for sign, term in ((1.0, left), (-1.0, right)):
                if isinstance(term, OutputTerm):
                    jacobian[number] += sign * slopes[term.output]
                elif isinstance(term, CellTerm):
                    jacobian[number, term.cell] += sign
        return self._values(x, outputs), jacobian

    def values(self, x: np.ndarray) -> np.ndarray:
        """The objective and the constraint functions without their slopes."""
        return self._values(x, self.outputs(x))

    def many(self, points: np.ndarray) -> np.ndarray:
        """The objective and the constraint functions of many points, (p, 1 + m)."""
        outputs = self._compiled.values_of_many(points)
        return np.stack([left.values(points, outputs) - right.values(points, outputs) for left, right in self._sides()], axis=1)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The compiled formulas' values, which the terms of lines refer to."""
        return self._compiled.values(x)

    def _sides(self) -> Iterator[tuple[Term, Term]]:
        yield self._objective, _NOTHING
        for line in self._rows:
            yield line.left, _NOTHING if isinstance(line.right, FixedTerm) else line.right

    def _values(self, x: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        return np.array([left.value(x, outputs) - right.value(x, outputs) for left, right in self._sides()])


def _check_start(workbook: ReadableWorkbook, problem: SolverProblem, program: Program, outputs: list[SheetCell]) -> None:
    """Raise UserError where the objective or a constraint, or a slope of one, is not finite at the start."""
    if program.linear is not None or program.stepwise:
        values, jacobian = program.values(program.start), np.zeros(0)
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

