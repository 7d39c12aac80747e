"""The helper columns of the sheet `served`: the fifth of every user and item, and which items the users' lists show.

A list is all items that score as much as the last of its places: of equals there, all are shown. What is predicted where nobody
rated stands in the filled tables.
"""

from __future__ import annotations

from workbook.model_sheets.view import View
from workbook.views.best_list import HIGH, LOW
from workbook.views.check.check_numbers import fixed
from workbook.write.references import ref
from workbook.write.styles import Styles
from workbook.write.write_cells import put_array, put_number, put_text

from .served_plan import DISCOUNT, IN_LIST, OF_ITEM, OF_USER, ORDERS, ServedPlan

_LINE = {"user": "INDEX({block},{i},0)", "item": "INDEX({block},0,{i})"}    # one member's part of a users × items block


def write_members(sheet, styles: Styles, plan: ServedPlan, view: View) -> None:
    """Number, ratings and fifth of every user and item; how popular what a user rated is, and each item's discount."""
    for side, column, names in (("user", plan.of_user, OF_USER), ("item", plan.of_item, OF_ITEM)):
        for which in names:
            put_text(sheet, column(which).first.moved(-1, 0), which if which != "number" else side, styles.calc_head)
        n, numbers = fixed(column("ratings")), fixed(column("number"))
        for row, cell in enumerate(column("ratings").cells()):
            put_number(sheet, column("number").first.moved(row, 0), row + 1, styles.calc_whole)
            rated = _LINE[side].format(block=view.name("ratings"), i=row + 1)
            put_array(sheet, cell, f"=COUNT({rated})", styles.calc_whole)
            mine = ref(cell)
            before = f"SUM(({n}>0)*(({n}<{mine})+({n}={mine})*({numbers}<{row + 1})))"
            put_array(sheet, column("fifth").first.moved(row, 0), f'=IF({mine}=0,-1,INT({before}*5/COUNTIF({n},">0")))', styles.calc_whole)
    of_items, ratings = fixed(plan.of_item("ratings")), view.name("ratings")
    put_array(sheet, plan.of_user("usual popularity"), f'=IF({fixed(plan.of_user("ratings"))}=0,"",MMULT(ISNUMBER({ratings})*1,{of_items})'
              f'/{fixed(plan.of_user("ratings"))})', styles.calc)
    put_array(sheet, plan.of_item("discount"), f"=N({fixed(DISCOUNT)})*STDEVP({ratings})*LOG10(1+{of_items})", styles.calc)


def write_places(sheet, styles: Styles, plan: ServedPlan, view: View) -> None:
    """Of every user the score of the last place of the list, in both orders; an empty text where nothing is left to recommend."""
    counts, off = fixed(plan.of_item("ratings")), fixed(plan.of_item("discount"))
    for order in ORDERS:
        for row, cell in enumerate(plan.of_user(f"last place {order}").cells(), 1):
            rated = _LINE["user"].format(block=view.name("ratings"), i=row)
            score = view.block_of_chosen("filled", _LINE["user"].format(block="{block}", i=row))
            if order == ORDERS[1]:
                score = f"{score}-TRANSPOSE({off})"
            open_ = f'IF(ISNUMBER({rated}),"",IF(TRANSPOSE({counts})>0,{score},""))'
            mine = ref(plan.of_user("ratings").first.moved(row - 1, 0))
            put_array(sheet, cell, f'=IF({mine}=0,"",IFERROR(LARGE({open_},MIN({fixed(IN_LIST)},COUNT({open_}))),""))', styles.calc)


def write_times_shown(sheet, styles: Styles, plan: ServedPlan, view: View) -> None:
    """Of every item how many lists show it, in both orders, and the sum of what is predicted for it in these."""
    for order in ORDERS:
        last = fixed(plan.of_user(f"last place {order}"))
        for row, cell in enumerate(plan.of_item(f"shown {order}").cells(), 1):
            rated = _LINE["item"].format(block=view.name("ratings"), i=row)
            score = prediction = view.block_of_chosen("filled", _LINE["item"].format(block="{block}", i=row))
            if order == ORDERS[1]:
                score = f"{score}-{ref(plan.of_item('discount').first.moved(row - 1, 0))}"
            n = ref(plan.of_item("ratings").first.moved(row - 1, 0))
            kept = f"IF({prediction}<{LOW},{LOW},IF({prediction}>{HIGH},{HIGH},{prediction}))"
            for where, what in ((cell, "1"), (plan.of_item(f"worth {order}").first.moved(row - 1, 0), kept)):
                there = f"IF(ISNUMBER({last}),IF(ISNUMBER({rated}),0,IF({score}>={last},{what},0)),0)"
                put_array(sheet, where, f"=IF({n}=0,0,SUM({there}))", styles.calc_whole if what == "1" else styles.calc)
