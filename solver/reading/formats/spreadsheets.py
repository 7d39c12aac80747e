"""A table on a sheet of a workbook: .xlsx, .xlsm, .xlsb, .xls or .ods, by the results that were stored with it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from solver.errors import UserError
from solver.reading.looked_at.bad_rows import BadRows
from solver.reading.looked_at.column_roles import find_by_name
from solver.reading.looked_at.columns import Growing
from solver.reading.looked_at.rating_texts import LONGEST_INTEGER
from solver.reading.looked_at.roles import FoundColumns
from solver.reading.looked_at.sources import Source
from solver.reading.looked_at.table_port import Told

from .text_rows import add_rows

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_SAMPLED_ROWS = 200
_LOOKED_AT = 30     # rows in which the names of the columns may stand
_USUAL = "ratings"  # what the sheet of ratings is called, where several could be meant


@dataclass(frozen=True)
class WorksheetTable:
    """A sheet that was read: its cells as texts, row by row, from the row of names on."""

    source: Source
    sheet: str
    first_row: int                      # of the sheet, from 1
    cells: list[list[str]] = field(repr=False)
    alone: bool = True                  # whether the workbook has no other sheet

    unit = "row"
    comma_separated = leaves_out_unrated = False

    @property
    def name(self) -> str:
        return self.source.name

    def at(self, row: int) -> str:
        """``'ratings.xlsx, Sheet1, row 17'``: how a message begins; rows count as on the sheet."""
        return f"{self.name}, {self.sheet}, row {row}"

    def first_line(self) -> tuple[str, ...]:
        """The texts of the first row."""
        return tuple(text.strip() for text in self.cells[0]) if self.cells else ()

    def sample(self) -> list[list[str]]:
        return self.cells[:_SAMPLED_ROWS]

    def read_as(self) -> tuple[str, ...]:
        """Which sheet was read, where there are others."""
        return () if self.alone else (f"the sheet '{self.sheet}'",)

    def rows(self, *, bad: BadRows | None = None) -> Iterator[tuple[int, list[str]]]:
        """(row number, texts) of every row that holds something."""
        return ((number, row) for number, row in enumerate(self.cells, self.first_row) if any(text.strip() for text in row))

    def read(self, found: FoundColumns, rows: Growing, bad: BadRows) -> None:
        """Add the found columns of every row below the names."""
        every = self.rows()
        if found.header:
            next(every, None)
        add_rows(every, found, rows)


def look_at_sheet(source: Source, told: Told) -> WorksheetTable:
    """The sheet that the user names, the only one, or the one with the columns that are looked for.

    Raises UserError for what is no workbook, and where it cannot be told which sheet is meant.
    """
    book = _opened(source)
    names = [sheet.name for sheet in book.sheets_metadata if str(sheet.typ).endswith("WorkSheet")]
    if told.sheet is not None:
        if told.sheet not in names:
            raise UserError(f"{source.name} has no sheet '{told.sheet}'; it has {', '.join(names)}.")
        names_read = [told.sheet]
    else:
        names_read = names
    tables = [_table(source, book, name, told, alone=len(names) == 1) for name in names_read]
    fitting = [table for table in tables if None not in find_by_name(table.first_line(), told.roles)]
    usual = [table for table in fitting if table.sheet.casefold() == _USUAL]
    for some in (tables, fitting, usual):
        if len(some) == 1:
            return some[0]
    which = f"the sheets {', '.join(table.sheet for table in fitting)} have columns" if fitting else "no sheet has columns"
    there = "" if fitting else f": {', '.join(names)}"
    raise UserError(f"{source.name} has {len(names)} sheets, and {which} for {', '.join(role.name for role in told.roles)}. "
                    f"Say with --sheet which to read{there}.")


def _opened(source: Source) -> CalamineWorkbook:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with source.opened() as raw:
            return CalamineWorkbook.from_filelike(io.BytesIO(raw.read()))
    except CalamineError as error:
        if "password" in str(error).lower():
            raise UserError(f"'{source.name}' is protected by a password. Remove it: File > Info.") from None
        raise UserError(f"'{source.name}' is no workbook, or a damaged one. Save it again as .xlsx.") from None


def _table(source: Source, book: CalamineWorkbook, name: str, told: Told, *, alone: bool) -> WorksheetTable:
    rows = [[_text(value) for value in row] for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
    filled = [number for number, row in enumerate(rows) if any(text.strip() for text in row)]
    named = (number for number in filled[:_LOOKED_AT] if None not in find_by_name(rows[number], told.roles))
    first = next(named, _below_titles(rows, filled))
    return WorksheetTable(source, name, first + 1, rows[first:], alone)


def _below_titles(rows: list[list[str]], filled: list[int]) -> int:
    """The first row that fills more than a title does: half as many cells as the fullest of the next rows."""
    looked_at = filled[:_LOOKED_AT]
    widths = [sum(bool(text.strip()) for text in rows[number]) for number in looked_at]
    return next((number for number, width in zip(looked_at, widths) if 2 * width >= max(widths)), 0)


def _text(value: object) -> str:
    """A cell as a text file would hold it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 10 ** LONGEST_INTEGER:
        return str(int(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return str(value.total_seconds()) if isinstance(value, timedelta) else "" if value is None else str(value)
