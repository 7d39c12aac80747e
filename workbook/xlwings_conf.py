"""The sheet `xlwings.conf`, in which xlwings' add-in (Run main, Import Functions) finds its settings."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.block_names import PYTHON

XLWINGS_CONF = "xlwings.conf"


def write_conf(workbook: Workbook) -> None:
    """Add the sheet, which nobody sees: names in column A, settings in column B.

    The path of Python stands on `start` and nowhere else: whoever changes it there changes it here.
    """
    sheet = workbook.add_worksheet(XLWINGS_CONF)
    for row, system in enumerate(("Win", "Mac")):
        sheet.write_string(row, 0, f"Interpreter_{system}")
        sheet.write_formula(row, 1, f"={PYTHON}")
    sheet.write_row(2, 0, ("UDF MODULES", "pyxl.functions.udfs"))    # no PYTHONPATH: a blank one would hide the user's own
    sheet.hide()
