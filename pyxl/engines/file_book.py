"""A workbook file in the shape that xlwings asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from xlwings import NoSuchObjectError, base_classes

from pyxl.formulas.language.syntax.formula_text import as_shown, moved
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.grid import DefinedName
from pyxl.grid.sheet_names import area_of
from pyxl.hosts.file_host import FileHost
from pyxl.hosts.live_values import as_raw, as_rows, moment, serial
from solver.errors import UserError

from .block import CellBlock, area
from .sheet_tables import SheetTable, SheetTables


class FileBook(base_classes.Book):
    """One open file."""

    def __init__(self, app, host: FileHost, *, closed: Callable[[FileBook], None]):
        self._app, self.host, self._closed = app, host, closed

    @property
    def app(self):
        return self._app

    @property
    def api(self):
        return self.host

    @property
    def fullname(self) -> str:
        return str(self.host.file.path)

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def date1904(self) -> bool:
        """Whether days are counted from 1 January 1904 and not from 1900."""
        return self.host.date1904

    @property
    def sheets(self) -> FileSheets:
        return FileSheets(self)

    @property
    def names(self) -> NamesInFile:
        return NamesInFile(self, list(self.host.names))

    def save(self, path: str | None = None, password: str | None = None) -> None:
        if password:
            raise UserError("Without an office no password can be set. Save the workbook in Excel.")
        self.host.save(out=None if path is None else Path(path), overwrite=True)

    def close(self) -> None:
        self.host.file.close()
        self._closed(self)

    def activate(self) -> None:
        pass  # nobody sees a file


class FileSheets(base_classes.Sheets):
    """The worksheets of a file, in tab order."""

    def __init__(self, book: FileBook):
        self._book = book

    @property
    def api(self):
        return self._book.host.sheets

    @property
    def active(self) -> FileSheet:
        return self(1)

    def __len__(self) -> int:
        return len(self.api)

    def __iter__(self):
        return (FileSheet(self._book, name) for name in self.api)

    def __contains__(self, name: str) -> bool:
        return name in self.api

    def __call__(self, key: int | str) -> FileSheet:
        if isinstance(key, str) and key not in self.api:
            raise NoSuchObjectError(f"There is no sheet '{key}'.")
        return FileSheet(self._book, key if isinstance(key, str) else self.api[key - 1])

    def add(self, before=None, after=None, name=None):
        raise UserError("Without an office no sheet can be added. Add it in Excel or LibreOffice.")


class FileSheet(base_classes.Sheet):
    """One worksheet."""

    def __init__(self, book: FileBook, name: str):
        self._book, self._name = book, name

    @property
    def api(self):
        return self._book.host.grid(self._name)

    @property
    def book(self) -> FileBook:
        return self._book

    @property
    def name(self) -> str:
        return self._name

    @property
    def names(self) -> NamesInFile:
        return NamesInFile(self._book, [name for name in self._book.host.names if name.scope == self._name])

    @property
    def tables(self) -> SheetTables:
        return SheetTables([SheetTable(self, table.name, table.where, headers=bool(table.headers), totals=bool(table.totals))
                            for table in self._book.host.tables if table.sheet == self._name])

    @property
    def index(self) -> int:
        return self._book.host.sheets.index(self._name) + 1

    def activate(self) -> None:
        pass  # nobody sees a file

    @property
    def used_range(self) -> FileRange:
        cells = self._book.host.present(self._name).keys() | self.api.formulas.keys()
        last = Range.around(cells) if cells else Range(1, 1, 1, 1)
        return FileRange(self, Range(1, 1, last.bottom, last.right))

    def range(self, first, last=None) -> FileRange:
        return FileRange(self, area(first, last, named=self._named))

    def _named(self, name: str) -> Range | None:
        scoped = {n.scope: n.refers_to for n in self._book.host.names if n.name == name}
        found = area_of(scoped.get(self._name) or scoped.get(None) or "")
        return found and found[1]


class FileRange(CellBlock):
    """A rectangle of a sheet in a file."""

    @property
    def raw_value(self):
        name, grid = self._sheet.name, self._sheet.api
        present, formats = self._sheet.book.host.present(name).get, grid.formats
        r = self.where
        rows = [[present((row, col), "") for col in range(r.left, r.right + 1)] for row in range(r.top, r.bottom + 1)]
        for cell, meaning in formats.items():
            if meaning == "date" and cell in r:
                value = rows[cell.row - r.top][cell.col - r.left]
                if isinstance(value, float):
                    rows[cell.row - r.top][cell.col - r.left] = moment(value, date1904=self._sheet.book.date1904)
        return as_raw(rows)

    @raw_value.setter
    def raw_value(self, values) -> None:
        r, formats = self.where, self._sheet.api.formats
        changes = {}
        for row, line in enumerate(as_rows(values, self.shape), r.top):
            for col, value in enumerate(line, r.left):
                if value == "":
                    value = None
                elif isinstance(value, str) and value.startswith("="):
                    raise self._no_formulas()
                elif isinstance(value, dt.datetime):
                    if formats.get((row, col)) != "date":
                        raise UserError(f"{quoted(self._sheet.name)}!{Cell(row, col)} would get a date where none "
                                        "stands, and without an office no cell is formatted. Enter it in Excel.")
                    value = serial(value, date1904=self._sheet.book.date1904)
                changes[Cell(row, col)] = value
        self._sheet.book.host.write({self._sheet.name: changes})

    @property
    def formula(self):
        """Formulas as Excel shows them; where there is none, the value as text, ``""`` for a blank."""
        grid, present = self._sheet.api, self._sheet.book.host.present(self._sheet.name)
        r = self.where
        rows = []
        for row in range(r.top, r.bottom + 1):
            line = []
            for col in range(r.left, r.right + 1):
                owner = grid.owner(Cell(row, col)) if grid.formulas else None
                if owner is None:
                    line.append(_as_text(present.get((row, col))))
                else:
                    formula = grid.formulas[owner]
                    text = moved(formula.text, owner.row - formula.anchor.row, owner.col - formula.anchor.col)
                    line.append("=" + as_shown(text))
            rows.append(tuple(line))
        return as_raw(tuple(rows))

    @formula.setter
    def formula(self, value) -> None:
        raise self._no_formulas()

    formula2 = formula

    @property
    def has_array(self) -> bool | None:
        """Whether all cells belong to array formulas; None where only some do."""
        covered = sum(_common(block, self.where) for block in self._sheet.api.arrays)
        return {0: False, self.where.size: True}.get(covered)

    def clear_contents(self) -> None:
        self.raw_value = ""

    def _no_formulas(self) -> UserError:
        return UserError(f"{quoted(self._sheet.name)}!{self.where}: without an office no formula is written. "
                         "Write it in Excel or LibreOffice.")


class NamesInFile(base_classes.Names):
    """Defined names."""

    def __init__(self, book: FileBook, names: list[DefinedName]):
        self._book, self._names = book, names

    def snapshot(self) -> list[tuple[str, NameInFile]]:
        names = [NameInFile(self._book, name) for name in self._names]
        return [(name.name, name) for name in names]

    def contains(self, key: str) -> bool:
        return any(key == name for name, _ in self.snapshot())

    def __len__(self) -> int:
        return len(self._names)

    def __call__(self, key: str) -> NameInFile:
        for name, found in self.snapshot():
            if name == key:
                return found
        raise KeyError(key)


class NameInFile(base_classes.Name):
    """One defined name."""

    def __init__(self, book: FileBook, api: DefinedName):
        self._book, self.api = book, api

    @property
    def name(self) -> str:
        return f"{quoted(self.api.scope)}!{self.api.name}" if self.api.scope else self.api.name

    @property
    def refers_to(self) -> str:
        return "=" + self.api.refers_to

    @property
    def refers_to_range(self) -> FileRange:
        found = area_of(self.api.refers_to)
        if found is None:
            raise NoSuchObjectError(f"The name '{self.name}' refers to no range of cells.")
        return FileRange(self._book.sheets(found[0]), found[1])


def _as_text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:.15g}" if isinstance(value, float) else value


def _common(a: Range, b: Range) -> int:
    """How many cells two rectangles share."""
    rows = min(a.bottom, b.bottom) - max(a.top, b.top) + 1
    cols = min(a.right, b.right) - max(a.left, b.left) + 1
    return max(0, rows) * max(0, cols)
