"""The sheet `hyper`: five epochs of momentum, all steps in cells, and the settings with which they end best, by one fit."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from xlsxwriter import Workbook

from pyxl.grid.block_names import CONTROLS, PYTHON, control_name
from pyxl.grid.cells import Cell, Range
from pyxl.grid.problem import Constraint, SolverProblem
from workbook.model_sheets.buttons import BUTTONS
from workbook.model_sheets.controls import STOP, write_before_fit
from workbook.model_sheets.solver_names import define_solver_names
from workbook.write.references import ref
from workbook.write.styles import Styles, print_setup
from workbook.write.write_cells import put_number, put_text

from .training_buttons import insert_buttons
from .training_plan import START, TOP_ROW, TrainingPlan, training_plan
from .training_sheet import SETTING_LABELS, column_header, row_formulas, step_look

HYPER_SHEET = "hyper"
HYPER_EPOCHS = 5
_MOST_STEPS = 1_000
_HELP = (
    "Which learning rate and β are the best? Five epochs stand below each other here, every step a formula.",
    "So the error after the last step is a function of the two orange settings, and it is differentiated through all steps.",
    "Fit finds where that derivative is zero: {press}",
    "Those two cells are Solver's model of this sheet. For the start values as well: --objective {objective} --change C1:C2.",
    "(Then it starts where the line is, and nothing is left to learn: a start is no setting.)",
)
_CLI = "collabsheet fit BOOK --sheet hyper --in-place."
_LEAST_RATE, _MOST_BETA = 0.0, 0.99


def hyper_plan(n_rows: int) -> TrainingPlan | None:
    """The plan of the sheet for so many points; None where there are too many for all epochs to stand in cells."""
    if n_rows * HYPER_EPOCHS > _MOST_STEPS:
        return None
    momentum = training_plan("momentum", n_rows * HYPER_EPOCHS)
    return TrainingPlan(HYPER_SHEET, momentum.optimizer, momentum.n_rows, momentum.columns)


def hyper_objective(plan: TrainingPlan) -> Cell:
    """RMSE of the line after the last step, on all points."""
    return plan.settings["weight_decay"].moved(3, 0)


def write_hyper(workbook: Workbook, styles: Styles, plan: TrainingPlan, *, buttons: bool) -> None:
    """Add the sheet, Solver's model of it, and what a live fit needs."""
    sheet = workbook.add_worksheet(HYPER_SHEET)
    sheet.set_row(0, 24)
    for place, column in enumerate(plan.columns):
        sheet.set_column(place, place, {"x": 5, "y": 6, "t": 6}.get(column, 9.5), styles.text)
        put_text(sheet, Cell(TOP_ROW - 1, place + 1), column_header(column), styles.header)
    for name, cell in START.items():
        put_text(sheet, cell.moved(0, -1), name, styles.label)
        put_number(sheet, cell, 1.0, styles.factor)
    put_text(sheet, Cell(1, 5), "Momentum, five epochs long", styles.title)
    settings = {name: ref(cell, rows=True, cols=True) for name, cell in plan.settings.items()}
    points = plan.n_rows // HYPER_EPOCHS
    before = [plan.cell(column, TOP_ROW - 2) for column in plan.columns if column.startswith(("t", "velocity"))]
    for cell in before:
        put_number(sheet, cell, 0.0, styles.factor)
    put_text(sheet, min(before).moved(0, -1), "before →", styles.corner)
    for row in range(TOP_ROW, plan.bottom + 1):
        for column, formula in row_formulas(plan, row, settings, first=row == TOP_ROW, point=(row - TOP_ROW) % points).items():
            cell = plan.cell(column, row)
            sheet.write_formula(cell.row - 1, cell.col - 1, "=" + formula, step_look(styles, column))
    _write_panel(sheet, styles, plan, buttons=buttons)
    objective = hyper_objective(plan)
    lr, beta = plan.settings["lr"], plan.settings["momentum"]
    define_solver_names(workbook, SolverProblem(
        HYPER_SHEET, (HYPER_SHEET, objective), ((HYPER_SHEET, Range.around([lr, beta])),), stored=True,
        constraints=((Constraint((HYPER_SHEET, Range.around([lr])), ">=", _LEAST_RATE)), Constraint((HYPER_SHEET, Range.around([beta])), ">=", 0.0),
                     Constraint((HYPER_SHEET, Range.around([beta])), "<=", _MOST_BETA))))
    _write_controls(workbook, sheet, styles, objective, buttons=buttons)
    write_before_fit(workbook)
    sheet.freeze_panes(TOP_ROW - 1, 0)
    print_setup(sheet, repeat=(0, TOP_ROW - 2))


def _write_panel(sheet, styles: Styles, plan: TrainingPlan, *, buttons: bool) -> None:
    left, points = plan.panel, plan.n_rows // HYPER_EPOCHS
    sheet.set_column(left - 2, left - 2, 2)
    sheet.set_column(left - 1, left - 1, 24, styles.text)
    sheet.set_column(left, left, 14, styles.text)
    for col in (left, left + 1):
        put_text(sheet, Cell(TOP_ROW - 1, col), "settings" if col == left else "", styles.header_left)
    defaults: Mapping[str, float] = {"lr": 1e-4, "momentum": 0.9, "dampening": 0.9, "weight_decay": 0.0}
    for name, cell in plan.settings.items():
        put_text(sheet, cell.moved(0, -1), SETTING_LABELS[name], styles.label)
        put_number(sheet, cell, defaults[name], styles.factor_plain if name in ("lr", "momentum") else styles.option)
    objective = hyper_objective(plan)
    put_text(sheet, objective.moved(0, -1), "RMSE after the last step", styles.label)
    b, a = (ref(plan.cell(f"next_{which}", plan.bottom)) for which in "ba")
    xs, ys = (Range(TOP_ROW, col, TOP_ROW + points - 1, col) for col in (1, 2))
    sheet.write_formula(objective.row - 1, objective.col - 1, f"=SQRT(SUMPRODUCT(({b}+{a}*{xs}-{ys})^2)/{points})", styles.calculated)
    for epoch in range(HYPER_EPOCHS):
        cell, top = objective.moved(epoch + 2, 0), TOP_ROW + epoch * points
        col = plan.cell("squared_error", top).col
        put_text(sheet, cell.moved(0, -1), f"RMSE of epoch {epoch + 1}", styles.label)
        sheet.write_formula(cell.row - 1, cell.col - 1, f"=SQRT(SUM({Range(top, col, top + points - 1, col)})/{points})", styles.step_number)
    press = f"press it, or {_CLI}" if buttons else _CLI
    for place, line in enumerate(_HELP):
        put_text(sheet, Cell(objective.row + HYPER_EPOCHS + 8 + place, left), line.format(press=press, objective=objective), styles.text)


def _write_controls(workbook: Workbook, sheet, styles: Styles, objective: Cell, *, buttons: bool) -> None:
    """Status and stop cell of a live fit, and in an .xlsm the buttons and the Python that they start."""
    first = objective.moved(HYPER_EPOCHS + 3, 0)
    cells = dict(zip(CONTROLS, (first, first.moved(1, 0))))
    for what, style in zip(CONTROLS, (styles.status, styles.option)):
        cell = cells[what]
        put_text(sheet, cell.moved(0, -1), what, styles.label)
        sheet.write_blank(cell.row - 1, cell.col - 1, None, style)
        workbook.define_name(control_name(HYPER_SHEET, what), f"={HYPER_SHEET}!{Range.around([cell]).absolute}")
    sheet.data_validation(cells["stop"].row - 1, cells["stop"].col - 1, cells["stop"].row - 1, cells["stop"].col - 1,
                          {"validate": "any", "input_title": "Stop", "input_message": STOP})
    if buttons:
        insert_buttons(sheet, {caption: BUTTONS[caption] for caption in ("Fit", "Stop", "Restore")}, Cell(1, objective.col - 1))
        python = first.moved(2, 0)
        put_text(sheet, python.moved(0, -1), "Python that Fit starts", styles.label)
        put_text(sheet, python, sys.executable, styles.option)
        workbook.define_name(PYTHON, f"={HYPER_SHEET}!{Range.around([python]).absolute}")
