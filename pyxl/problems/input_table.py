"""A table of inputs: headers that name cells, and rows of what these are to hold, each a problem of its own."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyxl.grid.cells import Cell, ErrorValue, Value, quoted
from pyxl.grid.grid import Table
from pyxl.grid.problem import SheetRange
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.scenario import scenario_value
from solver.errors import UserError

from .constraint_lines import SheetCell
from .given_values import GivenValues, refuse_given_formulas
from .stated import cells_meant

_ENDING = ".csv"


@dataclass(frozen=True)
class InputTable:
    """`headers` as they were written, the cells that they mean, and the rows; None where a row leaves a cell as it is."""

    headers: tuple[str, ...]
    places: tuple[SheetCell, ...]
    rows: tuple[tuple[Value, ...], ...]

    def given(self, row: Sequence[Value], first: GivenValues) -> GivenValues:
        """The values of a row, over those that were given `first`."""
        given: dict[str, dict[Cell, Value]] = {sheet: dict(cells) for sheet, cells in first.items()}
        for (sheet, cell), value in zip(self.places, row):
            if value is not None:
                given.setdefault(sheet, {})[cell] = value
        return given


def read_inputs(workbook: ReadableWorkbook, text: str, sheet: str) -> InputTable:
    """The table that a text means: a .csv file, an Excel table, or cells; those without a sheet stand on `sheet`, as do those of headers.
    Raises UserError for what is no such table."""
    lines = list(_of_file(text)) if text.lower().endswith(_ENDING) else _of_cells(workbook, text, sheet)
    headers, *rows = [*lines, []] if len(lines) == 1 else lines or [[]]
    rows = [row for row in rows if any(value is not None for value in row)]
    if not headers or not rows:
        raise UserError(f"{text} has no row below its headers. Give a table with a header row of cells or names, such as B3, and rows of numbers.")
    places = tuple(_place(workbook, header, sheet, text) for header in headers)
    if (twice := next((header for header, place in zip(headers, places) if places.count(place) > 1), None)) is not None:
        raise UserError(f"{text}: two columns mean the cell of '{twice}'. Leave one out.")
    if (wrong := next((n for n, row in enumerate(rows, 2) if len(row) != len(headers)), None)) is not None:
        raise UserError(f"{text}: line {wrong} has {len(rows[wrong - 2])} entries, and there are {len(headers)} headers. Correct it.")
    refuse_given_formulas(workbook, {place: {cell: None} for place, cell in places}, "the table of inputs")
    _refuse_texts(workbook, headers, places, rows, text)
    return InputTable(tuple(map(str, headers)), places, tuple(map(tuple, rows)))


def _of_file(path: str) -> Iterator[list[Value]]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as why:
        raise UserError(f"{path} cannot be read: {why}. Give a .csv file in UTF-8, or a range of the workbook.") from None
    first = text.partition("\n")[0]
    apart = max(",;\t", key=first.count)
    for number, row in enumerate(csv.reader(text.splitlines(), delimiter=apart)):
        if row:
            # where commas do not stand between entries, they are decimal ones
            yield [entry.strip() or None if number == 0 else scenario_value(entry.strip().replace(",", "." if apart != "," else ",")) for entry in row]


def _of_cells(workbook: ReadableWorkbook, text: str, sheet: str) -> list[list[Value]]:
    table: Table | None = next((table for table in workbook.tables if table.name.casefold() == text.strip().casefold()), None)
    area: SheetRange | None = cells_meant(workbook, text, sheet) if table is None else (table.sheet, table.where)
    if area is None:
        raise UserError(f"'{text}' is no table, range or name of this workbook, and no .csv file. Give one like Inputs!A1:C9, or inputs.csv.")
    rows = workbook.grid(area[0]).block(area[1])
    return rows[:-table.totals] if table is not None and table.totals else rows


def _place(workbook: ReadableWorkbook, header: Value, sheet: str, text: str) -> SheetCell:
    area = cells_meant(workbook, header, sheet) if isinstance(header, str) and header.strip() else None
    if area is None or area[1].size != 1:
        raise UserError(f"{text}: the header {'is blank' if header is None else repr(header)}, where a cell is meant, such as B3, Sheet1!B3, or a defined name of one. "
                        "Correct it.")
    return area[0], area[1].first


def _refuse_texts(workbook: ReadableWorkbook, headers: Sequence[Value], places: Sequence[SheetCell], rows: Sequence[Sequence[Value]], text: str) -> None:
    """Raise UserError for what is no number, unless a text stands in its cell now."""
    for number, row in enumerate(rows, 2):
        for header, (sheet, cell), value in zip(headers, places, row):
            if isinstance(value, ErrorValue) or isinstance(value, str) and not isinstance(workbook.grid(sheet).values.get(cell), str):
                raise UserError(f"{text}: line {number} has '{value}' for {header}, where {quoted(sheet)}!{cell} holds a number. Correct it.")
