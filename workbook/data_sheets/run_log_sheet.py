"""The sheet `run log`: its headers, and two lines on what it is for. Fits write the rest."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.fit.own_sheets.run_log import HEADERS, SETTING_COLUMNS
from pyxl.grid.cells import MAX_ROW, Range
from solver.core.options import Names
from solver.core.settings import OPTIONS
from workbook.write.references import box
from workbook.write.styles import Styles, print_setup

RUN_LOG_TITLE = "run log"
_NOTES = ("A line for every fit, the newest last. Sort, filter and delete lines as you like, and write beside them.",
         "Repeat a run exactly: collabsheet fit BOOK --repeat N --in-place, where N is its number in the first column.")
_LAST_PRINTED = "why it ended"
_HEAD = Range(4, 1, 4, len(HEADERS))
_WIDTHS = {"date": 16, "sheet": 12, "model": 10, "why it ended": 72, "RMSE before": 13, "RMSE after": 12,
           "hold-out RMSE": 15, "most epochs": 13, "weight decay": 13, "other settings": 24, "start values": 13}


def write_run_log(workbook: Workbook, styles: Styles) -> Range:
    """Add the sheet; returns where its headers stand."""
    numbers = {header: styles.plain for header, name in SETTING_COLUMNS.items() if not isinstance(OPTIONS[name].values, Names)}
    numbers |= dict.fromkeys(("run", "ratings", "epochs", "most epochs", "batch size"), styles.epoch)
    numbers |= dict.fromkeys(("RMSE before", "RMSE after", "hold-out RMSE"), styles.precise) | {"seconds": styles.plain}
    texts = {"date": styles.moment, "start values": styles.clipped}
    sheet = workbook.add_worksheet(RUN_LOG_TITLE)
    for col, header in enumerate(HEADERS):
        sheet.set_column(col, col, _WIDTHS.get(header, 11), (numbers | texts).get(header, styles.text))
        sheet.write_string(_HEAD.top - 1, col, header, styles.header if header in numbers else styles.header_left)
    sheet.set_row(0, 24)
    sheet.write_string(0, 0, "Run log", styles.title)
    for row, line in enumerate(_NOTES, 1):
        sheet.write_string(row, 0, line, styles.note)
    sheet.autofilter(*box(Range(_HEAD.top, _HEAD.left, MAX_ROW, _HEAD.right)))
    sheet.freeze_panes(_HEAD.top, 0)
    print_setup(sheet, repeat=(_HEAD.top - 1, _HEAD.top - 1))
    sheet.print_area(0, 0, MAX_ROW - 1, HEADERS.index(_LAST_PRINTED))  # the rest is to repeat a run by
    return _HEAD
