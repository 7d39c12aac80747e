"""Draws docs/pictures/buttons.png: the example workbook on a screen, after a click on Fit.

    python docs/draw_buttons.py [FOLDER]

Needs LibreOffice, Xvfb and xdotool.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHEET, ZOOM = "bias", 70    # percent, so that the chart beside the table is seen


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]
    from office import until
    from screen import Screen, demo_book

    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Screen(demo_book(Path(folder)), Path(folder) / "home") as screen:
        sheet = screen.book.sheets[SHEET]
        sheet.activate()
        view = screen.book.impl.document.CurrentController
        view.ZoomValue = ZOOM
        view.select(sheet.impl.api.getCellRangeByName("A9"))    # out of the way
        screen.settle()
        screen.click("Fit", followed=lambda: sheet.range(f"{SHEET}_status").value)
        until(lambda: str(sheet.range(f"{SHEET}_status").value).startswith("RMSE "))
        screen.settle()
        screen.draw(out / "buttons.png")


if __name__ == "__main__":
    main()
