"""The xlwings engine `file`: no office at all, on our lossless writer.

Ordinary xlwings code reads, writes constants, and saves; formulas that depend on what was written
are evaluated by us and asked for again when Excel opens the file. What the file format's writer
does not do (new formulas, names or sheets) is refused, not imitated.
"""

from __future__ import annotations

from pathlib import Path

from xlwings import base_classes

from pyxl.hosts import live_values as values
from pyxl.hosts.file_host import FileHost
from pyxl.xlsx import open_workbook
from solver.errors import UserError

from .file_book import FileBook


class FileEngine:
    """What xlwings registers: one app, which holds the files that are open."""

    name, type = "file", "desktop"
    prepare_xl_data_element = staticmethod(values.prepared)
    clean_value_data = staticmethod(values.cleaned)

    def __init__(self):
        self.apps = FileApps(self)


class FileApps(base_classes.Apps):
    """The one app."""

    def __init__(self, engine: FileEngine):
        self._app = FileApp(engine)

    def keys(self) -> list[int]:
        return [self._app.pid]

    def add(self, spec=None, add_book: bool | None = None, xl=None, visible: bool | None = None) -> FileApp:
        if add_book:
            self._app.books.add()
        return self._app

    @staticmethod
    def cleanup() -> None:
        """There is no process to clean up after."""

    def __iter__(self):
        return iter([self._app])

    def __len__(self) -> int:
        return 1

    def __getitem__(self, pid: int) -> FileApp:
        return self._app


class FileApp(base_classes.App):
    """Stands where a program would be."""

    pid, version, calculation = 0, "1.0", "automatic"
    display_alerts = True
    status_bar: str | bool = False

    def __init__(self, engine: FileEngine):
        self._engine, self._books = engine, FileBooks(self)

    @property
    def engine(self) -> FileEngine:
        return self._engine

    @property
    def api(self):
        return self

    @property
    def books(self) -> FileBooks:
        return self._books

    @property
    def visible(self) -> bool:
        return False

    @visible.setter
    def visible(self, value: bool) -> None:
        pass  # nobody sees a file

    def calculate(self) -> None:
        """Raises UserError for the first formula that only an office could evaluate."""
        for book in self._books:
            if problems := book.host.recalculate():
                raise UserError(f"{problems[0]} Its stored result is stale until Excel opens the workbook.")

    def quit(self) -> None:
        for book in list(self._books):
            book.close()

    kill = quit


class FileBooks(base_classes.Books):
    """The files that are open."""

    def __init__(self, app: FileApp):
        self.app = app
        self._books: list[FileBook] = []

    @property
    def api(self):
        return self._books

    @property
    def active(self) -> FileBook:
        return self._books[-1]

    def __iter__(self):
        return iter(self._books)

    def __len__(self) -> int:
        return len(self._books)

    def __call__(self, key) -> FileBook:
        for number, book in enumerate(self._books, 1):
            if key in (number, book.name, book.fullname):
                return book
        raise KeyError(key)

    def add(self):
        raise UserError("Without an office no empty workbook can be made. Build one: collabsheet new.")

    def open(self, fullname: str, *_, **__) -> FileBook:
        book = FileBook(self.app, FileHost(open_workbook(Path(fullname).resolve())), closed=self._books.remove)
        self._books.append(book)
        return book
