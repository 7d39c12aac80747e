"""The buttons that take steps: plain macros, which need no Python. They make a third line below those of a model sheet."""

from __future__ import annotations

from workbook.model_sheets.buttons import insert_line
from workbook.vba.macro_text import macro_text

STEP_MODULE = "Descent"
STEP_BUTTONS = {    # caption -> (macro, what it does)
    "Step": ("DescendOnce", "One step of gradient descent, by the formulas of the sheet"),
    "×10": ("DescendTen", "Ten steps"),
    "×100": ("DescendHundred", "A hundred steps"),
    "Reset": ("DescendReset", "Back to where the steps began"),
}


def insert_step_buttons(sheet) -> None:
    """Put them on a model sheet whose first row has room for a third line."""
    insert_line(sheet, 2, STEP_BUTTONS)


def step_macros() -> str:
    """The text of the macros, as one reads it in Excel's editor."""
    return macro_text("descent.bas", "area_of.bas")
