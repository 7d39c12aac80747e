"""What a live fit needs in a workbook: its status and its stop cell, and the sheet that keeps what was before."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.fit.own_sheets import before_fit
from workbook.write.styles import Styles

from .geometry import Crosstab, LongForm

STOP = "While a live fit runs, type anything here to stop it. The best so far is kept."


def write_controls(sheet, styles: Styles, plan: Crosstab | LongForm) -> None:
    """The cells `status` and `stop` of a model sheet, labelled beside them or, in long form, above."""
    for cell, text, style in ((plan.status, "status", styles.status), (plan.stop, "stop", styles.option)):
        row, col = cell.row - 1, cell.col - 1
        above = isinstance(plan, LongForm)
        sheet.write_string(row - above, col - (not above), text, styles.header if above else styles.label)
        sheet.write_blank(row, col, None, style)
    row, col = plan.stop.row - 1, plan.stop.col - 1
    sheet.data_validation(row, col, row, col, {"validate": "any", "input_title": "Stop", "input_message": STOP})


def write_before_fit(workbook: Workbook) -> None:
    """Add the hidden sheet that keeps the parameters as they were before the last fit."""
    sheet = workbook.add_worksheet(before_fit.SHEET)
    sheet.write_row(0, 0, before_fit._HEADERS)
    sheet.hide()
