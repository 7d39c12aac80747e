"""A sheet of one optimizer: an epoch, a row of data a row, in live formulas; its settings, its error and two charts."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import block_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.training.training_names import TRAINING_ROLES
from solver.tracing.trace_rows import NUDGE
from solver.tracing.update_rules import UPDATE_RULES
from workbook.write.references import box, ref
from workbook.write.styles import Styles, print_setup
from workbook.write.write_cells import put_number, put_text

from .data_sheet import DATA_SHEET, START_OF, point_cell
from .sheet_formulas import SHEET_RULES
from .training_charts import insert_training_charts
from .training_plan import START, TOP_ROW, TrainingPlan

_HEADERS = {"x": "x", "y": "y", "b": "b", "a": "a", "prediction": "y_pred", "squared_error": "err²",
            "nudged_b": "err², b+.01", "estimate_b": "est. de/db", "nudged_a": "err², a+.01", "estimate_a": "est. de/da",
            "gradient_b": "de/db", "gradient_a": "de/da", "t": "t", "next_b": "new b", "next_a": "new a"}
_LETTERS = {"velocity": "v", "mean": "m", "square": "s"}
SETTING_LABELS = {
    "lr": "learning rate", "momentum": "β, momentum", "dampening": "dampening", "weight_decay": "weight decay", "beta1": "β₁", "beta2": "β₂",
    "eps": "ε", "eps_inside": "ε inside the root: 1, 0", "bias_correction": "bias correction: 1, 0", "factor": "factor",
    "patience": "patience, epochs", "beta3": "β₃", "k": "k", "K": "K", "lr_now": "rate now", "best": "best RMSE", "worse": "epochs without better",
    "d": "d", "followed": "RMSE followed"}
_SWITCHES = ("eps_inside", "bias_correction")
_NOW = {"epochs": "epochs done", "row": "row in hand", "b_now": "b now", "a_now": "a now"}
_CARRIED = {"b": "b", "a": "a", "lr_now": "rate", "best": "best", "worse": "no better", "d": "d", "followed": "followed", "epochs": "epochs",
            "row": "row"}
_WIDTHS = {"x": 5, "y": 6, "t": 6, "squared_error": 10}


def write_training(workbook: Workbook, styles: Styles, plan: TrainingPlan):
    """Add the sheet and its names; the XlsxWriter sheet."""
    sheet = workbook.add_worksheet(plan.sheet)
    sheet.set_row(0, 24)
    for place, column in enumerate(plan.columns):
        sheet.set_column(place, place, _WIDTHS.get(column, 9.5), styles.text)
        put_text(sheet, Cell(TOP_ROW - 1, place + 1), column_header(column), styles.header)
    _write_top(sheet, styles, plan)
    _write_rows(sheet, styles, plan)
    _write_errors(sheet, styles, plan)
    _write_panel(sheet, styles, plan)
    _write_carry(sheet, styles, plan)
    _write_log(sheet, styles, plan)
    insert_training_charts(workbook, sheet, plan)
    named = {"error": Range.around([plan.error]), "log": plan.log, "carry": plan.carry, "epochs": Range.around([plan.now["epochs"]]),
             "row": Range.around([plan.now["row"]]), "rows": plan.column("x"), "fault": Range.around([plan.fault])}
    for role in TRAINING_ROLES:
        workbook.define_name(block_name(plan.sheet, role), f"={quoted(plan.sheet)}!{named[role].absolute}")
    sheet.freeze_panes(TOP_ROW - 1, 0)
    sheet.print_area(0, 0, plan.carry.bottom, plan.log.right - 1)
    print_setup(sheet, one_page=True)
    return sheet


def column_header(column: str) -> str:
    """What stands above a column."""
    name, _, which = column.rpartition("_")
    return _HEADERS.get(column) or f"{_LETTERS[name]} of {which}"


def _write_top(sheet, styles: Styles, plan: TrainingPlan) -> None:
    """The start values, and what is remembered from before the first row."""
    for name, cell in START.items():
        put_text(sheet, cell.moved(0, -1), name, styles.label)
        put_number(sheet, cell, 1.0, styles.factor)
    put_text(sheet, Cell(1, 5), UPDATE_RULES[plan.optimizer].title, styles.title)
    put_text(sheet, Cell(1, 8), SHEET_RULES[plan.optimizer].line, styles.note)
    before = plan.remembered_before
    for column, cell in before.items():
        put_number(sheet, cell, 0.0, _factor_look(styles, column))
    if before:
        put_text(sheet, min(before.values()).moved(0, -1), "before →", styles.corner)


def _write_rows(sheet, styles: Styles, plan: TrainingPlan) -> None:
    settings = {name: ref(cell, rows=True, cols=True) for name, cell in plan.settings.items()}
    for row in range(TOP_ROW, plan.bottom + 1):
        for column, formula in row_formulas(plan, row, settings, first=row == TOP_ROW).items():
            cell = plan.cell(column, row)
            sheet.write_formula(cell.row - 1, cell.col - 1, "=" + formula, row_look(styles, column))
    row_in_hand, rows = ref(plan.now["row"], rows=True, cols=True), Range(TOP_ROW, 1, plan.bottom, len(plan.columns))
    number = f"ROW()-{TOP_ROW - 1}"
    sheet.conditional_format(*box(rows), {"type": "formula", "criteria": f"={number}={row_in_hand}", "format": styles.in_hand})
    sheet.conditional_format(*box(rows), {"type": "formula", "criteria": f"=AND({row_in_hand}>0,{number}>{row_in_hand})",
                                          "format": styles.waiting})


def row_formulas(plan: TrainingPlan, row: int, settings: dict[str, str], *, first: bool, point: int | None = None) -> dict[str, str]:
    """The formula of every column in one row. `settings` are references; `first` is the row that takes the start values;
    `point` says which point it sees, from 0 (by default its own)."""
    rule = SHEET_RULES[plan.optimizer]
    at = {column: str(plan.cell(column, row)) for column in plan.columns}
    above = {column: str(plan.cell(column, row - (2 if first else 1))) for column in plan.columns}
    point = row - TOP_ROW if point is None else point
    formulas = {name: f"{DATA_SHEET}!{ref(point_cell(name, point), cols=True)}" for name in ("x", "y")}
    for which, cell in START.items():
        formulas[which] = ref(cell, rows=True, cols=True) if first else above[f"next_{which}"]
    x, y, b, a, error = at["x"], at["y"], at["b"], at["a"], at["squared_error"]
    formulas |= {"prediction": f"{b}+{a}*{x}", "squared_error": f"({at['prediction']}-{y})^2",
                 "gradient_b": f"2*({at['prediction']}-{y})", "gradient_a": f"{at['gradient_b']}*{x}"}
    if "nudged_b" in at:
        formulas |= {"nudged_b": f"(({b}+{NUDGE})+{x}*{a}-{y})^2", "estimate_b": f"({at['nudged_b']}-{error})/{NUDGE}",
                     "nudged_a": f"(({a}+{NUDGE})*{x}+{b}-{y})^2", "estimate_a": f"({at['nudged_a']}-{error})/{NUDGE}"}
    if "t" in at:
        formulas["t"] = f"{above['t']}+1"
    for which in "ba":
        cells = {"p": at[which], "g": at[f"gradient_{which}"], "t": at.get("t"), **settings}
        cells |= {name: at[f"{name}_{which}"] for name in rule.remembered}
        cells |= {f"{name}_before": above[f"{name}_{which}"] for name in rule.remembered}
        formulas |= {f"{name}_{which}": formula.format(**cells) for name, formula in rule.remembered.items()}
        formulas[f"next_{which}"] = rule.step.format(**cells)
    return {column: formulas[column] for column in plan.columns}


def row_look(styles: Styles, column: str):
    """The look of a column's cells."""
    if column in ("x", "y"):
        return styles.table_plain
    if column == "t":
        return styles.step_whole
    if column.startswith("square_"):
        return styles.step_square
    return styles.step_number if column in ("b", "a", "next_b", "next_a") else styles.step_slope


def _factor_look(styles: Styles, column: str):
    """The look of what is remembered of a column: squares grow too wide for two decimals."""
    if column == "t":
        return styles.factor_whole
    return styles.factor_square if column.startswith("square_") else styles.factor


def _write_errors(sheet, styles: Styles, plan: TrainingPlan) -> None:
    errors, cell = plan.column("squared_error"), plan.error
    for below, (label, formula, style) in enumerate((
            ("RMSE", f"=SQRT(SUM({errors})/COUNT({errors}))", styles.calculated),
            ("√Σ err²", f"=SQRT(SUM({errors}))", styles.step_slope))):
        put_text(sheet, cell.moved(below, -1), label, styles.label)
        sheet.write_formula(cell.row - 1 + below, cell.col - 1, formula, style)
    put_text(sheet, cell.moved(1, 1), "the number that the lesson calls rmse", styles.note_beside)


def _write_panel(sheet, styles: Styles, plan: TrainingPlan) -> None:
    rule, left = UPDATE_RULES[plan.optimizer], plan.panel
    sheet.set_column(left - 2, left - 2, 2)
    sheet.set_column(left - 1, left - 1, 22, styles.text)
    sheet.set_column(left, left, 11, styles.text)
    sheet.set_column(left + 1, left + 1, 2)
    put_text(sheet, Cell(TOP_ROW - 1, left), "settings", styles.header_left)
    put_text(sheet, Cell(TOP_ROW - 1, left + 1), "", styles.header)
    for name, cell in plan.settings.items():
        put_text(sheet, cell.moved(0, -1), SETTING_LABELS[name], styles.label)
        if name in rule.between:
            value = rule.settings["lr"] if name == "lr_now" else rule.between[name]
            if value is None:
                sheet.write_blank(cell.row - 1, cell.col - 1, None, styles.factor)
            else:
                sheet.write_number(cell.row - 1, cell.col - 1, value, styles.factor if name != "lr_now" else styles.factor_plain)
        else:
            put_number(sheet, cell, rule.settings[name], styles.option)
        if name in _SWITCHES:
            sheet.data_validation(*box(Range.around([cell])), {"validate": "list", "source": [1, 0]})
    now = plan.now
    put_text(sheet, Cell(now["epochs"].row - 1, left), "now", styles.header_left)
    put_text(sheet, Cell(now["epochs"].row - 1, left + 1), "", styles.header)
    for name, cell in now.items():
        put_text(sheet, cell.moved(0, -1), _NOW[name], styles.label)
        if name in plan.carried:
            put_number(sheet, cell, 0.0, styles.factor_whole)
        else:
            which = name[0]
            steps = ref(plan.column(f"next_{which}"), rows=True, cols=True)
            sheet.write_formula(cell.row - 1, cell.col - 1, f"=IF({now['row']}=0,{START[which]},INDEX({steps},{now['row']}))", styles.step_number)
    _write_drawn(sheet, styles, plan)


def _write_drawn(sheet, styles: Styles, plan: TrainingPlan) -> None:
    drawn, xs, ys, row = plan.drawn, plan.column("x"), plan.column("y"), plan.now["row"]
    first, second, third = (Cell(drawn.top + place, drawn.left) for place in range(3))
    put_text(sheet, first.moved(-1, 0), "drawn in the chart: x, y", styles.calc_head)
    for cell, x in ((first, f"=MIN({xs})"), (second, f"=MAX({xs})")):
        sheet.write_formula(cell.row - 1, cell.col - 1, x, styles.calc)
        sheet.write_formula(cell.row - 1, cell.col, f"={plan.now['b_now']}+{plan.now['a_now']}*{cell}", styles.calc)
    for cell, values in ((third, xs), (third.moved(0, 1), ys)):
        sheet.write_formula(cell.row - 1, cell.col - 1, f"=IF({row}=0,NA(),INDEX({values},{row}))", styles.calc)
    sheet.conditional_format(*box(Range(third.row, third.col, third.row, third.col + 1)), {"type": "errors", "format": styles.unseen})


def _write_carry(sheet, styles: Styles, plan: TrainingPlan) -> None:
    """The table by which an epoch follows another: macros and the command line read it."""
    carry, rule = plan.carry, SHEET_RULES[plan.optimizer]
    following = Range(carry.top, carry.left + 2, carry.bottom, carry.left + 2)
    sheet.write_formula(plan.fault.row - 1, plan.fault.col - 1, f'=IF(SUMPRODUCT(ISNUMBER({following})*1)+ISNUMBER({plan.error})='
                        f'{following.size + 1},"","The numbers grow without end. Take a smaller learning rate, and start anew (Reset).")', styles.status_above)
    put_text(sheet, Cell(carry.top - 2, carry.left), "Carried over to the next epoch", styles.heading)
    for col in range(carry.left + 1, carry.right + 1):
        put_text(sheet, Cell(carry.top - 2, col), "", styles.heading)
    for place, label in enumerate(("what", "goes to", "next", "at Reset")):
        put_text(sheet, Cell(carry.top - 1, carry.left + place), label, styles.header)
    rows = {name: carry.top + place for place, name in enumerate(plan.carried)}
    cells = {name: ref(cell) for name, cell in plan.settings.items()} | {"error": ref(plan.error)}
    cells |= {f"next_{name}": ref(Cell(row, carry.left + 2)) for name, row in rows.items()}
    for name, target in plan.carried.items():
        row = rows[name]
        put_text(sheet, Cell(row, carry.left), _carried_label(name), styles.plain)
        sheet.write_formula(row - 1, carry.left, f"=ADDRESS(ROW({target}),COLUMN({target}),4)", styles.plain)
        if name in rule.between:
            next_value = rule.between[name].format(**cells)
        elif name in START:
            next_value = ref(plan.cell(f"next_{name}", plan.bottom))
        elif name in plan.columns:
            next_value = ref(plan.cell(name, plan.bottom))
        else:
            next_value = f"{target}+1" if name == "epochs" else "0"
        sheet.write_formula(row - 1, carry.left + 1, "=" + next_value, styles.table_plain)
        at_reset = _at_reset(plan, name)
        if at_reset is None:
            sheet.write_blank(row - 1, carry.left + 2, None, styles.table_plain)
        else:
            sheet.write_formula(row - 1, carry.left + 2, at_reset, styles.table_plain)


def _carried_label(name: str) -> str:
    return _CARRIED.get(name) or column_header(name)


def _at_reset(plan: TrainingPlan, name: str) -> str | None:
    if name in START_OF:
        return f"={DATA_SHEET}!{ref(START_OF[name], rows=True, cols=True)}"
    if name == "lr_now":
        return f"={ref(plan.settings['lr'])}"
    value = UPDATE_RULES[plan.optimizer].between.get(name, 0.0)
    return None if value is None else f"={value:g}"


def _write_log(sheet, styles: Styles, plan: TrainingPlan) -> None:
    log = plan.log
    for place, (header, style) in enumerate((("epoch", styles.epoch), ("RMSE", styles.precise))):
        sheet.set_column(log.left - 1 + place, log.left - 1 + place, 9, style)
        put_text(sheet, Cell(log.top - 1, log.left + place), header, styles.header)
