"""The sheet `served`: who rates, whose ratings are predicted well, which items lists show, and what a discount on popular ones costs."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range, quoted
from solver.judging.who_is_served import FIFTHS
from workbook.model_sheets.view import View
from workbook.views.check.check_numbers import fixed
from workbook.views.check.check_sheet import CHECK_SHEET, check_plan
from workbook.write.styles import CHART_FONT, CHART_LINE, HELD_LINE, Styles, fold_helpers, print_setup
from workbook.write.write_cells import put_array, put_number, put_text

from .served_numbers import write_members, write_places, write_times_shown
from .served_plan import (
    ACTIVE,
    CHART,
    DISCOUNT,
    ERRORS_HEAD,
    IN_LIST,
    LIST,
    LISTS_HEAD,
    ORDERS,
    POPULAR,
    SERVED_FIRST,
    SERVED_PRINTED,
    ServedPlan,
)

_NAME = "served"
SERVED_ASKED = ("served_list", "served_discount")       # names of the two cells, by which an update keeps what was typed
MOST_IN_LIST = 10
_FIRST_IN_LIST, _FIRST_DISCOUNT = 5, 0.3
_FIFTHS = ("least", "2nd", "3rd", "4th", "most")


def served_plan(view: View) -> ServedPlan:
    """The plan of the sheet for what `view` shows."""
    return ServedPlan(len(view.content.users), len(view.content.items))


def write_served(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet."""
    sheet, plan = workbook.add_worksheet(_NAME), served_plan(view)
    _words(sheet, styles, view)
    for name, cell in zip(SERVED_ASKED, (IN_LIST, DISCOUNT)):
        workbook.define_name(name, f"={_NAME}!{Range.around([cell]).absolute}")
    write_members(sheet, styles, plan, view)
    write_places(sheet, styles, plan, view)
    write_times_shown(sheet, styles, plan, view)
    for cell, side in ((ACTIVE, "user"), (POPULAR, "item")):
        counts = fixed(plan.of_user("ratings") if side == "user" else plan.of_item("ratings"))
        put_array(sheet, cell, f"={_share_of_most(counts)}", styles.share_head)
    _errors(sheet, styles, plan, view)
    for order in ORDERS:
        _list(sheet, styles, plan, view, order)
    _chart(workbook, sheet, plan)
    sheet.set_row(0, 24)
    sheet.set_column(0, 0, 34, styles.text)
    sheet.set_column(1, SERVED_PRINTED - 1, 12, styles.text)
    sheet.set_column(6, 9, 16, styles.text)      # below the longer headers
    fold_helpers(sheet, SERVED_PRINTED + 2, plan.right, 10, styles.calc)
    sheet.print_area(0, 0, CHART + 14, SERVED_PRINTED - 1)
    print_setup(sheet, one_page=True)


def _share_of_most(counts: str) -> str:
    """The formula of the share that the tenth with most ratings has of them: see `who_is_served.share_of_most_active`."""
    n = f'COUNTIF({counts},">0")'
    k = f"MAX(1,IF(MOD({n},10)=5,2*ROUND({n}/20,0),ROUND({n}/10,0)))"       # halves go to the even number, as Python's do
    last = f"LARGE({counts},{k})"
    return f'(SUMIF({counts},">"&{last})+({k}-COUNTIF({counts},">"&{last}))*{last})/MAX(1,SUM({counts}))'


def _errors(sheet, styles: Styles, plan: ServedPlan, view: View) -> None:
    check = check_plan(view)
    which = ("their error²", "held out") if check.held else ("error²", "ratings")
    for side, members in (("user", plan.of_user), ("item", plan.of_item)):
        error, n = (f"{CHECK_SHEET}!{fixed(check.of_side(side, column))}" for column in which)
        for fifth, cell in enumerate(plan.of_errors(side).cells()):
            among = f"({fixed(members('fifth'))}={fifth})"
            put_array(sheet, cell, f'=IF(SUM({among}*{n})=0,"",SQRT(SUM({among}*{error})/SUM({among}*{n})))', styles.ranked)


def _list(sheet, styles: Styles, plan: ServedPlan, view: View, order: str) -> None:
    """A line of the table of lists."""
    *fifths, lift, there, mean, found = plan.of_list(order).cells()
    shown, worth, n = (fixed(plan.of_item(which)) for which in (f"shown {order}", f"worth {order}", "ratings"))
    every = f"SUM({shown})"

    def told(cell: Cell, formula: str, style) -> None:
        put_array(sheet, cell, f'=IF({every}=0,"",{formula})', style)
    for fifth, cell in enumerate(fifths):
        told(cell, f"SUM(({fixed(plan.of_item('fifth'))}={fifth})*{shown})/{every}", styles.share_head)
    told(lift, f"SUM({shown}*{n})/{every}/AVERAGE({fixed(plan.of_user('usual popularity'))})-1", styles.share_head)
    told(there, f"SUM(({shown}>0)*1)/SUM(({n}>0)*1)", styles.share_head)
    told(mean, f"SUM({worth})/{every}", styles.ranked)
    check = check_plan(view)
    if not check.held:
        put_text(sheet, found, "–", styles.ranked)
        return
    user, item, observed, predicted = (f"{CHECK_SHEET}!{fixed(check.of_held(which))}" for which in ("user no.", "item no.", "observed", "shown model"))
    score, last = predicted, f"LOOKUP({user},{fixed(plan.of_user('number'))},{fixed(plan.of_user(f'last place {order}'))})"
    if order == ORDERS[1]:
        score = f"{score}-LOOKUP({item},{fixed(plan.of_item('number'))},{fixed(plan.of_item('discount'))})"
    liked = f"IF(ISNUMBER({observed}),({observed}>={CHECK_SHEET}!{fixed(check.constant('mean rating'))})*1,0)"
    told(found, f"SUM(IF({liked}=1,({score}>={last})*1,0))/MAX(1,SUM({liked}))", styles.share_head)


def _chart(workbook: Workbook, sheet, plan: ServedPlan) -> None:
    chart = workbook.add_chart({"type": "column"})
    for order, colour in zip(ORDERS, (CHART_LINE, HELD_LINE)):
        row = plan.of_list(order)
        cells = Range(row.top, row.left, row.top, row.left + FIFTHS - 1)
        head = Range(LISTS_HEAD, row.left, LISTS_HEAD, row.left + FIFTHS - 1)
        chart.add_series({"name": order, "categories": f"={quoted(_NAME)}!{head.absolute}", "values": f"={quoted(_NAME)}!{cells.absolute}",
                          "categories_data": list(_FIFTHS), "fill": {"color": colour}, "gap": 60, "overlap": 0})
    chart.set_title({"name": "What is recommended, by the items' number of ratings", "name_font": {**CHART_FONT, "size": 11}, "overlay": False})
    chart.set_x_axis({"num_font": CHART_FONT, "major_gridlines": {"visible": False}})
    chart.set_y_axis({"num_font": CHART_FONT, "num_format": "0%", "min": 0, "major_gridlines": {"visible": True, "line": {"color": "#E3E3E3"}}})
    chart.set_legend({"position": "top", "font": CHART_FONT})
    chart.set_size({"width": 620, "height": 255})
    sheet.insert_chart(CHART - 1, 0, chart, {"x_offset": 5, "y_offset": 2, "object_position": 2})


def _words(sheet, styles: Styles, view: View) -> None:
    put_text(sheet, Cell(1, 1), "Whom it serves", styles.title)
    put_text(sheet, Cell(2, 1), "Who rates, whose ratings are predicted well, and which items the lists of all users show: a fifth of the items is each column.", styles.note)
    put_text(sheet, Cell(3, 1), "The discount takes popular items back: see below what it changes, and what it costs. "
                            f"It is live: it shows {view.followed}.", styles.note)
    for cell, label, value, note in (
            (IN_LIST, "items in the list of each user", _FIRST_IN_LIST, f"1 to {MOST_IN_LIST}, of those not rated, those held out among them"),
            (DISCOUNT, "discount", _FIRST_DISCOUNT, "standard deviations of the ratings off a prediction, for each tenfold of its item's ratings")):
        put_text(sheet, cell.moved(0, -1), label, styles.label)
        put_number(sheet, cell, value, styles.choice)
        put_text(sheet, cell.moved(0, 1), note, styles.note_beside)
    sheet.data_validation(str(IN_LIST), {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": MOST_IN_LIST,
                                         "error_title": "No such list", "error_message": f"Give a whole number from 1 to {MOST_IN_LIST}."})
    sheet.data_validation(str(DISCOUNT), {"validate": "decimal", "criteria": ">=", "value": 0, "error_title": "This is no discount",
                                          "error_message": "Give a number of 0 or more."})
    for cell, label, note in ((ACTIVE, "ratings by the most active tenth", "of the users"), (POPULAR, "ratings of the most popular tenth", "of the items")):
        put_text(sheet, cell.moved(0, -1), label, styles.name)
        put_text(sheet, cell.moved(0, 1), note, styles.note_beside)
    judged = "held-out ratings" if len(view.content.held) else "training ratings"
    for row, what in ((ERRORS_HEAD, f"RMSE of {judged}, by fifths"), (LISTS_HEAD, "recommended of each fifth of the items")):
        put_text(sheet, Cell(row, 1), what, styles.header_left)
        for col, header in enumerate(_FIFTHS, 2):
            put_text(sheet, Cell(row, col), header, styles.header)
    for col, header in enumerate(LIST, 2 + FIFTHS):
        put_text(sheet, Cell(LISTS_HEAD, col), header, styles.header)
    for row, label in ((ERRORS_HEAD + 1, "by the users' number of ratings"), (ERRORS_HEAD + 2, "by the items' number of ratings"),
                       *((LISTS_HEAD + 1 + at, order) for at, order in enumerate(ORDERS))):
        put_text(sheet, Cell(row, 1), label, styles.name)
    put_text(sheet, Cell(SERVED_FIRST - 2, SERVED_PRINTED + 2), "Helper calculations, not printed: change nothing here.", styles.calc_head)
