"""The buttons of a model sheet, and the macros behind them: what makes a workbook an .xlsm."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from xlsxwriter import Workbook

from pyxl.grid.cells import Cell
from workbook.vba.macro_text import macro_text
from workbook.vba.project import WORKBOOK, vba_project

MODULE = "Collabsheet"
BUTTONS = {  # caption -> (macro, what it does), in the order of the sheet: two lines of them
    "Fit": ("FitModel", "Fit this sheet: the parameters follow the ratings"),
    "Stop": ("StopFit", "Stop the fit and keep the best so far"),
    "Update": ("UpdateWorkbook", "Take in the users and items that came or went on the sheet ratings: saves the workbook and opens it anew"),
    "Restore": ("RestoreParameters", "Put back the parameters of before"),
    "Randomize": ("RandomizeParameters", "Draw new start values, by the next seed"),
    "Refresh": ("RefreshSheet", "Calculate everything again and say what came out"),
}
_LINES = (("Fit", "Stop", "Update"), ("Restore", "Randomize", "Refresh"))

# in pixels; they stand under the title, in the first row, which is frozen: always in reach
_LEFT, _TOP, _WIDTH, _HEIGHT, _GAP = 4, 32, 276, 24, 4
LEAST_WIDTH = 39     # of the columns under them together, in characters
FIRST_ROW = 0.75 * (_TOP + len(_LINES) * (_HEIGHT + _GAP) + 4)      # its height in points
ONE_LINE = 0.75 * (_HEIGHT + _GAP)      # of a line more


def write_buttons(sheet) -> None:
    """Put the buttons on a model sheet whose first row is `FIRST_ROW` high, or higher, and free there."""
    for line, captions in enumerate(_LINES):
        insert_line(sheet, line, {caption: BUTTONS[caption] for caption in captions})


def insert_line(sheet, line: int, buttons: Mapping[str, tuple[str, str]]) -> None:
    """Put a line of buttons, counted from 0, on a model sheet whose first row has room for it."""
    width = (_WIDTH - _GAP * (len(buttons) - 1)) // len(buttons)
    for place, (caption, (macro, description)) in enumerate(buttons.items()):
        sheet.insert_button(0, 0, {
            "macro": macro, "caption": caption, "description": description, "width": width, "height": _HEIGHT,
            "x_offset": _LEFT + place * (width + _GAP), "y_offset": _TOP + line * (_HEIGHT + _GAP)})


def write_update_button(sheet, cell: Cell) -> None:
    """Put the button Update alone on a sheet, at a cell of its first row."""
    macro, description = BUTTONS["Update"]
    sheet.insert_button(cell.row - 1, cell.col - 1, {"macro": macro, "caption": "Update", "description": description, "width": 90,
                                                     "height": _HEIGHT, "x_offset": _GAP, "y_offset": _GAP})


def add_macros(workbook: Workbook, modules: Mapping[str, str]) -> None:
    """Add macros, sources by the name of their module, to an XlsxWriter workbook whose sheets are all there."""
    workbook.set_vba_name(WORKBOOK)
    names = [f"Sheet{number}" for number, _ in enumerate(workbook.worksheets(), 1)]
    for sheet, name in zip(workbook.worksheets(), names):
        sheet.set_vba_name(name)
    workbook.add_vba_project(BytesIO(vba_project(modules, names)), True)


def macro_source() -> str:
    """The text of our macros, as one reads it in Excel's editor."""
    return macro_text("macros.bas", "in_quotes.bas", "run_python.bas", "area_of.bas")
