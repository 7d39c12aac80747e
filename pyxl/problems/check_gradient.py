"""Derivatives held against finite differences: the sheet itself is recalculated at points near by, cell by cell."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pyxl.detect.verify import agrees
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Cell, quoted
from pyxl.grid.problem import SolverProblem
from pyxl.hosts.live_host import LiveHost
from pyxl.macros.macro_problem import stored_or_in_macro
from pyxl.xlsx import WorkbookFile, open_workbook
from solver.errors import UserError

from .pose import Posed, pose
from .stated import Statement, stated_problem

_STEP = 1e-3        # of a number, relative above 1: the formula's own error is then of its fourth power
CLOSE = 1e-6       # how near both must be, relative above 1
MOST = 200         # cells checked, evenly spread, where there are more
_WEIGHTS = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))   # the central difference of fourth order

_Objective = Callable[[dict[tuple[str, Cell], float]], float]   # changed cells -> what the objective cell says


@dataclass(frozen=True)
class Compared:
    """A changing cell, the derivative of the objective by it, and the finite difference."""

    cell: str
    derivative: float
    difference: float

    @property
    def error(self) -> float:
        """Their distance, relative above 1."""
        return abs(self.derivative - self.difference) / max(1.0, abs(self.derivative), abs(self.difference))


@dataclass(frozen=True)
class GradientCheck:
    """`compared` with the worst first, of the `n_cells` changing cells; `by` says who recalculated, `notes` what else
    there is to know."""

    problem: str
    compared: tuple[Compared, ...]
    n_cells: int
    by: str
    notes: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return all(line.error <= CLOSE for line in self.compared)


def check_gradient(path, *, sheet: str | None = None, statement: Statement | None = None, most: int = MOST) -> GradientCheck:
    """Compare derivatives of a problem's objective with finite differences at the numbers that the sheet holds.

    LibreOffice recalculates a copy where it is there, else our own evaluator. The problem is the one stated, or the
    one that Solver keeps with `sheet`, or with the first sheet that has one. Raises UserError.
    """
    with open_workbook(path) as book:
        problem = stated_problem(book, statement, sheet) if statement else _stored(book, sheet)
        if problem.objective is None:
            raise UserError(f"{quoted(problem.sheet)}: the problem has no objective cell, so it has no gradient to check. Set one in Data > Solver, "
                            "or state one: --objective CELL --change RANGES.")
        posed = pose(book, problem)
        chosen = np.unique(np.linspace(0, len(posed.cells) - 1, min(most, len(posed.cells))).round().astype(int))
        gradient = posed.program.evaluate(posed.program.start)[1][0]
        with ExitStack() as stack:
            objective, by, notes = _recalculated(path, book, posed, problem.objective, stack)
            compared = [Compared(f"{quoted(posed.cells[n][0])}!{posed.cells[n][1]}", float(gradient[n]),
                                 _difference(objective, posed, n)) for n in chosen]
    worst_first = sorted(compared, key=lambda line: -line.error)
    return GradientCheck(problem.told(), tuple(worst_first), len(posed.cells), by, posed.notes + notes)


def _stored(workbook: WorkbookFile, sheet: str | None) -> SolverProblem:
    found = (asked.problem for name in (workbook.sheets if sheet is None else [sheet]) if (asked := stored_or_in_macro(workbook, name)))
    if sheet is not None:
        workbook.grid(sheet)    # raises where there is none of that name
    if (problem := next(found, None)) is None:
        raise UserError(f"Solver keeps no model with {'any sheet' if sheet is None else quoted(sheet)} of '{workbook.name}'. "
                        "State one: --objective CELL --change RANGES.")
    return problem


def _difference(objective: _Objective, posed: Posed, n: int) -> float:
    place, x = posed.cells[n], float(posed.program.start[n])
    h = _STEP * max(1.0, abs(x))
    return sum(weight * objective({place: x + step * h}) for step, weight in _WEIGHTS) / h


def _recalculated(path, workbook: WorkbookFile, posed: Posed, place: tuple[str, Cell], stack: ExitStack) -> tuple[_Objective, str, tuple[str, ...]]:
    """(what the objective, at `place`, is with some cells changed, who says so, notes)."""
    start = dict(zip(posed.cells, posed.program.start.tolist()))

    def evaluated(changed):
        return _number(Calculator(workbook, overrides=start | changed).value(*place))

    def recalculated(changed):
        _put(host, changed)
        value = _number(host.value(*place))
        _put(host, {cell: start[cell] for cell in changed})
        return value

    try:
        host = stack.enter_context(_office(path))
        _put(host, {(sheet, cell): x for (sheet, cell), x in start.items() if host.grid(sheet).values.get(cell) != x})
        host.recalculate()
        ours, theirs = evaluated({}), _number(host.value(*place))
        if agrees(ours, theirs):
            return recalculated, "LibreOffice", ()
        why = f"it says {theirs!r} for the objective where we say {ours!r}."
    except UserError as missing:
        why = str(missing)
    return evaluated, "our own evaluator", (f"LibreOffice was not asked: {why}",)


def _put(host: LiveHost, cells: Mapping[tuple[str, Cell], float]) -> None:
    for (sheet, cell), number in cells.items():
        host.write({sheet: {cell: number}})


def _number(value) -> float:
    return value if isinstance(value, float) else np.nan


@contextmanager
def _office(path) -> Iterator[LiveHost]:
    """A copy of the workbook, open in a LibreOffice that nobody sees."""
    from pyxl.engines import choose_engine

    choose_engine("libreoffice")
    import xlwings
    with TemporaryDirectory() as folder:
        copy = Path(folder) / Path(path).name
        shutil.copyfile(path, copy)
        app = xlwings.App(visible=False, add_book=False)
        try:
            yield LiveHost(app.books.open(str(copy)))
        finally:
            app.quit()
