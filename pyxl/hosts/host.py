"""The port through which a fit reads and changes a workbook, wherever the workbook is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Cell, Range, Value
from pyxl.grid.problem import SheetRange
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.xlsx import NewSheet

from .refresh_results import Changes


class Host(ReadableWorkbook, Protocol):
    """What holds a workbook while it is fitted: `FileHost` a file, `LiveHost` a program in which it is open.

    `grid` gives a sheet as it was read; `value` and `edited` tell what is there now. Both hosts pass the same contract
    tests (`tests/test_hosts.py`), and so must any other.
    """

    def as_read(self) -> Calculator:
        """What the formulas give of the workbook as `grid` has it. A file's is kept, so that nothing is evaluated twice."""
        ...

    def write(self, changes: Changes) -> None:
        """Write constants, by sheet and cell; None clears a cell. Raises UserError where a formula stands."""
        ...

    def overwrite_formulas(self, cells: Iterable[tuple[str, Cell]]) -> None:
        """From now on `write` takes constants for these (sheet, cell), too, in the place of their formulas."""
        ...

    def refuse_protected(self, areas: Iterable[SheetRange]) -> None:
        """Raise UserError where cells of one of these (sheet, range) cannot be written, as their sheet is protected."""
        ...

    def recalculate(self) -> list[str]:
        """Bring all results up to date. Returns a sentence for each formula that could not be calculated."""
        ...

    def value(self, sheet: str, cell: Cell) -> Value:
        """What a cell holds now; None where it is blank."""
        ...

    def values(self, sheet: str, where: Range) -> list[Value]:
        """What the cells of a range hold now, in reading order."""
        ...

    def edited(self, sheet: str, where: Range) -> bool:
        """Whether somebody else has changed a range since it was read."""
        ...

    def add_sheet(self, sheet: NewSheet) -> None:
        """Add a sheet after all others, unless one of that name is there. Raises UserError where none can be added."""
        ...
