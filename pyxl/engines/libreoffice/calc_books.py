"""The spreadsheets that are open in LibreOffice, in the shape that xlwings asks for: found, made and opened."""

from __future__ import annotations

import os

from xlwings import base_classes

from solver.errors import UserError

from .calc_book import CalcBook
from .find_office import load_uno
from .office import properties

_AS_CONFIGURED = 3   # com.sun.star.document.MacroExecMode.USE_CONFIG: the user decides on macros


class CalcBooks(base_classes.Books):
    """The spreadsheets that are open in one LibreOffice."""

    def __init__(self, app):
        self.app = app
        self._known: dict[str, CalcBook] = {}   # of the documents that are open, by LibreOffice's own mark: what was got of them stays

    @property
    def api(self):
        return self.app.office.desktop.Components

    @property
    def active(self) -> CalcBook:
        current = self.app.office.desktop.CurrentComponent
        return next((book for book in self if book.document == current), None) or next(iter(self))

    def __iter__(self):
        documents, found = self.api.createEnumeration(), {}
        while documents.hasMoreElements():
            document = documents.nextElement()
            if document.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
                mark = document.RuntimeUID
                found[mark] = self._known.get(mark) or CalcBook(self.app, document)
        self._known = found
        return iter(found.values())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __call__(self, key) -> CalcBook:
        for number, book in enumerate(self, 1):
            if key in (number, book.name, book.fullname):
                return book
        raise KeyError(key)

    def add(self) -> CalcBook:
        return CalcBook(self.app, self._loaded("private:factory/scalc"))

    def open(self, fullname: str, update_links=None, read_only: bool | None = None, *_, **__) -> CalcBook:
        """Open a file. Raises UserError where it is open elsewhere, or has pivot tables, which
        LibreOffice redraws over the cells beside them."""
        path = os.path.abspath(fullname)
        document = self._loaded(load_uno().systemPathToFileUrl(path), ReadOnly=bool(read_only))
        book = CalcBook(self.app, document)
        try:
            if document.isReadonly() and not read_only:
                raise UserError(f"'{book.name}' is open elsewhere or read-only. Close it there, or clear the mark.")
            book.refuse_pivots()
        except BaseException:
            book.close()
            raise
        return book

    def _loaded(self, url: str, **options):
        document = self.app.office.desktop.loadComponentFromURL(
            url, "_blank", 0, properties(Hidden=not self.app.visible, MacroExecutionMode=_AS_CONFIGURED, **options))
        if document is None or not document.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
            if document is not None:
                document.close(True)
            raise UserError(f"LibreOffice cannot open '{os.path.basename(url)}' as a spreadsheet.")
        return document
