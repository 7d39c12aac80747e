"""What *Run main* of xlwings' add-in does with a workbook of ours: the Python module beside it, called like it, has
this `main`."""

from __future__ import annotations

import subprocess
import sys


def main() -> None:
    """Fit the sheet in view of the workbook that called. Excel waits for what it calls, so the fit is
    a process of its own, as if a button had been pressed."""
    import xlwings

    book = xlwings.Book.caller()
    command = [sys.executable, "-P", "-m", "pyxl.press", "fit", "--from_xl=1", f"--wb={book.name}",
               f"--sheet={book.sheets.active.name}", *(word for word in sys.argv if word.startswith("--hwnd"))]
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                     start_new_session=True, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))
