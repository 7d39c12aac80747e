"""Opens a workbook in the program that a user looks at, or takes it where it is open already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pyxl.engines import ENGINES, choose_engine
from pyxl.engines.libreoffice.find_office import OFFICE, has_screen
from pyxl.grid.block_names import control_name
from pyxl.grid.sheet_names import area_named, prefix_of
from pyxl.hosts.live_host import LiveHost
from solver.errors import UserError

if TYPE_CHECKING:
    import xlwings


@contextmanager
def opened_live(path, *, engine: str | None = None, show: str | None = None) -> Iterator:
    """The xlwings book of `path` in the engine named, or the one that `choose_engine` takes.

    In a program the book stays open, unsaved, for its user to look at: at the sheet `show`, or the first
    model sheet, unless it was open already. A file (engine ``file``) is saved at the end, unless an error ends it.
    Raises UserError.
    """
    full = Path(path).resolve()
    if not full.is_file():
        raise UserError(f"There is no file '{path}'. Build a workbook: collabsheet new, or collabsheet demo.")
    chosen = choose_engine(engine)
    if chosen.name == "libreoffice" and not (has_screen() or OFFICE in os.environ):
        raise UserError("There is no screen on which LibreOffice could show the workbook. Fit the file: "
                        f"collabsheet fit {path} --in-place.")
    import xlwings
    if not len(xlwings.apps):
        xlwings.App(visible=True, add_book=False)
    was_open = any(book.name == full.name for app in xlwings.apps for book in app.books)
    book = xlwings.Book(str(full))
    if chosen.name != "file":
        if not was_open and (sheet := _sheet_to_show(book, show)) is not None:
            book.sheets[sheet].activate()
        yield book
        return
    try:
        yield book
        book.save()
    finally:
        book.close()


def _sheet_to_show(book: xlwings.Book, wanted: str | None) -> str | None:
    """The sheet wanted, or the first on which one sees how a fit goes."""
    host = LiveHost(book)
    if wanted is not None:
        return wanted if wanted in host.sheets else None
    prefixes = {sheet: prefix_of(host, sheet) for sheet in host.sheets}
    return next((sheet for sheet, prefix in prefixes.items() if prefix and area_named(host, control_name(prefix, "status"))), None)


def where_it_is(book: xlwings.Book) -> str:
    """A sentence on where a person finds the book now."""
    engine = book.app.engine.name
    return (f"Wrote {book.fullname}" if engine == "file" else
            f"{book.name} is open in {ENGINES[engine].summary}, not saved yet: save it there.")
