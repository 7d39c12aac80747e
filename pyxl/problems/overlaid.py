"""A workbook seen with a few more cells than it has: nothing is written for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.grid import Formula, Grid


class Overlaid:
    """`workbook` (a file, or a host) with the constants `values` (sheet -> cell -> value) and, right and below of all that
    `sheet` holds, a cell for each of the `formulas`; `places` says where these are."""

    def __init__(self, workbook, values: Mapping[str, Mapping[Cell, Value]], *, sheet: str, formulas: tuple[str, ...]):
        self._workbook, self._values = workbook, values
        used = workbook.grid(sheet).used or Range(1, 1, 1, 1)
        self.places = tuple((sheet, Cell(used.bottom + 2 + n, used.right + 2)) for n in range(len(formulas)))
        self._formulas = {cell: Formula(text, cell) for (_, cell), text in zip(self.places, formulas)}
        self._sheet, self._grids = sheet, {}

    def __getattr__(self, name: str):
        return getattr(self._workbook, name)    # sheets, names, tables …

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet; of the `formulas` it holds no results."""
        if sheet not in self._grids:
            grid = self._workbook.grid(sheet)
            own = self._formulas if sheet == self._sheet else {}
            if own or self._values.get(sheet):
                grid = replace(grid, values={**grid.values, **self._values.get(sheet, {})},
                               formulas={**grid.formulas, **own})
            self._grids[sheet] = grid
        return self._grids[sheet]
