"""Gradient descent a rating at a time on the sheet with a rating a row: the one in hand is marked, and its two rows of factors move."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import setting_name
from pyxl.grid.cells import Cell, Range
from solver.core.optimizers import OPTIMIZERS
from workbook.write.references import box, ref
from workbook.write.styles import Styles, around_zero
from workbook.write.write_cells import put_array, put_formula, put_number, put_text

from .copy_table import address_of, define_step_names, put_address
from .rating_steps_plan import RATING_STEP_SETTINGS, RatingStepsPlan

_LABELS = {"optimizer": "optimizer", "lr_sgd": "learning rate", "weight_decay": "weight decay λ (start)", "spread": "spread of ratings", "ratings": "ratings n",
           "steps": "steps done", "passes": "passes through all", "row": "rating in hand", "user": "its user", "item": "its item",
           "user_idx": "user idx", "item_idx": "item idx", "rating": "rating", "predicted": "prediction", "error": "error e"}
_ROWS = {"p": "p, the user's factors", "q": "q, the item's factors", "gradient_p": "by p: 2·e·q + decay", "gradient_q": "by q: 2·e·p + decay",
         "next_p": "next p − lr·gradient", "next_q": "next q − lr·gradient"}


def write_rating_steps(workbook: Workbook, sheet, styles: Styles, plan: RatingStepsPlan) -> None:
    """Everything beside the history of the sheet, its names, and the marks on the rating in hand."""
    _columns(sheet, styles, plan)
    _in_hand(sheet, styles, plan)
    _next_values(sheet, styles, plan)
    _table(sheet, styles, plan)
    _marks(sheet, styles, plan)
    define_step_names(workbook, plan, RATING_STEP_SETTINGS)


def _columns(sheet, styles: Styles, plan: RatingStepsPlan) -> None:
    left = plan.left
    sheet.set_column(left - 1, left - 1, 23, styles.text)
    sheet.set_column(left, plan.folded - 2, 9, styles.text)
    sheet.set_column(plan.folded - 1, plan.right - 1, 9, styles.text, {"level": 1, "hidden": True})
    sheet.set_column(plan.right, plan.right, 3, None, {"collapsed": True})
    for col, words in enumerate(("A rating a step", "", ""), left):
        put_text(sheet, Cell(2, col), words, styles.heading)
    for place, line in enumerate(("The row in hand is yellow: a step moves the factors of its",
                                  "user and its item alone, so that this rating fits better.",
                                  "Buttons in an .xlsm: Step, ×10, ×100, Reset.")):
        put_text(sheet, plan.fault.moved(1 + place, 0), line, styles.note)


def _in_hand(sheet, styles: Styles, plan: RatingStepsPlan) -> None:
    layout, long = plan.long.layout, plan.long
    at = {name: ref(cell, rows=True, cols=True) for name, cell in plan.settings.items()}
    rated, decay = ref(layout.ratings), setting_name("weight_decay")
    nth = f"SMALL(IF(ISNUMBER({rated}),ROW({rated})-ROW({layout.ratings.first})+1),MOD({at['steps']},{at['ratings']})+1)"
    formulas = {"weight_decay": f"IF(ISNUMBER({decay}),{decay},0)", "spread": f"IF(STDEVP({rated})=0,1,STDEVP({rated}))", "ratings": f"COUNT({rated})",
                "passes": f"INT({at['steps']}/{at['ratings']})", "row": nth, "error": f"{at['predicted']}-{at['rating']}",
                **{name: f"INDEX({ref(column)},{at['row']})" for name, column in (
                    ("user", long.user.keys), ("item", long.item.keys), ("user_idx", long.user.index), ("item_idx", long.item.index),
                    ("rating", layout.ratings), ("predicted", layout.predictions))}}
    looks = {"weight_decay": styles.table_plain, "user": styles.beside, "item": styles.beside, "rating": styles.rating}
    whole = ("ratings", "passes", "row", "user_idx", "item_idx")
    for name, cell in plan.settings.items():
        put_text(sheet, cell.moved(0, -1), _LABELS[name], styles.label)
        if name in formulas:
            put_formula(sheet, cell, f"={formulas[name]}", looks.get(name, styles.step_whole if name in whole else styles.step_number))
    put_text(sheet, plan.settings["optimizer"], "sgd", styles.plain)
    put_number(sheet, plan.settings["lr_sgd"], OPTIMIZERS["sgd"].defaults(batches=True)["lr"], styles.option)
    put_number(sheet, plan.settings["steps"], 0, styles.factor_whole)
    put_formula(sheet, plan.fault, f'=IF(ISNUMBER({layout.rmse}),"","The numbers grew without end: press Reset and take a smaller learning rate.")',
                styles.status_above)


def _next_values(sheet, styles: Styles, plan: RatingStepsPlan) -> None:
    layout, rows = plan.long.layout, {name: ref(where) for name, where in plan.rows.items()}
    at = {name: ref(cell, rows=True, cols=True) for name, cell in plan.settings.items()}
    decay = f"2*{at['weight_decay']}*{at['spread']}"
    formulas = {"p": f"INDEX({ref(layout.user_factors.range)},{at['user_idx']},0)", "q": f"INDEX({ref(layout.item_factors.range)},{at['item_idx']},0)",
                "gradient_p": f"2*{at['error']}*{rows['q']}+{decay}*{rows['p']}", "gradient_q": f"2*{at['error']}*{rows['p']}+{decay}*{rows['q']}",
                "next_p": f"{rows['p']}-{at['lr_sgd']}*{rows['gradient_p']}", "next_q": f"{rows['q']}-{at['lr_sgd']}*{rows['gradient_q']}"}
    for name, where in plan.rows.items():
        put_text(sheet, where.first.moved(0, -1), _ROWS[name], styles.label)
        put_array(sheet, where, f"={formulas[name]}", styles.step_number)
        if name.startswith("gradient"):
            sheet.conditional_format(*box(where), around_zero())
    for number, col in enumerate(range(plan.rows["p"].left, plan.rows["p"].right + 1), 1):
        put_number(sheet, Cell(plan.rows["p"].top - 1, col), number, styles.header)


def _table(sheet, styles: Styles, plan: RatingStepsPlan) -> None:
    table, at, blocks = plan.table, plan.settings, {role: block.range for role, block in plan.long.layout.parameters.items()}
    put_text(sheet, Cell(table.top - 2, table.left), "What a step copies", styles.heading)
    for place, header in enumerate(("what", "goes to", "comes from", "at Reset")):
        put_text(sheet, Cell(table.top - 1, table.left + place), header, styles.header)
    lines: list[tuple[str, str, str, str]] = [
        (what, address_of(blocks[role], row=ref(at[index], rows=True, cols=True)), address_of(plan.rows[source]), '=""')
        for what, role, index, source in (("the user's factors", "user_factors", "user_idx", "next_p"),
                                          ("the item's factors", "item_factors", "item_idx", "next_q"))]
    lines += [(f"all {role.replace('_', ' ')}", address_of(blocks[role]), '=""', address_of(where)) for role, where in plan.start.items()]
    lines.append(("steps done", address_of(Range.around([at["steps"]])), f"={at['steps']}+1", "=0"))
    for row, (what, *addresses) in enumerate(lines, table.top):
        put_text(sheet, Cell(row, table.left), what, styles.table_plain)
        for place, formula in enumerate(addresses, 1):
            put_address(sheet, Cell(row, table.left + place), formula, styles)
    for role, where in plan.start.items():
        put_text(sheet, where.first.moved(-1, 0), f"{role.replace('_', ' ')} before the first step", styles.note)
        for cell in where.cells():
            sheet.write_blank(cell.row - 1, cell.col - 1, None, styles.step_number)


def _marks(sheet, styles: Styles, plan: RatingStepsPlan) -> None:
    """Yellow: the row in hand, and the rows of its user and its item."""
    layout = plan.long.layout
    tables = ((Range(layout.ratings.top, plan.long.places.left, layout.ratings.bottom, plan.long.errors.right), "row"),
              *((Range(ids.top, ids.left - 1, ids.bottom, ids.left + plan.factors), index) for ids, index in (
                  (plan.long.user.ids, "user_idx"), (plan.long.item.ids, "item_idx"))))
    for where, index in tables:
        number, first = (ref(cell, rows=True, cols=True) for cell in (plan.settings[index], where.first))
        sheet.conditional_format(*box(where), {"type": "formula", "criteria": f"=ROW()-ROW({first})+1={number}", "format": styles.in_hand})
