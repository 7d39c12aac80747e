"""Excel tables in the shape that xlwings asks for, the same for all of our engines. They are read, not made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xlwings import NoSuchObjectError, base_classes

from pyxl.grid.cells import Range

from .block import CellBlock


class SheetTable(base_classes.Table):
    """One table: `where` is all of it, with a row of headers and a row of totals where it has them."""

    def __init__(self, sheet, name: str, where: Range, *, headers: bool, totals: bool):
        self._sheet, self._name, self._where = sheet, name, where
        self._headers, self._totals = headers, totals

    @property
    def name(self) -> str:
        return self._name

    @property
    def range(self) -> CellBlock:
        return self._cells(self._where.top, self._where.bottom)

    @property
    def header_row_range(self) -> CellBlock | None:
        return self._cells(self._where.top, self._where.top) if self._headers else None

    @property
    def data_body_range(self) -> CellBlock:
        return self._cells(self._where.top + self._headers, self._where.bottom - self._totals)

    @property
    def show_headers(self) -> bool:
        return self._headers

    @property
    def show_totals(self) -> bool:
        return self._totals

    def _cells(self, top: int, bottom: int) -> CellBlock:
        return self._sheet.range((top, self._where.left), (bottom, self._where.right))


class SheetTables(base_classes.Tables):
    """The tables of one sheet."""

    def __init__(self, tables: Sequence[SheetTable]):
        self._tables = list(tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __iter__(self) -> Iterator[SheetTable]:
        return iter(self._tables)

    def __call__(self, key: int | str) -> SheetTable:
        if isinstance(key, int):
            return self._tables[key - 1]
        for table in self._tables:
            if table.name.casefold() == key.casefold():
                return table
        raise NoSuchObjectError(f"There is no table '{key}'.")
