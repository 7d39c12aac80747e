"""The report of a solved problem as a sheet of the workbook, and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from pyxl.base.plain_output import table
from pyxl.grid.cells import Cell, Value
from pyxl.problems.solve import Solved
from pyxl.xlsx import NewSheet

from .report import ALLOWED, LIMITS, problem_report

WIDTHS = (34.0, 16.0, 16.0, 18.0, 18.0, 18.0, 18.0, 18.0)
Section = tuple[str, tuple[str, ...], list[tuple[Value, ...]]]   # heading, headers, rows


def report_lines(solved: Solved) -> list[str]:
    """The sections as tables of text."""
    lines: list[str] = []
    for heading, headers, rows in _sections(solved):
        shown = [[f"{value:.9g}" if type(value) is float else "" if value is None else str(value) for value in row] for row in rows]
        lines += [heading, *(f"  {line}" for line in table(headers, shown))]
    return lines


def report_sheet(solved: Solved) -> NewSheet:
    """The sheet that a report goes to: one for each sheet with a problem."""
    return NewSheet(f"report {solved.posed.sheet}"[:31].rstrip(), widths=WIDTHS)


def report_cells(solved: Solved, there: Sequence[Cell]) -> dict[Cell, Value]:
    """What to write there; None in the cells that an older report filled."""
    cells: dict[Cell, Value] = dict.fromkeys(there)
    row = 1
    for heading, headers, rows in _sections(solved):
        for line in ((heading,), headers, *rows):
            cells.update((Cell(row, col), value) for col, value in enumerate(line, 1) if value is not None)
            row += 1
        row += 1
    return cells


def _sections(solved: Solved) -> list[Section]:
    report = problem_report(solved)
    objective = (report["objective"], report["before"], report["after"])
    cells = [(c["cell"], c["before"], c["after"], c["reduced_gradient"], *(c[key] for key in ("coefficient", *ALLOWED) if key in c))
             for c in report["cells"]]
    linear = any("coefficient" in c for c in report["cells"])
    allowed = ("allowable increase", "allowable decrease") if linear else ()
    constraints = [(c["constraint"], c["value"], c["bound"], c["slack"], _status(c), c["multiplier"],
                    *(c.get(key) for key in ALLOWED if linear))
                   for c in report["constraints"]]
    sections: list[Section] = [
        (f"Problem: {report['problem']}", ("objective", "before", "after"), [objective]),
        (report["stop"], (), []),
        ("Changing cells, and what of the objective's gradient the constraints leave", ("cell", "before", "after", "reduced gradient", *(("coefficient", *allowed) if linear else ())), cells)]
    if constraints:
        sections.append(("Constraints; a multiplier says how much the objective changes when the bound is moved up by one",
                         ("constraint", "value", "bound", "slack", "status", "multiplier", *allowed), constraints))
    if solved.limits is not None:
        limits = [(c["cell"], c["after"], *(c[name] for name in LIMITS)) for c in report["cells"]]
        sections.append(("Limits: how far each changing cell may go by itself, the others as they are; blank where nothing ends it",
                         ("cell", "value", "lower limit", "objective there", "upper limit", "objective there"), limits))
    if report["options"]:
        sections.append(("Options that Solver keeps, where they are not as usual", (), [(told,) for told in report["options"]]))
    return sections


def _status(constraint: dict) -> str:
    if not constraint["met"]:
        return "missed"
    return "whole" if constraint["binding"] is None else "binding" if constraint["binding"] else "not binding"
