"""What was found on each sheet, as plain data and in words: for `collabsheet inspect`, and Inspect in an open workbook."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from pyxl.detect.changing_cells import solvers_further_wishes
from pyxl.detect.verified_model import verified_model
from pyxl.grid.block_names import PYTHON, ROLES
from pyxl.grid.cells import Range, quoted
from pyxl.grid.layout import Block
from pyxl.grid.problem import SolverProblem
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_named
from pyxl.grid.stored_options import option_notes
from pyxl.macros.macro_problem import stored_or_in_macro
from pyxl.problems.pose import pose
from pyxl.training.carried_over import training_sheets
from pyxl.training.lesson_sheets import lesson_sheets, told_training
from pyxl.xlsx import open_workbook
from solver.errors import UserError


def inspect_workbook(path) -> dict[str, dict]:
    """A report for every sheet: recognised or the reason why not, the cells of every part, the
    RMSE now, Solver's stored model, the optimizer that it shows at work, whether it can be solved where the sheet is no model that we know, and notes. Nothing is written."""
    with open_workbook(path) as workbook:
        reports = inspect_sheets(workbook, workbook.sheets)
        if (where := area_named(workbook, PYTHON)) is not None and workbook.has_macros:
            reports[where[0]]["notes"] += _about_buttons(workbook, *where)
        return reports


def inspect_sheets(workbook: ReadableWorkbook, sheets: Iterable[str]) -> dict[str, dict]:
    """The same for some sheets of a workbook, which may be open in a program."""
    from solver import Settings

    reports = {sheet: _report(workbook, sheet, Settings()) for sheet in sheets}
    for sheet, report in reports.items():
        report["scenarios"] = [{"name": scenario.name, "comment": scenario.comment, "values": {str(cell): value for cell, value in scenario.values.items()}}
                               for scenario in workbook.grid(sheet).scenarios]
    for sheet, lesson in lesson_sheets(workbook).items():
        if sheet in reports:
            reports[sheet]["training"] = {"told": told_training(lesson), "optimizer": lesson.optimizer, "error": lesson.error and str(lesson.error),
                                          "settings": {name: str(cell) for name, cell in lesson.settings.items()}}
            reports[sheet]["notes"] += lesson.notes
    for sheet, training in training_sheets(workbook).items():
        if sheet in reports:
            reports[sheet]["training"] = {"told": f"gradient descent by {training.optimizer}, a row a step; RMSE in {training.error}",
                                          "optimizer": training.optimizer, "error": str(training.error)}
    return reports


def told_report(sheet: str, report: dict) -> tuple[str, list[tuple[str, str]]]:
    """What a person reads of a sheet's report: a sentence, and then what each of its parts is."""
    solvable = report["problem"] and report["problem"]["solvable"]
    parts = []
    if report["recognised"]:
        head = (f"{report['variant']}, {report['form']}: {report['n_ratings']} ratings of {report['n_users']} users and {report['n_items']} items, "
                f"{report['n_factors']} factors")
        parts = [(what.replace("_", " "), where) for what, where in report["cells"].items()] + [("RMSE", f"{report['rmse']:.9g} now")]
    elif report["training"]:
        head = report["training"]["told"]
    else:
        head = f"{'no factor model, solved by its formulas' if solvable else 'not recognised'}: {report['reason'].removeprefix(f'{sheet}: ')}"
    if report["solver"]:
        parts.append(("Solver model", report["solver"]))
    if problem := report["problem"]:
        parts.append(("by formulas", f"{problem['kind']}; {problem['n_cells']} cells, {problem['n_constraints']} "
                      f"constraint{'s' * (problem['n_constraints'] != 1)}; objective {problem['objective']:.9g} now" if solvable else problem["reason"]))
    parts += [("scenario", f"{scenario['name']}: {', '.join(scenario['values'])}") for scenario in report["scenarios"]]
    return head, parts + [("note", note) for note in report["notes"]]


def _about_buttons(workbook: ReadableWorkbook, sheet: str, where: Range) -> list[str]:
    """What a press on a button runs, where it is another program than the Python that runs now."""
    program = workbook.grid(sheet).values.get(where.first)
    if program is None or program == sys.executable:
        return []
    return [f"A press on a button runs the program that {quoted(sheet)}!{where.first} names, {program}, which is not the Python that "
            "runs now. If the workbook is not yours, look at it first; collabsheet doctor BOOK --repair names this one."]


def _report(workbook: ReadableWorkbook, sheet: str, settings) -> dict:
    report: dict = {"recognised": False, "reason": None, "solver": None, "problem": None, "training": None, "notes": []}
    asked = None
    try:
        if asked := stored_or_in_macro(workbook, sheet):
            report["solver"] = asked.problem.told()
        ready = verified_model(workbook, sheet, settings)
    except UserError as why:
        return report | {"reason": str(why), "problem": asked and _problem(workbook, asked.problem),
                         "notes": [*asked.notes, *option_notes(asked.names)] if asked else []}
    layout = ready.model.layout
    cells = {role: _where(getattr(layout, role)) for role in ROLES if getattr(layout, role) is not None}
    return report | {
        "recognised": True, "variant": layout.variant, "form": layout.form, "measure": layout.measure,
        "n_ratings": len(ready.ratings), "n_users": layout.user_factors.shape[0],
        "n_items": layout.item_factors.shape[0], "n_factors": layout.user_factors.shape[1],
        "rmse": ready.rmse, "cells": cells, "notes": [*ready.notes, *_by_formulas_rather(workbook, sheet)]}


def _by_formulas_rather(workbook: ReadableWorkbook, sheet: str) -> list[str]:
    wishes = solvers_further_wishes(workbook, sheet)
    return [f"{wishes} So a fit solves it by its formulas; --via model leaves that out."] if wishes else []


def _problem(workbook: ReadableWorkbook, problem: SolverProblem) -> dict:
    """Whether Solver's model can be solved by the sheet's formulas, and how large it is."""
    try:
        posed = pose(workbook, problem)
    except UserError as why:
        return {"solvable": False, "reason": str(why)}
    start = posed.program.start
    return {"solvable": True, "reason": None, "kind": posed.kind.told(), "n_cells": len(posed.cells), "n_constraints": len(posed.lines),
            "objective": float(posed.program.values(start)[0]), "notes": list(posed.notes)}


def _where(part) -> str:
    return str(part.range) if isinstance(part, Block) else str(part)
