"""A range of cells in a live Calc: values, formulas and number formats, a block in a call."""

from __future__ import annotations

import datetime as dt

from pyxl.engines.block import CellBlock
from pyxl.grid.cells import Cell, ErrorValue
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

    @property
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
        cells = self.api
        rows = list(map(list, cells.getDataArray()))
        held = {type(value) for row in rows for value in row}
        for kind, places in self._unlike_numbers(cells) if float in held else ():
            for row, col in places:
                value = rows[row][col]
                if isinstance(value, float) and kind == _DATE:
                    rows[row][col] = moment(value, date1904=self._sheet.book.date1904)
                elif value in (0.0, 1.0):
                    rows[row][col] = bool(value)
        if type(None) in held:  # an error has no value
            for row, col in self._places(cells.queryFormulaCells(_ERROR_RESULTS).RangeAddresses):
                rows[row][col] = ErrorValue(_ERRORS.get(cells.getCellByPosition(col, row).getError(), "#VALUE!"))
        return as_raw(rows)

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
        cells, sheet, translate = self.api, self._sheet.index - 1, self._sheet.book.translator.excel
        native, data = cells.getFormulaArray(), None
        rows = []
        for i, line in enumerate(native):
            row = []
            for j, text in enumerate(line):
                if text[:1] == "=" or text[:2] == "{=":
                    text = translate(text, Cell(self.where.top + i, self.where.left + j), sheet)
                elif text[:1] == "'":  # text that would be read as something else
                    data = data or cells.getDataArray()
                    text = data[i][j]
                row.append(text)
            rows.append(tuple(row))
        return as_raw(tuple(rows))

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
        return {Cell(row, col) for row, line in enumerate(self.api.getFormulaArray(), self.where.top)
                for col, text in enumerate(line, self.where.left) if text.startswith("{=")}

    def clear_contents(self) -> None:
        self.api.clearContents(_CONTENTS)

    def select(self) -> None:
        self._sheet.book.document.CurrentController.select(self.api)

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

    def _unlike_numbers(self, cells):
        """(_LOGICAL or _DATE, the cells so formatted), for each number format that says so."""
        groups, kinds = cells.getUniqueCellFormatRanges(), self._sheet.book.kinds_of_formats
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
