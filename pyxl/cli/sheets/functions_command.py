"""The command `functions`: functions for cells in LibreOffice, as long as it runs."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from pyxl.base.plain_output import Say
from pyxl.cli.command_line import Command

if TYPE_CHECKING:
    import xlwings

_PAUSE = 0.5    # seconds between two looks whether the workbook is still open


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workbook", help="the workbook, which is opened in LibreOffice if it is not")


def _functions(args: argparse.Namespace, say: Say) -> dict:
    from pyxl.functions.office_functions import enter_again, functions_in
    from pyxl.functions.udfs import CELL_FUNCTIONS
    from pyxl.live.open_live import opened_live

    with (opened_live(args.workbook, engine="libreoffice") as book, functions_in(book.app.impl.office),
          suppress(KeyboardInterrupt)):
        enter_again(book.api)
        say(f"The cells of {book.name} know {', '.join(CELL_FUNCTIONS)} until you press Ctrl-C here, or close it.")
        while _is_open(book):
            time.sleep(_PAUSE)
    return {"workbook": str(args.workbook), "functions": list(CELL_FUNCTIONS)}


def _is_open(book: xlwings.Book) -> bool:
    try:
        return bool(book.name)
    except Exception:   # the office's own: it was closed
        return False


FUNCTIONS_COMMAND = Command("functions", "Let the cells of a workbook use CF_PREDICT and the functions like it, in LibreOffice.",
                            "collabsheet functions book.xlsx", _arguments, _functions)
