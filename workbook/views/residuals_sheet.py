"""The sheet `residuals`: by how much each rating was above or below its prediction, as a map of colours."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell, Range
from workbook.model_sheets.view import View
from workbook.write.display_labels import width_of
from workbook.write.references import box, ref
from workbook.write.styles import Styles, around_zero, print_setup
from workbook.write.write_cells import put_array, put_text

_NAME = "residuals"
RESIDUALS_HEAD = 5      # the row of the items' labels
MOST_SHOWN = 60         # of users, and of items: a screen cannot show more colours


def residuals_block(users: int, items: int) -> Range:
    """The cells of the residuals."""
    return Range(RESIDUALS_HEAD + 1, 2, RESIDUALS_HEAD + min(users, MOST_SHOWN), 1 + min(items, MOST_SHOWN))


def write_residuals(workbook: Workbook, styles: Styles, view: View) -> None:
    """Add the sheet: a formula a row, in the order of the model sheets."""
    sheet, content = workbook.add_worksheet(_NAME), view.content
    block = residuals_block(len(content.users), len(content.items))
    rows, cols = block.shape
    _words(sheet, styles, view, block)
    items = Range(RESIDUALS_HEAD, block.left, RESIDUALS_HEAD, block.right)
    longest = max(len(str(item)) for item in content.items[:cols])
    put_array(sheet, items, f"={view.name('item_ids')}", styles.header_up if longest > 6 else styles.header)
    sheet.set_row(RESIDUALS_HEAD - 1, min(18 + 4.9 * longest, 140) if longest > 6 else None)
    put_text(sheet, Cell(RESIDUALS_HEAD, 1), "user ↓  item →", styles.corner)
    for user in range(rows):
        cell = Cell(block.top + user, 1)
        put_array(sheet, cell, f"=INDEX({view.name('user_ids')},{user + 1})", styles.user)
        rated = f"INDEX({view.name('ratings')},{user + 1},0)"
        predicted = view.block_of_chosen("predictions", f"INDEX({{block}},{user + 1},0)")
        line = Range(cell.row, block.left, cell.row, block.right)
        put_array(sheet, line, f'=IF(ISNUMBER({rated}),{rated}-({predicted}),"")', styles.prediction)
    sheet.conditional_format(*box(block), {"type": "formula", "criteria": f'={ref(block.first)}=""', "format": styles.unrated_here, "stop_if_true": True})
    sheet.conditional_format(*box(block), around_zero())
    sheet.set_column(0, 0, width_of(content.users, least=14), styles.text)
    sheet.set_column(block.left - 1, block.right - 1, 5.2, styles.text)
    sheet.set_row(0, 24)
    sheet.freeze_panes(RESIDUALS_HEAD, 1)
    sheet.print_area(0, 0, block.bottom - 1, block.right - 1)
    print_setup(sheet, one_page=True)


def _words(sheet, styles: Styles, view: View, block: Range) -> None:
    put_text(sheet, Cell(1, 1), "Residuals", styles.title)
    put_text(sheet, Cell(2, 1), "Rating − prediction. Orange: liked more than predicted; blue: less; white: as predicted; grey: not rated. "
             f"It is live: it shows {view.followed}.", styles.note)
    put_text(sheet, Cell(3, 1), "A row of one colour: that user's bias is off. A column: the item's. A patch: a taste that no factor has yet.", styles.note)
    users, items = len(view.content.users), len(view.content.items)
    if (users, items) != block.shape:
        put_text(sheet, Cell(4, 1), f"The first {block.shape[0]} of {users} users and {block.shape[1]} of {items} items are shown.", styles.note)
