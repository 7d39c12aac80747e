"""An Excel workbook on disk: sheets read into Grids, edits saved so that nothing else changes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from pyxl.grid.cells import Range
from pyxl.grid.grid import DefinedName, Grid, Table
from pyxl.grid.scenario import Scenario
from pyxl.xlsx.parts.number_formats import read_number_formats
from pyxl.xlsx.parts.package_checks import damaged_workbook
from pyxl.xlsx.parts.shared_strings import read_shared_strings
from pyxl.xlsx.parts.sheet_reader import read_sheet
from pyxl.xlsx.parts.sheet_splice import Cached, Edits
from pyxl.xlsx.parts.table_part import read_table
from pyxl.xlsx.parts.xml_stream import elements, whole_number
from solver.errors import UserError

from .atomic_file import note_on_links
from .new_sheets import NewSheet, refuse_new_sheet
from .package import Limits, open_package
from .save import checked_target, save_package
from .workbook_part import read_workbook

__all__ = ["Cached", "Edits", "Limits", "WorkbookFile", "open_workbook"]

VBA_PART = "xl/vbaProject.bin"


def open_workbook(path, *, limits: Limits = Limits()) -> WorkbookFile:
    """Open an .xlsx or .xlsm file; nothing but its table of contents is read yet.

    Raises UserError that says what the file really is when it is no workbook, or an unsafe one.
    """
    return WorkbookFile(Path(path), limits=limits)


class WorkbookFile:
    """A workbook file. Use as a context manager, or close it: it keeps the file open.

    `path` is the file as given, `sheets` its worksheets in tab order (chart sheets left out),
    `names` its defined names, `manual_calculation` whether its results wait for F9.
    """

    def __init__(self, path: Path, *, limits: Limits = Limits()):
        self.path, self._limits = path, limits
        self._open()

    def _open(self):
        self._package = open_package(self.path, limits=self._limits)
        self._grids: dict[str, Grid] = {}
        self.__dict__.pop("_strings", None)
        self.__dict__.pop("_formats", None)
        self.__dict__.pop("tables", None)
        try:
            self._workbook = read_workbook(self._package)
        except BaseException:
            self._package.close()
            raise

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.path.name

    @property
    def sheets(self) -> tuple[str, ...]:
        return tuple(self._workbook.sheets)

    @property
    def hidden_sheets(self) -> frozenset[str]:
        """The sheets that no tab shows."""
        return self._workbook.hidden

    @property
    def names(self) -> tuple[DefinedName, ...]:
        return self._workbook.names

    @property
    def date1904(self) -> bool:
        """Whether days are counted from 1 January 1904 and not 1900."""
        return self._workbook.date1904

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The Excel tables of all worksheets."""
        return tuple(read_table(elements([self._package.read(relation.part)], relation.part), sheet, relation.part)
                     for sheet, part in self._workbook.sheets.items()
                     for relation in self._package.relations(part) if relation.kind == "table")

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios on all worksheets, in their order."""
        return tuple(scenario for sheet in self.sheets for scenario in self.grid(sheet).scenarios)

    @property
    def manual_calculation(self) -> bool:
        return self._workbook.manual_calculation

    @property
    def has_macros(self) -> bool:
        """Whether it carries VBA."""
        return self._package.find(VBA_PART) is not None

    @cached_property
    def vba(self) -> bytes | None:
        """Its VBA project, if it has one."""
        return self._package.read(VBA_PART) if self.has_macros else None

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet, read once; UserError when there is no such sheet or it is damaged."""
        if sheet not in self._grids:
            part = self._part(sheet)
            self._grids[sheet] = read_sheet(self._package.chunks(part), sheet, part=part, strings=self._strings,
                                            formats=self._formats, pivots=self._pivots(part))
        return self._grids[sheet]

    def save(self, edits: Edits, *, new_sheets: Sequence[NewSheet] = (), out=None, overwrite: bool = False, wait: float = 30.0) -> Path:
        """Write `edits` (sheet -> cell -> value or Cached result) into the workbook, or into a copy; those of
        `new_sheets` into sheets that are added.

        `out=None` replaces the file itself; otherwise `out` is a new file, and an old one of that
        name is replaced only with `overwrite`. All or nothing: on a UserError (a formula in the
        way, a full disk, the file open in Excel …) every file is as it was. Returns where it was
        saved. After a save in place it shows the new content.
        """
        new = {sheet.name for sheet in new_sheets}
        pivots = {sheet: self._pivots(self._part(sheet)) for sheet in edits if sheet not in new}
        target = None if out is None else Path(out)
        try:
            saved = save_package(self._package, self._workbook, edits, pivots=pivots, new_sheets=new_sheets,
                                 values=lambda sheet: self.grid(sheet).values, out=target, overwrite=overwrite, wait=wait)
        except BaseException:
            if self._package.closed:
                with suppress(UserError):     # the sentence on the save goes before one on reading
                    self._open()
            raise
        if self._package.closed:      # saved in place: what was read is no longer what is there
            try:
                self._open()
            except UserError as why:
                raise UserError(f"'{self.name}' was saved, but could not be opened again: {why}") from why
        return saved

    def refuse_unless_savable(self, *, out=None, overwrite: bool = False) -> None:
        """The UserError that `save` would raise for this target, as far as it can be known now."""
        checked_target(self._package, out=None if out is None else Path(out), overwrite=overwrite)

    def notes_on_saving(self, *, out=None) -> tuple[str, ...]:
        """What a save to this target does beside what was asked: a hard link is cut."""
        note = note_on_links(Path(os.path.realpath(self.path if out is None else out)))
        return (note,) if note else ()

    def refuse_new_sheet(self, sheet: NewSheet) -> None:
        """The UserError that `save` would raise for a sheet to be added."""
        refuse_new_sheet(self._workbook, self.path.name, sheet)

    def close(self) -> None:
        self._package.close()

    def __enter__(self) -> WorkbookFile:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _part(self, sheet: str) -> str:
        try:
            return self._workbook.sheets[sheet]
        except KeyError:
            raise UserError(f"There is no sheet '{sheet}' in '{self.path.name}'; it has: "
                            f"{', '.join(self.sheets)}. Choose one of them.") from None

    @cached_property
    def _strings(self) -> list[str]:
        part = self._workbook.shared_strings
        return read_shared_strings(self._package.chunks(part), part) if part else []

    @cached_property
    def _formats(self) -> dict[int, str]:
        part = self._workbook.styles
        return read_number_formats(elements([self._package.read(part)], part)) if part else {}

    def _pivots(self, part: str) -> list[tuple[str, Range]]:
        """The pivot tables on a sheet, with the page filters above them."""
        found = []
        for relation in self._package.relations(part):
            if relation.kind != "pivotTable":
                continue
            items = elements([self._package.read(relation.part)], relation.part)
            name = items[0][1].get("name", "PivotTable")
            location = next((attributes for key, attributes, _ in items if key == "location"), None)
            if location is None or "ref" not in location:
                raise damaged_workbook(self.path.name, f"its pivot table '{name}' has no place")
            where = Range.parse(location["ref"])
            found.append((name, where))
            rows, cols = (whole_number(count, default) for count, default in (
                (location.get("rowPageCount", ""), 0), (location.get("colPageCount", ""), 1)))
            if rows and where.top > rows + 1:      # filters: label, choice and a gap each; a blank row below
                found.append((name, Range(where.top - 1 - rows, where.left, where.top - 2, where.left + 3 * cols - 2)))
        return found
