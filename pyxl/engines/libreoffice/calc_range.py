"""A range of cells in a live Calc: values, formulas and number formats, a block in a call."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

from pyxl.engines.block import CellBlock
from pyxl.grid.cells import Cell, ErrorValue, Range
from pyxl.hosts.live_values import as_raw, as_rows, moment, serial

from .find_office import load_uno

_ERRORS = {502: "#VALUE!", 503: "#NUM!", 519: "#VALUE!", 521: "#NULL!", 524: "#REF!", 525: "#NAME?",
           532: "#DIV/0!", 32767: "#N/A"}
_ERROR_RESULTS = 4                        # com.sun.star.sheet.FormulaResult.ERROR
_CONTENTS = 1 | 2 | 4 | 16                # CellFlags: values, dates, texts, formulas
_DATE, _TIME, _LOGICAL = 2, 4, 1024       # com.sun.star.util.NumberFormat
_DATE_TIME = "YYYY-MM-DD HH:MM:SS"
_PIXEL = 2540 / 96                       # hundredths of a millimetre


class CalcRange(CellBlock):
    """A rectangle of a LibreOffice sheet."""

    @cached_property
    def api(self):
        r = self.where
        return self._sheet.api.getCellRangeByPosition(r.left - 1, r.top - 1, r.right - 1, r.bottom - 1)

    @property
    def column_width(self) -> float:
        """The width in characters, as Excel counts them: 7 pixels for each, and 5 for the cell's edges."""
        return (self.api.Columns.getByIndex(0).Width / _PIXEL - 5) / 7

    @column_width.setter
    def column_width(self, characters: float) -> None:
        self.api.Columns.Width = round((7 * characters + 5) * _PIXEL)

    @property
    def raw_value(self):
        return as_raw(self._values(self.api.getDataArray()))

    @raw_value.setter
    def raw_value(self, values) -> None:
        rows = as_rows(values, self.shape)
        flat = [(value, row, col) for row, line in enumerate(rows) for col, value in enumerate(line)
                if not isinstance(value, float)]
        if any(isinstance(value, str) and value.startswith("=") for value, _, _ in flat):
            self.formula = rows
            return
        special = [(value, row, col) for value, row, col in flat if not isinstance(value, str)]
        if special:
            rows = [[self._number(value) for value in line] for line in rows]
        cells = self.api
        cells.setDataArray(tuple(map(tuple, rows)))
        for value, row, col in special:
            self._show_as(cells.getCellByPosition(col, row), _LOGICAL if isinstance(value, bool) else _DATE)

    @property
    def formula(self):
        """Formulas in Excel's notation; where there is none, the value as text, ``""`` for a blank."""
        native = self.api.getFormulaArray()
        quoted = any(text[:1] == "'" for line in native for text in line)     # text that would be read as something else
        return as_raw(tuple(map(tuple, self._formulas(self.api.getDataArray() if quoted else native, native))))

    @formula.setter
    def formula(self, values) -> None:
        cells, sheet = self.api, self._sheet.index - 1
        for i, line in enumerate(as_rows(values, self.shape)):
            for j, value in enumerate(line):
                cell = cells.getCellByPosition(j, i)
                if isinstance(value, str) and value.startswith("="):
                    # one formula for a block is written for its first cell and moves with the others
                    home = self.where.first if isinstance(values, str) else self.where.first.moved(i, j)
                    cell.Tokens = self._sheet.book.translator.tokens(value, home, sheet)
                elif isinstance(value, str):
                    cell.String = value
                else:
                    cell.Value = self._number(value)

    formula2 = formula

    @property
    def formula_array(self) -> str | None:
        """The array formula that fills the whole range, or None."""
        return self._sheet.book.translator.excel(text, self.where.first, self._sheet.index - 1) \
            if (text := self.api.getArrayFormula()) else None

    @formula_array.setter
    def formula_array(self, value: str) -> None:
        translator, first = self._sheet.book.translator, self.where.first
        self.api.setArrayTokens(translator.tokens(value, first, self._sheet.index - 1))

    @property
    def has_array(self) -> bool | None:
        """Whether all cells belong to array formulas; None where only some do."""
        found = len(self.array_cells())
        return None if 0 < found < self.where.size else bool(found)

    def array_cells(self) -> set[Cell]:
        """The cells that belong to array formulas."""
        return self._in_arrays(self.api.getFormulaArray())

    def _in_arrays(self, native) -> set[Cell]:
        return {Cell(row, col) for row, line in enumerate(native, self.where.top)
                for col, text in enumerate(line, self.where.left) if text.startswith("{=")}

    def contents(self) -> tuple[list[list], list[list[str]], set[Cell]]:
        """Values, formulas and the cells that belong to array formulas, as `raw_value`, `formula` and `array_cells` give them: all in two calls."""
        data, native = self.api.getDataArray(), self.api.getFormulaArray()
        return self._values(data), self._formulas(data, native), self._in_arrays(native)

    def clear_contents(self) -> None:
        self.api.clearContents(_CONTENTS)

    def select(self) -> None:
        self._sheet.book.document.CurrentController.select(self.api)

    def _values(self, data) -> list[list]:
        rows, cells = list(map(list, data)), self.api
        numbers = [(row, col) for row, line in enumerate(data, self.where.top) for col, value in enumerate(line, self.where.left)
                   if type(value) is float]
        for kind, places in self._unlike_numbers(Range.around(numbers)) if numbers else ():
            for row, col in places:
                value = rows[row][col]
                if isinstance(value, float) and kind == _DATE:
                    rows[row][col] = moment(value, date1904=self._sheet.book.date1904)
                elif value in (0.0, 1.0):
                    rows[row][col] = bool(value)
        if any(value is None for line in data for value in line):   # an error has no value
            for row, col in self._places(cells.queryFormulaCells(_ERROR_RESULTS).RangeAddresses):
                rows[row][col] = ErrorValue(_ERRORS.get(cells.getCellByPosition(col, row).getError(), "#VALUE!"))
        return rows

    def _formulas(self, data, native) -> list[list[str]]:
        sheet, translate = self._sheet.index - 1, self._sheet.book.translator.excel
        return [[translate(text, Cell(row, col), sheet) if text[:1] == "=" or text[:2] == "{=" else value if text[:1] == "'" else text
                 for col, (text, value) in enumerate(zip(line, values), self.where.left)]
                for row, (line, values) in enumerate(zip(native, data), self.where.top)]

    @property
    def _formats(self):
        return self._sheet.book.document.NumberFormats

    def _format_key(self, code: str) -> int:
        english = load_uno().createUnoStruct("com.sun.star.lang.Locale", "en", "US", "")
        key = self._formats.queryKey(code, english, False)
        return key if key != -1 else self._formats.addNew(code, english)

    def _show_as(self, cell, kind: int) -> None:
        """Let a number be seen as a date or a truth value, as Excel does of its own accord."""
        if not self._formats.getByKey(cell.NumberFormat).Type & kind:
            cell.NumberFormat = self._format_key("BOOLEAN" if kind == _LOGICAL else _DATE_TIME)

    def _unlike_numbers(self, where: Range):
        """(_LOGICAL or _DATE, the cells so formatted), for each number format of these cells that says so."""
        cells, kinds = type(self)(self._sheet, where).api, self._sheet.book.kinds_of_formats
        groups = cells.getUniqueCellFormatRanges()      # an object for each, which costs ten messages
        for n in range(groups.getCount()):
            group = groups.getByIndex(n)
            key = group.NumberFormat
            if key not in kinds:
                kinds[key] = self._formats.getByKey(key).Type
            kind = kinds[key]
            if kind & (_DATE | _TIME | _LOGICAL):
                yield (_LOGICAL if kind & _LOGICAL else _DATE), self._places(group.RangeAddresses)

    def _number(self, value):
        """A value as LibreOffice stores it: truth values and dates are numbers there."""
        if isinstance(value, bool):
            return float(value)
        return serial(value, date1904=self._sheet.book.date1904) if isinstance(value, dt.datetime) else value

    def _places(self, addresses):
        """(row, column) from 0 within this range."""
        top, left = self.where.top - 1, self.where.left - 1
        for a in addresses:
            for row in range(a.StartRow, a.EndRow + 1):
                for col in range(a.StartColumn, a.EndColumn + 1):
                    yield row - top, col - left
