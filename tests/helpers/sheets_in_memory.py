"""Workbooks in memory, for tests of formulas."""

from __future__ import annotations

from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range
from pyxl.grid.grid import DefinedName, Formula, Grid, Table


@dataclass
class Sheets:
    """A workbook in memory: sheet -> {address: constant, "=formula" or "{=array formula}"}."""

    grids: dict[str, Grid]
    names: tuple[DefinedName, ...] = ()
    tables: tuple[Table, ...] = ()
    date1904: bool = False
    manual_calculation: bool = False
    scenarios: tuple = ()
    vba: bytes | None = None
    name: str = "in memory"

    @property
    def sheets(self):
        return tuple(self.grids)

    def grid(self, sheet):
        return self.grids[sheet]


def sheets(names=(), **contents) -> Sheets:
    grids = {}
    for title, cells in contents.items():
        grid = grids[title] = Grid(title)
        for address, content in cells.items():
            where = Range.parse(address)
            if isinstance(content, str) and content.startswith(("=", "{=")):
                array = where if content.startswith("{") else None
                text = content[2:-1] if array else content[1:]
                grid.formulas[where.first] = Formula(text, where.first, array)
            else:
                grid.values[where.first] = content
    return Sheets(grids, tuple(names))


def at(address: str) -> Cell:
    return Cell.parse(address)
