"""A workbook file as the place where a fit happens: changes are gathered, then saved at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.evaluate.dependents import Readers
from pyxl.formulas.language.syntax.formula_text import moved
from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.grid import DefinedName, Grid, Table, refuse_formulas
from pyxl.grid.problem import SheetRange
from pyxl.grid.scenario import Scenario
from pyxl.xlsx import Edit, InsteadOfFormula, NewSheet, OwnFormula, WorkbookFile

from .protection import Protected
from .refresh_results import Afresh, Changes


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
        self._stale = False     # whether results wait to be brought up to date
        self._readers: Readers | None = None
        self._now: Afresh | None = None     # the workbook with all changes, as far as a value was asked for
        self._new: dict[str, NewSheet] = {}
        self._overwritten: set[tuple[str, Cell]] = set()
        self._as_read = Calculator(file)

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
    def scenarios(self) -> tuple[Scenario, ...]:
        return self.file.scenarios

    @property
    def vba(self) -> bytes | None:
        return self.file.vba

    @property
    def manual_calculation(self) -> bool:
        return self.file.manual_calculation

    def grid(self, sheet: str) -> Grid:
        return Grid(sheet) if sheet in self._new else self.file.grid(sheet)

    def as_read(self) -> Calculator:
        """What the formulas of the file give before any change, each evaluated once."""
        return self._as_read

    def add_sheet(self, sheet: NewSheet) -> None:
        """Add a sheet behind all others, unless one of that name is there. Raises UserError."""
        if sheet.name not in self.sheets:
            self.file.refuse_new_sheet(sheet)
            self._new[sheet.name] = sheet

    def write(self, changes: Changes) -> None:
        """Take new constants, by sheet and cell; None clears. Raises UserError for a formula's cell."""
        for sheet, cells in changes.items():
            refuse_formulas(self.grid(sheet), (cell for cell in cells if (sheet, cell) not in self._overwritten))
            self._changes.setdefault(sheet, {}).update(cells)
        self._stale, self._now = True, None

    def overwrite_formulas(self, cells: Iterable[tuple[str, Cell]]) -> None:
        """From now on `write` takes constants for these (sheet, cell), too, in the place of their formulas."""
        self._overwritten.update(cells)

    def refuse_protected(self, areas: Iterable[SheetRange]) -> None:
        """Raise Protected where the sheet of one of these ranges is protected: it could not be saved."""
        for sheet in dict.fromkeys(sheet for sheet, _ in areas):
            if self.grid(sheet).protected:
                raise Protected(f"Sheet '{sheet}' is protected. Use Review > Unprotect Sheet in Excel, then run again; nothing was saved.")

    def recalculate(self) -> list[str]:
        """Bring results up to date; sentences on formulas that could not be evaluated."""
        if self._stale:
            self._results, self._problems = self._afresh().results()
            self._stale = False
        return self._problems

    def _afresh(self) -> Afresh:
        if self._now is None:
            known = {sheet: cells for sheet, cells in self._changes.items() if sheet not in self._new}
            if self._readers is None or not self._readers.know(known):
                self._readers = Readers(self.file, known)
            self._now = Afresh.of(self.file, known, self._readers, self._as_read)
        return self._now

    def value(self, sheet: str, cell: Cell) -> Value:
        """What a cell holds now; None where it is blank."""
        if cell in (changes := self._changes.get(sheet, {})):
            return changes[cell]
        if self._stale and sheet not in self._new:
            return self._afresh().value(sheet, cell)    # many formulas may wait for results that nobody asks for yet
        result = self._results.get(sheet, {}).get(cell)
        return result.value if result else self.grid(sheet).values.get(cell)

    def values(self, sheet: str, where: Range) -> list[Value]:
        """What the cells of a range hold now, in reading order."""
        return [self.value(sheet, cell) for cell in where.cells()]

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
        edits = {sheet: {**self._instead_of_formulas(sheet), **self._results.get(sheet, {})}
                 for sheet in self._changes | self._results}
        self.file.save(edits, new_sheets=tuple(self._new.values()), out=out, overwrite=overwrite)
        if out is None:
            self._changes, self._results, self._problems, self._new = {}, {}, [], {}
            self._readers = self._now = None
            self._overwritten.clear()

    def _instead_of_formulas(self, sheet: str) -> dict[Cell, Edit]:
        """The changes of a sheet as edits. Where a formula goes that others share, these get it as their own."""
        changes, grid = self._changes.get(sheet, {}), self.grid(sheet)
        gone = {cell for cell in changes if (sheet, cell) in self._overwritten and cell in grid.formulas}
        edits: dict[Cell, Edit] = {cell: InsteadOfFormula(value) if cell in gone else value for cell, value in changes.items()}
        for cell, formula in grid.formulas.items() if gone else ():
            if formula.anchor != cell and formula.anchor in gone and cell not in gone:
                text = moved(formula.text, cell.row - formula.anchor.row, cell.col - formula.anchor.col)
                edits[cell] = OwnFormula(text, self.value(sheet, cell))
        return edits
