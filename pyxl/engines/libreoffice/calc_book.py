"""An open spreadsheet of LibreOffice, its sheets and its names, in the shape that xlwings asks for."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from typing import Any

from xlwings import NoSuchObjectError, base_classes

from pyxl.engines.block import area
from pyxl.engines.sheet_tables import SheetTable, SheetTables
from pyxl.grid.cells import Range, quoted
from solver.errors import UserError

from .calc_formulas import Translator
from .calc_range import CalcRange
from .find_office import load_uno
from .office import properties

_FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".xlsm": "Calc MS Excel 2007 VBA XML", ".ods": "calc8"}
_BAR, _INFO, _WARNING = "collabsheet", 0, 2     # com.sun.star.frame.InfobarType


class CalcBook(base_classes.Book):
    """One open spreadsheet."""

    def __init__(self, app, document):
        self._app, self.document = app, document

    @property
    def app(self):
        return self._app

    @property
    def api(self):
        return self.document

    @property
    def fullname(self) -> str:
        url = self.document.URL
        return load_uno().fileUrlToSystemPath(url) if url else self.document.Title

    @property
    def name(self) -> str:
        return os.path.basename(self.fullname)

    @property
    def date1904(self) -> bool:
        """Whether days are counted from 1 January 1904 and not from 1900."""
        return self.document.NullDate.Year == 1904

    @property
    def sheets(self) -> CalcSheets:
        return CalcSheets(self)

    @property
    def names(self) -> CalcNames:
        """All names: those of the workbook, and those of a sheet as ``sheet!name``."""
        return CalcNames(self, [(None, self.known_names)] + [(sheet.name, sheet.known_names) for sheet in self.sheets])

    @cached_property
    def known_names(self) -> KnownNames:
        """Its own names; those of a sheet are the sheet's."""
        return KnownNames(self.document.NamedRanges)

    @cached_property
    def known_sheets(self) -> dict[str, CalcSheet]:
        """Sheets that were asked for, by name. Each new object costs ten messages to the office and back, to see that it is the same
        still costs one: where it was renamed or deleted, it has another name now, or none."""
        return {}

    @cached_property
    def listed(self):
        """LibreOffice's own list of the sheets: one object for as long as the document is open."""
        return self.document.Sheets

    @property
    def status_indicator(self):
        """What shows a text in the status bar of its window."""
        return self.document.CurrentController.StatusIndicator

    def calculate(self) -> None:
        """Calculate all of it afresh: what a file brought along as results is not believed."""
        self.document.calculateAll()

    @property
    def calculation(self) -> str:
        return "automatic" if self.document.isAutomaticCalculationEnabled() else "manual"

    @cached_property
    def kinds_of_formats(self) -> dict[int, int]:
        """What kind of value a number format shows, by its key, as far as it was asked for: a key keeps its meaning."""
        return {}

    @cached_property
    def translator(self) -> Translator:
        return Translator(self.document, load_uno().getClass("com.sun.star.table.CellAddress"))

    def refuse_pivots(self) -> None:
        """Raise UserError where a sheet has a pivot table."""
        for sheet in self.sheets:
            if sheet.api.getDataPilotTables().getCount():
                raise UserError(f"'{self.name}' has a pivot table on sheet {quoted(sheet.name)}, which LibreOffice "
                                "redraws over the cells beside it. Fit it with --engine file, or in Excel.")

    def save(self, path: str | None = None, password: str | None = None) -> None:
        target = os.path.abspath(path or self.fullname)
        extra = {"Password": password} if password else {}
        self.document.storeAsURL(load_uno().systemPathToFileUrl(target), properties(FilterName=_kind_of(target), **extra))

    def save_copy(self, path: str) -> None:
        """Write it as it is now to another file; this one stays unsaved."""
        self.document.storeToURL(load_uno().systemPathToFileUrl(os.path.abspath(path)), properties(FilterName=_kind_of(path)))

    def close(self) -> None:
        self.document.close(True)

    def activate(self) -> None:
        self.document.CurrentController.Frame.activate()

    def announce(self, text: str, *, failed: bool = False) -> None:
        """Show a text in a bar over the sheet, until its user closes it or the next one comes."""
        controller = self.document.CurrentController
        if controller.hasInfobar(_BAR):
            controller.removeInfobar(_BAR)
        controller.appendInfobar(_BAR, "collabsheet", text, _WARNING if failed else _INFO, (), True)


class CalcSheets(base_classes.Sheets):
    """The sheets of a spreadsheet, in tab order. LibreOffice keeps each scenario as a sheet behind its own; these are no sheets of
    the workbook."""

    def __init__(self, book: CalcBook):
        self.book = book

    def _listed(self) -> list[CalcSheet]:
        return [sheet for name in self.api.ElementNames if not (sheet := self(name)).is_scenario]

    @property
    def api(self):
        return self.book.listed

    @property
    def active(self) -> CalcSheet:
        return CalcSheet(self.book, self.book.document.CurrentController.ActiveSheet)

    def __len__(self) -> int:
        return len(self._listed())

    def __iter__(self):
        return iter(self._listed())

    def __contains__(self, name: str) -> bool:
        return self.api.hasByName(name)

    def __call__(self, key: int | str) -> CalcSheet:
        if not isinstance(key, str):
            return self._listed()[key - 1]
        known = self.book.known_sheets
        with suppress(Exception):   # which one depends on what became of it
            if known[key].name == key:
                return known[key]
        try:
            known[key] = CalcSheet(self.book, self.api.getByName(key))
        except load_uno().getClass("com.sun.star.container.NoSuchElementException"):
            raise NoSuchObjectError(f"There is no sheet '{key}'.") from None
        return known[key]

    def add(self, before: CalcSheet | None = None, after: CalcSheet | None = None, name: str | None = None) -> CalcSheet:
        place = before.index - 1 if before else after.index if after else self.api.Count
        while place < self.api.Count and self.api.getByIndex(place).IsScenario:     # which stay behind their own sheet
            place += 1
        name = name or next(name for n in range(1, len(self) + 2) if not self.api.hasByName(name := f"Sheet{n}"))
        self.api.insertNewByName(name, place)
        return self(name)


class CalcSheet(base_classes.Sheet):
    """One sheet."""

    def __init__(self, book: CalcBook, api):
        self._book, self._api = book, api

    @property
    def api(self):
        return self._api

    @property
    def book(self) -> CalcBook:
        return self._book

    @property
    def name(self) -> str:
        return self._api.Name

    @name.setter
    def name(self, value: str) -> None:
        self._api.Name = value

    @cached_property
    def is_scenario(self) -> bool:
        """It stays what it is."""
        return self._api.IsScenario

    @property
    def names(self) -> CalcNames:
        return CalcNames(self._book, [(self.name, self.known_names)])

    @cached_property
    def known_names(self) -> KnownNames:
        return KnownNames(self._api.NamedRanges)

    @property
    def tables(self) -> SheetTables:
        """The Excel tables on this sheet: LibreOffice keeps them as database ranges."""
        ranges = self._book.document.DatabaseRanges
        found = ((name, ranges.getByName(name)) for name in ranges.ElementNames if not name.startswith("_"))   # not filters
        return SheetTables([SheetTable(self, name, _range_of(database.DataArea), headers=database.ContainsHeader,
                                       totals=database.TotalsRow)
                            for name, database in found if database.DataArea.Sheet + 1 == self.index])

    @property
    def index(self) -> int:
        return self._api.RangeAddress.Sheet + 1

    @property
    def visible(self) -> bool:
        return self._api.IsVisible

    @visible.setter
    def visible(self, value: bool) -> None:
        self._api.IsVisible = bool(value)

    def activate(self) -> None:
        self._book.document.CurrentController.setActiveSheet(self._api)

    @property
    def used_range(self) -> CalcRange:
        cursor = self._api.createCursor()
        cursor.gotoEndOfUsedArea(False)
        end = cursor.RangeAddress
        return CalcRange(self, Range(1, 1, end.EndRow + 1, end.EndColumn + 1))

    def range(self, first, last=None) -> CalcRange:
        return CalcRange(self, area(first, last, named=self._named))

    def _named(self, name: str) -> Range | None:
        for names in (self._api.NamedRanges, self._book.document.NamedRanges):
            if names.hasByName(name) and (cells := names.getByName(name).ReferredCells) is not None:
                return _range_of(cells.RangeAddress)
        return None


class KnownNames:
    """LibreOffice's names of a workbook or a sheet, with the objects that were got for them: each leads to what its name means now,
    whatever became of the cells."""

    def __init__(self, api):
        self.api = api
        self._objects: dict[str, Any] = {}

    def listed(self) -> list[tuple[str, Any]]:
        """(name, its object) of all that there are now."""
        names = self.api.ElementNames
        self._objects = {name: self._objects[name] if name in self._objects else self.api.getByName(name) for name in names}
        return list(self._objects.items())


class CalcNames(base_classes.Names):
    """Defined names: `places` are (sheet's name or None, its names)."""

    def __init__(self, book: CalcBook, places: list[tuple[str | None, KnownNames]]):
        self._book, self._places = book, places

    def snapshot(self) -> list[tuple[str, CalcName]]:
        return [(f"{quoted(sheet)}!{name}" if sheet else name, CalcName(self._book, sheet, name, found))
                for sheet, names in self._places for name, found in names.listed()]

    def contains(self, key: str) -> bool:
        return any(key == name for name, _ in self.snapshot())

    def __len__(self) -> int:
        return sum(names.api.Count for _, names in self._places)

    def __call__(self, key: str) -> CalcName:
        for name, found in self.snapshot():
            if name == key:
                return found
        raise KeyError(key)


class CalcName(base_classes.Name):
    """One defined name."""

    def __init__(self, book: CalcBook, sheet: str | None, name: str, api):
        self._book, self._sheet, self._name, self.api = book, sheet, name, api

    @property
    def name(self) -> str:
        return f"{quoted(self._sheet)}!{self._name}" if self._sheet else self._name

    @property
    def refers_to(self) -> str:
        return self._book.translator.name(self.api.Content)

    @property
    def refers_to_range(self) -> CalcRange:
        cells = self.api.ReferredCells
        if cells is None:
            raise NoSuchObjectError(f"The name '{self.name}' refers to no range of cells.")
        return CalcRange(CalcSheet(self._book, cells.Spreadsheet), _range_of(cells.RangeAddress))


def _kind_of(path: str) -> str:
    """LibreOffice's name for the kind of file that a name says."""
    kind = _FILTERS.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise UserError(f"'{os.path.basename(path)}' should end in one of: {', '.join(_FILTERS)}.")
    return kind


def _range_of(place) -> Range:
    """The rectangle that a com.sun.star.table.CellRangeAddress means; it counts from 0."""
    return Range(place.StartRow + 1, place.StartColumn + 1, place.EndRow + 1, place.EndColumn + 1)
