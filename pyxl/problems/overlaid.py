"""A workbook seen with a few other cells than it has: nothing is written for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.grid import DefinedName, Formula, Grid, Table
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.scenario import Scenario


class Overlaid:
    """`workbook` (a file, or a host) with the constants `values` (sheet -> cell -> value), also where it holds formulas, and, right
    and below of all that `sheet` holds, a cell for each of the `formulas`; `places` says where these are."""

    def __init__(self, workbook: ReadableWorkbook, values: Mapping[str, Mapping[Cell, Value]], *, sheet: str, formulas: tuple[str, ...] = ()):
        self._workbook, self._values = workbook, values
        used = workbook.grid(sheet).used or Range(1, 1, 1, 1)
        self.places = tuple((sheet, Cell(used.bottom + 2 + n, used.right + 2)) for n in range(len(formulas)))
        self._formulas = {cell: Formula(text, cell) for (_, cell), text in zip(self.places, formulas)}
        self._sheet = sheet
        self._grids: dict[str, Grid] = {}

    @property
    def name(self) -> str:
        return self._workbook.name

    @property
    def sheets(self) -> tuple[str, ...]:
        return self._workbook.sheets

    @property
    def names(self) -> tuple[DefinedName, ...]:
        return self._workbook.names

    @property
    def tables(self) -> tuple[Table, ...]:
        return self._workbook.tables

    @property
    def date1904(self) -> bool:
        return self._workbook.date1904

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        return self._workbook.scenarios

    @property
    def vba(self) -> bytes | None:
        return self._workbook.vba

    @property
    def manual_calculation(self) -> bool:
        return self._workbook.manual_calculation

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet; of the `formulas` it holds no results."""
        if sheet not in self._grids:
            grid = self._workbook.grid(sheet)
            own = self._formulas if sheet == self._sheet else {}
            given = self._values.get(sheet, {})
            if own or given:
                stay = {cell: formula for cell, formula in grid.formulas.items() if cell not in given}
                grid = replace(grid, values={**grid.values, **given}, formulas={**stay, **own})
            self._grids[sheet] = grid
        return self._grids[sheet]
