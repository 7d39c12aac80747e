"""One problem solved for each row of a table of inputs, and the results as a table: no cell of the model is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.grid.cells import Cell, Value
from pyxl.grid.problem import SolverProblem, place_told
from pyxl.hosts.file_host import FileHost
from pyxl.hosts.host import Host
from pyxl.macros.macro_problem import stored_or_in_macro
from pyxl.problems.given_values import scenario_values
from pyxl.problems.input_table import InputTable, read_inputs
from pyxl.problems.pose import pose
from pyxl.problems.solve import ByFormulas, Solved, solve
from pyxl.problems.stated import stated_problem
from pyxl.xlsx import NewSheet, open_workbook, same_file
from solver.errors import NoSolution, UserError

if TYPE_CHECKING:
    import numpy as np

    from solver import Minimum, Step

_WIDTH = 16.0    # of a column


@dataclass(frozen=True, eq=False)
class SolvedTable:
    """The table, and what each of its rows led to: a result, or a sentence on why there is none."""

    problem: SolverProblem
    table: InputTable
    rows: tuple[Solved | str, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The inputs' own, the objective, the changing cells, and how it went."""
        home, objective = self.problem.sheet, self.problem.objective
        return (*self.table.headers, *(() if objective is None else (place_told(*objective, home),)),
                *(place_told(sheet, cell, home) for sheet, cell in self.problem.cells), "result")

    def lines(self) -> Iterator[tuple[Value, ...]]:
        """A line for each row, under the headers."""
        for inputs, found in zip(self.table.rows, self.rows):
            if isinstance(found, str):
                yield (*inputs, *(None,) * (len(self.headers) - len(inputs) - 1), found)
            else:
                objective = () if self.problem.objective is None else (found.minimum.value,)
                yield (*inputs, *objective, *found.minimum.x.tolist(), _verdict(found.minimum))


def solve_inputs(path, inputs: str, *, out=None, sheets: Iterable[str] | None = None, by_formulas: ByFormulas = ByFormulas(), overwrite: bool = False,
                 on_step: Callable[[str, Step], bool | None] | None = None) -> SolvedTable:
    """Solve the problem of a workbook once for each row of the table `inputs`: a range, a name or a .csv file.

    `out` is where the workbook goes with the results on a new sheet; the same path as `path` means in place, None writes nothing. Other
    arguments are those of `fit_workbook`. Raises UserError; then nothing has been written.
    """
    with open_workbook(path) as book:
        target = None if out is None or same_file(book.path, out) else Path(out)
        if out is not None:
            book.refuse_unless_savable(out=target, overwrite=overwrite)
        host = FileHost(book)
        solved = solve_each_row(host, inputs, sheets=sheets, by_formulas=by_formulas,
                                on_step=on_step and (lambda name: lambda step, x: on_step(name, step)))
        if out is not None:
            add_results(host, solved)
            host.save(out=target, overwrite=overwrite)
        return solved


def solve_each_row(host: Host, inputs: str, *, sheets: Iterable[str] | None, by_formulas: ByFormulas,
                   on_step: Callable[[str], Callable[[Step, Callable[[], np.ndarray]], bool | None]] | None = None) -> SolvedTable:
    """Solve the problem on the sheet named, or the only one, for each row of a table; nothing is written.

    ``on_step(name)`` gives what is called after each step of the row of that name. A row that is stopped is the last.
    """
    problem = _only_problem(host, sheets, by_formulas)
    table = read_inputs(host, inputs, problem.sheet)
    first = {} if by_formulas.scenario is None else scenario_values(host, by_formulas.scenario, problem.sheet)
    found: list[Solved | str] = []
    for number, row in enumerate(table.rows, 1):
        try:
            # numbers are told and take no formula's place
            posed = pose(host, problem, overwrite_formulas=True, given=table.given(row, first))
            found.append(solve(posed, by_formulas, on_step=on_step and on_step(f"row {number} of {len(table.rows)}")))
        except NoSolution as why:
            found.append(str(why))
        except UserError as why:
            raise UserError(f"Row {number} of {inputs}: {why}") from why
        if isinstance(last := found[-1], Solved) and last.stopped:
            break
    return SolvedTable(problem, table, tuple(found))


def add_results(host: Host, solved: SolvedTable) -> str:
    """Put the results on a sheet of their own, in the place of older ones; its name."""
    sheet = NewSheet(f"results {solved.problem.sheet}"[:31].rstrip(), widths=(_WIDTH,) * len(solved.headers))
    host.add_sheet(sheet)
    cells: dict[Cell, Value] = dict.fromkeys(host.grid(sheet.name).values)
    for row, line in enumerate((solved.headers, *solved.lines()), 1):
        cells.update((Cell(row, col), value) for col, value in enumerate(line, 1) if value is not None)
    host.write({sheet.name: cells})
    return sheet.name


def _only_problem(host: Host, sheets: Iterable[str] | None, by_formulas: ByFormulas) -> SolverProblem:
    chosen = list(sheets or ())
    if by_formulas.problem is not None:
        return stated_problem(host, by_formulas.problem, chosen[0] if chosen else None)
    asked = [found for sheet in chosen or host.sheets if (found := stored_or_in_macro(host, sheet)) is not None]
    if len(asked) != 1:
        where = f"on {' and '.join(one.problem.sheet for one in asked)}: say --sheet" if asked else "nowhere: state one with --objective and --change"
        raise UserError(f"A table of inputs is for one problem, and Solver keeps models {where}.")
    return asked[0].problem


def _verdict(minimum: Minimum) -> str:
    """How it went, in a few words."""
    if not minimum.feasible:
        return f"misses a constraint by {minimum.violation:.3g}"
    if minimum.stopped:
        return "stopped"
    return "optimum proved" if minimum.proved else "found" if minimum.gap is None else f"found, within {minimum.gap:.2%} of what is possible"
