"""A posed problem minimised: what to write, and whether the sheet agrees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pyxl.detect.verify import agrees
from pyxl.grid.cells import Cell, Value, quoted
from pyxl.grid.problem import WHOLE_KINDS, place_told
from pyxl.hosts.host import Host
from solver.core.method_table import METHODS
from solver.core.settings import OPTIONS
from solver.errors import UserError

from .constraint_lines import FunctionLine
from .pose import Posed
from .stated import Statement

if TYPE_CHECKING:
    from solver import CellLimits, Minimum, Step

MOST_TOLD = 12    # constraints named in a sentence
MOST_LIMITED = 400    # changing cells whose limits are looked for where formulas are not linear


@dataclass(frozen=True)
class ByFormulas:
    """What is solved by formulas, and how.

    `via` 'formulas' means every sheet, 'model' none, None those without a model that we know; `problem` is one stated by
    hand. There are at most `steps` from each start (None: the solver's own limit), and `starts` in all, the first from
    the sheet and the others by `seed`; no search goes on for more than so many `seconds`. `report` adds a sheet that tells what
    was found. Where no point meets all constraints, the one that comes nearest is written only with `write_anyway`; numbers are
    written over formulas in changing cells only with `overwrite_formulas`. `scenario` names one of Excel's scenario manager, whose values
    the cells get first. With `must_reach` a value that is not reached is refused.
    """

    via: str | None = None
    problem: Statement | None = None
    steps: int | None = None
    starts: int = 1
    seed: int = 0
    report: bool = False
    seconds: float | None = None
    write_anyway: bool = False
    overwrite_formulas: bool = False
    must_reach: bool = False
    scenario: str | None = None


@dataclass(frozen=True, eq=False)
class Solved:
    """A problem, the best found, sentences on what the user should know, and, where a report is asked for, how far each cell may go by
    itself."""

    posed: Posed
    minimum: Minimum
    notes: tuple[str, ...]
    limits: CellLimits | None = None

    @property
    def stopped(self) -> bool:
        return self.minimum.stopped

    @property
    def stop(self) -> str:
        return self.minimum.stop

    @property
    def seconds(self) -> float:
        return self.minimum.seconds


def refuse_settings_of_models(sheet: str, options: Mapping) -> None:
    """Raise UserError for settings that a problem solved by its formulas has no use for."""
    if wrong := [name for name in options if name not in METHODS["formulas"].honours]:
        raise UserError(f"{quoted(sheet)} is solved by its formulas, where {OPTIONS[wrong[0]].flag} says nothing: "
                        "leave it out.")


def solve(posed: Posed, by_formulas: ByFormulas, *,
          on_step: Callable[[Step, Callable[[], np.ndarray]], bool | None] | None = None) -> Solved:
    """Minimise; nothing is written. `on_step` as for `solver.minimise`. Raises UserError."""
    from solver import FEASIBLE, NoSolution, limits_at, minimise, nearest_point

    minimum = minimise(posed.program, steps=by_formulas.steps, starts=by_formulas.starts, seed=by_formulas.seed,
                       seconds=by_formulas.seconds, on_step=on_step)
    if minimum.none == "infeasible" and by_formulas.write_anyway:
        minimum = nearest_point(posed.program, minimum)
    elif minimum.none is not None:
        raise NoSolution(" ".join([minimum.stop[0].lower() + minimum.stop[1:], *contradiction(posed, minimum)]))
    elif not minimum.feasible and not by_formulas.write_anyway:
        missed = list(_missed(posed, minimum))
        raise NoSolution(" ".join([minimum.stop[0].lower() + minimum.stop[1:], *missed[:MOST_TOLD], "The cells are as they were; --write-anyway "
                                   "writes the point that came nearest."]))
    if by_formulas.must_reach and not minimum.stopped and abs(minimum.value - posed.program.target) > FEASIBLE * max(1.0, abs(posed.program.target)):
        raise NoSolution(f"{posed.program.target:g} was not reached, {minimum.value:.9g} is as near as it came. Nothing was written; begin "
                         "from another number in the cell that changes.")
    linear = posed.program.linear is not None and not posed.program.piecewise
    limited = by_formulas.report and minimum.feasible and (linear or len(minimum.x) <= MOST_LIMITED)
    return Solved(posed, minimum, posed.notes + tuple(_missed(posed, minimum)), limits_at(posed.program, minimum.x) if limited else None)


def changed_cells(posed: Posed, there: Callable[[str], Mapping[Cell, Value]], x: np.ndarray) -> dict[str, dict[Cell, Value]]:
    """What to write so that the changing cells hold x, and others the values given; ``there(sheet)`` is what cells hold now, formulas' results included."""
    overwritten = set(posed.overwritten)
    changes: dict[str, dict[Cell, Value]] = {sheet: {cell: value for cell, value in cells.items() if there(sheet).get(cell) != value}
                                             for sheet, cells in posed.given.items()}
    for (sheet, cell), number in zip(posed.cells, x.tolist()):
        if there(sheet).get(cell) != number or (sheet, cell) in overwritten:
            changes.setdefault(sheet, {})[cell] = number
    return changes


def disagreement(host: Host, solved: Solved) -> Iterator[str]:
    """A sentence where the recalculated objective cell and ours differ."""
    if solved.posed.problem.objective is None:
        return
    sheet, cell = solved.posed.problem.objective
    measured, ours = host.value(sheet, cell), solved.minimum.value
    if not (isinstance(measured, float) and agrees(measured, ours)):
        yield f"{quoted(sheet)}!{cell} says {measured!r} where the fit says {ours!r}: please report this workbook."


def contradiction(posed: Posed, minimum: Minimum) -> Iterator[str]:
    """A sentence on the constraints that cannot be met together, and one on what to do."""
    if minimum.conflict is None:
        return
    told = [line.told() for line in posed.lines if isinstance(line, FunctionLine) and minimum.conflict.rows[line.row]]
    for n, (sheet, cell) in enumerate(posed.cells):
        for given, bound, sign in ((minimum.conflict.low, posed.program.low, ">="), (minimum.conflict.high, posed.program.high, "<=")):
            if given[n]:
                told.append(f"{place_told(sheet, cell, posed.sheet)} {sign} {bound[n] + 0.0:.9g}")
    if minimum.conflict.whole:
        told += [constraint.told(posed.sheet) for constraint in posed.problem.constraints if constraint.relation in WHOLE_KINDS]
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    yield (f"These contradict each other: {', '.join(told[:MOST_TOLD])}{more}. Leave one out, or move its bound; the cells are as "
           "they were.")


def _missed(posed: Posed, minimum: Minimum) -> Iterator[str]:
    """The constraints that are not met, each with by how much."""
    program = posed.program
    missed = program.missed(minimum.values[1:])
    for line in posed.lines:
        if isinstance(line, FunctionLine) and not minimum.feasible and missed[line.row] > 0:
            yield f"{line.told()} is missed by {missed[line.row]:.3g}."
