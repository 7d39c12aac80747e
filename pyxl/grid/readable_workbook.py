"""The port through which everything reads a workbook, be it a file, or open in a program."""

from __future__ import annotations

from typing import Protocol

from .grid import DefinedName, Grid, Table
from .scenario import Scenario


class ReadableSheets(Protocol):
    """The sheets of a workbook. `Calculator` gives them too, for the functions that it evaluates."""

    @property
    def sheets(self) -> tuple[str, ...]:
        """The titles of its worksheets, in tab order."""
        ...

    @property
    def tables(self) -> tuple[Table, ...]:
        """The Excel tables on all of its worksheets."""
        ...

    @property
    def date1904(self) -> bool:
        """Whether days are counted from 1 January 1904 and not from 1900."""
        ...

    def grid(self, sheet: str) -> Grid:
        """The cells of a sheet, as they were read. Raises UserError where there is no such sheet."""
        ...


class ReadableWorkbook(ReadableSheets, Protocol):
    """What detection, evaluation and compiling ask of a workbook.

    `WorkbookFile`, `FileHost`, `LiveHost` and `Overlaid` implement it in full.
    """

    @property
    def name(self) -> str:
        """The workbook's file name, without its folder, for messages."""
        ...

    @property
    def names(self) -> tuple[DefinedName, ...]:
        """Its defined names."""
        ...

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios of Excel's scenario manager on all of its worksheets."""
        ...

    @property
    def vba(self) -> bytes | None:
        """Its VBA project, ``vbaProject.bin``, where it has one and that can be read here."""
        ...

    @property
    def manual_calculation(self) -> bool:
        """Whether its results wait until the user presses F9."""
        ...
