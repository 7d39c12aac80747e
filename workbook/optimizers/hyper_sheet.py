"""The sheet `hyper`: five epochs of SGD with momentum one below the other, and Solver's model that asks for the best start of them."""

from __future__ import annotations

import sys

from xlsxwriter import Workbook

from pyxl.grid.block_names import CONTROLS, PYTHON, control_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.problem import Constraint, SolverProblem
from workbook.model_sheets.buttons import BUTTONS
from workbook.model_sheets.controls import STOP
from workbook.model_sheets.solver_names import define_solver_names
from workbook.write.references import box, ref
from workbook.write.styles import Styles, print_setup
from workbook.write.write_cells import put_number, put_text

from .data_sheet import DATA_SHEET, START_OF, point_cell
from .training_buttons import insert_buttons
from .training_charts import insert_epoch_chart
from .training_plan import START, TOP_ROW, TrainingPlan, training_columns
from .training_sheet import SETTING_LABELS, column_header, row_formulas, row_look

HYPER_SHEET = "hyper"
HYPER_EPOCHS = 5
MOST_HYPER_POINTS = 200       # 1,000 steps one below the other: more nobody watches
_RULE = "momentum"
_START = {"lr": 1e-4, "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0}      # SGD as on its sheet
_CHANGED = ("lr", "momentum")
_SLOWEST = 0.99         # β at most
_PRICE = 0.0            # what is asked is the least error; a price, such as 0.0001, keeps the start near where it was
_LINES = (
    "The {steps} steps of five epochs stand one below the other, each a formula of the one before. So the error at their end is a formula "
    "of four orange cells:",
    "the learning rate, β, and the b and a to start from. Fit differentiates it through all {steps} steps, exactly, and changes the four "
    "until the error is least. After some forty steps it gains next to nothing: press Stop, or say --epochs 40.",
    "It optimizes the optimizer. Gradients like these, of a whole training by its settings, are called hypergradients.",
    "Watch: it moves the start of b to the answer, since b is learnt slowly, and that of a hardly. Moving the start may be given a price, too.",
    "To make it find rates alone, name the cells: collabsheet fit BOOK --sheet hyper --objective {objective} --change {rates} --in-place",
)


class HyperPlan(TrainingPlan):
    """The plan of the sheet: as that of a training sheet, with a row for every step of all epochs."""

    @property
    def n_points(self) -> int:
        return self.n_rows // HYPER_EPOCHS

    @property
    def epochs(self) -> Range:
        """Epoch, √Σ err² and RMSE of the steps of each."""
        top = self.settings["weight_decay"].row + 3
        return Range(top, self.panel, top + HYPER_EPOCHS - 1, self.panel + 2)

    @property
    def after(self) -> dict[str, Cell]:
        """The line that the last step leads to, its RMSE on all points, the mean of error², and what is made small: that
        and what it costs to move the start."""
        return {name: Cell(self.epochs.bottom + 2 + place, self.panel + 1) for place, name in enumerate(("b", "a", "rmse", "error", "price", "objective"))}

    @property
    def controls(self) -> dict[str, Cell]:
        return {what: Cell(self.after["objective"].row + 2 + place, self.panel + 1) for place, what in enumerate((*CONTROLS, PYTHON))}


def hyper_plan(n_points: int) -> HyperPlan:
    return HyperPlan(HYPER_SHEET, _RULE, HYPER_EPOCHS * n_points, training_columns(_RULE))


def write_hyper(workbook: Workbook, styles: Styles, plan: HyperPlan, *, buttons: bool, python: str = sys.executable) -> None:
    """Add the sheet, its names, and Solver's model."""
    sheet = workbook.add_worksheet(plan.sheet)
    sheet.set_row(0, 24)
    for place, column in enumerate(plan.columns):
        sheet.set_column(place, place, 9.5, styles.text)
        put_text(sheet, Cell(TOP_ROW - 1, place + 1), column_header(column), styles.header)
    for name, cell in START.items():
        put_text(sheet, cell.moved(0, -1), name, styles.label)
        put_number(sheet, cell, 1.0, styles.factor)
    put_text(sheet, Cell(1, 5), "The optimizer, optimized", styles.title)
    for cell in plan.remembered_before.values():
        put_number(sheet, cell, 0.0, styles.factor)
    settings = {name: ref(cell, rows=True, cols=True) for name, cell in plan.settings.items()}
    for row in range(TOP_ROW, plan.bottom + 1):
        step = row - TOP_ROW
        for column, formula in row_formulas(plan, row, settings, first=not step, point=step % plan.n_points).items():
            cell = plan.cell(column, row)
            sheet.write_formula(cell.row - 1, cell.col - 1, "=" + formula, row_look(styles, column))
    _panel(sheet, styles, plan)
    _controls(workbook, sheet, styles, plan, buttons=buttons, python=python)
    insert_epoch_chart(workbook, sheet, plan.sheet, plan.epochs, Cell(TOP_ROW + len(_LINES) + 2, plan.panel + 4))
    define_solver_names(workbook, hyper_problem(plan))
    sheet.freeze_panes(TOP_ROW - 1, 0)
    print_setup(sheet, one_page=True)


def hyper_problem(plan: HyperPlan) -> SolverProblem:
    """The error after the last step made small by the start values, the learning rate and β."""
    here = plan.sheet
    rates = Range.around([plan.settings[name] for name in _CHANGED])
    momentum = (here, Range.around([plan.settings["momentum"]]))
    return SolverProblem(here, (here, plan.after["objective"]), ((here, rates), (here, Range.around(START.values()))), stored=True, constraints=(
        Constraint((here, rates), ">=", 0.0), Constraint(momentum, "<=", _SLOWEST)))


def _panel(sheet, styles: Styles, plan: HyperPlan) -> None:
    left = plan.panel
    for col, width in zip(range(left - 2, left + 4), (2, 22, 11, 11, 2, 12)):
        sheet.set_column(col, col, width, styles.text)
    put_text(sheet, Cell(TOP_ROW - 1, left), "settings", styles.header_left)
    put_text(sheet, Cell(TOP_ROW - 1, left + 1), "", styles.header)
    for name, cell in plan.settings.items():
        put_text(sheet, cell.moved(0, -1), SETTING_LABELS[name], styles.label)
        put_number(sheet, cell, _START[name], styles.factor_plain if name in _CHANGED else styles.option)
    epochs = plan.epochs
    for place, header in enumerate(("epoch", "√Σ err²", "RMSE")):
        put_text(sheet, Cell(epochs.top - 1, left + place), header, styles.header)
    for epoch in range(HYPER_EPOCHS):
        row, first = epochs.top + epoch, TOP_ROW + epoch * plan.n_points
        column = plan.column("squared_error").left
        errors = Range(first, column, first + plan.n_points - 1, column)
        put_number(sheet, Cell(row, left), epoch + 1, styles.epoch)
        sheet.write_formula(row - 1, left, f"=SQRT(SUM({errors}))", styles.precise)
        sheet.write_formula(row - 1, left + 1, f"=SQRT(SUM({errors})/COUNT({errors}))", styles.precise)
    xs, ys = (f"{DATA_SHEET}!{Range.around([point_cell(name, 0), point_cell(name, plan.n_points - 1)]).absolute}" for name in "xy")
    b, a = plan.after["b"], plan.after["a"]
    moved = "+".join(f"({START[name]}-{DATA_SHEET}!{ref(START_OF[name], rows=True, cols=True)})^2" for name in START)
    put_number(sheet, plan.after["price"], _PRICE, styles.option)
    formulas = {"b": f"={plan.cell('next_b', plan.bottom)}", "a": f"={plan.cell('next_a', plan.bottom)}",
                "rmse": f"=SQRT({plan.after['error']})",
                "error": f"=SUMPRODUCT(({b}+{a}*{xs}-{ys})^2)/COUNT({ys})",
                "objective": f"={plan.after['error']}+{plan.after['price']}*({moved})"}
    for name, label in {"b": "b after five epochs", "a": "a after five epochs", "rmse": "RMSE of that line", "error": "its mean of error²", "price": "price of moving the start",
                        "objective": "error² + price · (moved)²"}.items():
        cell = plan.after[name]
        put_text(sheet, cell.moved(0, -1), label, styles.label)
        if name in formulas:
            sheet.write_formula(cell.row - 1, cell.col - 1, formulas[name], styles.calculated if name == "objective" else styles.step_number)
    rates = Range.around([plan.settings[name] for name in _CHANGED])
    for place, line in enumerate(_LINES):
        put_text(sheet, Cell(TOP_ROW + place, left + 4), line.format(steps=plan.n_rows, objective=plan.after["objective"], rates=rates), styles.text)


def _controls(workbook: Workbook, sheet, styles: Styles, plan: HyperPlan, *, buttons: bool, python: str) -> None:
    at = plan.controls
    for what, label, style in zip(CONTROLS, ("status", "stop"), (styles.status, styles.option)):
        put_text(sheet, at[what].moved(0, -1), label, styles.label)
        sheet.write_blank(at[what].row - 1, at[what].col - 1, None, style)
        workbook.define_name(control_name(plan.sheet, what), f"={quoted(plan.sheet)}!{Range.around([at[what]]).absolute}")
    sheet.data_validation(*box(Range.around([at["stop"]])), {"validate": "any", "input_title": "Stop", "input_message": STOP})
    if buttons:
        insert_buttons(sheet, {caption: BUTTONS[caption] for caption in ("Fit", "Stop", "Restore")}, Cell(1, plan.panel))
        put_text(sheet, at[PYTHON].moved(0, -1), "Fit starts this Python", styles.label)
        put_text(sheet, at[PYTHON], python, styles.code)
        workbook.define_name(PYTHON, f"={quoted(plan.sheet)}!{Range.around([at[PYTHON]]).absolute}")
