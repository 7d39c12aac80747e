"""A workbook file as the place where a fit happens: changes are gathered, then saved at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.grid import DefinedName, Grid, Table, refuse_formulas
from pyxl.grid.problem import SheetRange
from pyxl.xlsx import NewSheet, WorkbookFile

from .protection import Protected
from .refresh_results import Changes, refreshed


class FileHost:
    """An open workbook file and the changes that wait to be saved.

    Reads as the file does (`grid` is the file as it was); `write` takes changes, `recalculate`
    brings all formulas up to date with them, `value` tells what a cell holds now, and `save` puts
    changes and fresh results into the file, or into a copy.
    """

    def __init__(self, file: WorkbookFile):
        self.file = file
        self._changes: dict[str, dict[Cell, Value]] = {}
        self._results: dict[str, dict] = {}
        self._problems: list[str] = []
        self._stale = False
        self._new: dict[str, NewSheet] = {}

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def sheets(self) -> tuple[str, ...]:
        return (*self.file.sheets, *self._new)

    @property
    def names(self) -> tuple[DefinedName, ...]:
        return self.file.names

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.file.tables

    @property
    def date1904(self) -> bool:
        return self.file.date1904

    @property
    def manual_calculation(self) -> bool:
        return self.file.manual_calculation

    def grid(self, sheet: str) -> Grid:
        return Grid(sheet) if sheet in self._new else self.file.grid(sheet)

    def add_sheet(self, sheet: NewSheet) -> None:
        """Add a sheet behind all others, unless one of that name is there. Raises UserError."""
        if sheet.name not in self.sheets:
            self.file.refuse_new_sheet(sheet)
            self._new[sheet.name] = sheet

    def write(self, changes: Changes) -> None:
        """Take new constants, by sheet and cell; None clears. Raises UserError for a formula's cell."""
        for sheet, cells in changes.items():
            refuse_formulas(self.grid(sheet), cells)
            self._changes.setdefault(sheet, {}).update(cells)
        self._stale = True

    def refuse_protected(self, areas: Iterable[SheetRange]) -> None:
        """Raise Protected where the sheet of one of these ranges is protected: it could not be saved."""
        for sheet in dict.fromkeys(sheet for sheet, _ in areas):
            if self.grid(sheet).protected:
                raise Protected(f"Sheet '{sheet}' is protected. Use Review > Unprotect Sheet in Excel, then run again; nothing was saved.")

    def recalculate(self) -> list[str]:
        """Bring results up to date; sentences on formulas that could not be evaluated."""
        if self._stale:
            known = {sheet: cells for sheet, cells in self._changes.items() if sheet not in self._new}
            self._results, self._problems = refreshed(self.file, known)
            self._stale = False
        return self._problems

    def value(self, sheet: str, cell: Cell) -> Value:
        """What a cell holds now; None where it is blank."""
        self.recalculate()
        if cell in (changes := self._changes.get(sheet, {})):
            return changes[cell]
        result = self._results.get(sheet, {}).get(cell)
        return result.value if result else self.grid(sheet).values.get(cell)

    def edited(self, sheet: str, where: Range) -> bool:
        """Whether somebody else changed a range since it was read: a file is ours until it is saved."""
        return False

    def present(self, sheet: str) -> Mapping[Cell, Value]:
        """What all cells of a sheet hold now."""
        self.recalculate()
        values = self.grid(sheet).values
        results, changes = self._results.get(sheet), self._changes.get(sheet)
        if not (results or changes):
            return values
        fresh = {cell: cached.value for cell, cached in (results or {}).items()}
        return {**values, **fresh, **(changes or {})}

    def save(self, *, out: Path | None = None, overwrite: bool = False) -> None:
        """Put everything into the file, or into the copy `out`; all or nothing."""
        self.recalculate()
        edits = {sheet: {**self._changes.get(sheet, {}), **self._results.get(sheet, {})}
                 for sheet in self._changes | self._results}
        self.file.save(edits, new_sheets=tuple(self._new.values()), out=out, overwrite=overwrite)
        if out is None:
            self._changes, self._results, self._problems, self._new = {}, {}, [], {}
