"""The buttons of the optimizer workbook: plain macros, which need no Python."""

from __future__ import annotations

from pyxl.grid.cells import Cell
from workbook.vba.macro_text import macro_text

TRAINING_MODULE = "Training"
TRAINING_BUTTONS = {    # caption -> (macro, what it does)
    "Step": ("TrainStep", "Take the next row of data"),
    "Epoch": ("TrainEpoch", "Go on to the next epoch"),
    "Run": ("TrainRun", "Run five epochs"),
    "Reset": ("TrainReset", "Start anew: the start values of the sheet data, and an empty log"),
}
COMPARE_BUTTONS = {
    "Run all": ("TrainRunAll", "Run five epochs on every sheet"),
    "Reset all": ("TrainResetAll", "Start anew on every sheet"),
}
_WIDTH, _HEIGHT, _GAP = 66, 24, 4       # pixels


def insert_buttons(sheet, buttons: dict[str, tuple[str, str]], first: Cell) -> None:
    """Put the buttons on an XlsxWriter sheet, in a line that begins in a cell."""
    for place, (caption, (macro, description)) in enumerate(buttons.items()):
        sheet.insert_button(first.row - 1, first.col - 1, {
            "macro": macro, "caption": caption, "description": description, "width": _WIDTH, "height": _HEIGHT,
            "x_offset": place * (_WIDTH + _GAP), "y_offset": 4})


def training_macros() -> str:
    """The text of the macros, as one reads it in Excel's editor."""
    return macro_text("training.bas", "area_of.bas")
