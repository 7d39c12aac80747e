"""Checks of a problem before it is compiled: its relations, and what stands in its changing cells."""

from __future__ import annotations

from collections.abc import Iterator

from pyxl.grid.cells import quoted
from pyxl.grid.problem import WHOLE_KINDS, SolverProblem, place_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver.errors import UserError

from .constraint_lines import SheetCell, shown_cell


def refuse_unknown_relations(problem: SolverProblem) -> None:
    """Raise UserError for a constraint whose relation is none that Solver has."""
    for constraint in problem.constraints:
        if constraint.relation not in ("<=", "=", ">=", *WHOLE_KINDS):
            raise UserError(f"{quoted(problem.sheet)}: a constraint of Solver's model has no relation ({constraint.relation}). "
                            "Set it up again in Data > Solver.")


def check_changing_cells(workbook: ReadableWorkbook, problem: SolverProblem) -> None:
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


def overwritten_cells(workbook: ReadableWorkbook, problem: SolverProblem, *, allowed: bool) -> tuple[SheetCell, ...]:
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


def overwritten_told(workbook: ReadableWorkbook, problem: SolverProblem, cells: tuple[SheetCell, ...]) -> Iterator[str]:
    """A sentence on the formulas that numbers take the place of."""
    if cells:
        (sheet, cell), n = cells[0], len(cells)
        text = shown_formula(workbook.grid(sheet).formulas[cell].text)
        yield (f"{place_told(sheet, cell, problem.sheet)} held the formula ={text}{f', and {n - 1} more changing cells held one' * (n > 1)}: numbers "
               "take the place of formulas, and `restore` brings back numbers only.")


def shown_formula(text: str) -> str:
    """As much of a formula as a sentence takes."""
    return text if len(text) <= 40 else f"{text[:40]}…"
