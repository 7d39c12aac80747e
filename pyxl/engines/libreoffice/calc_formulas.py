"""Formulas between LibreOffice's own notation and Excel's: ``$bias.H2;2`` and ``bias!H2,2``.

LibreOffice gives all formulas of a block in one call, but only in its own notation, and
translates one at a time (0.3 ms). Of formulas that differ only in where they stand, one is
translated, and the others are that one moved.
"""

from __future__ import annotations

import re

from pyxl.formulas.language.syntax.formula_text import as_shown, moved, relative
from pyxl.grid.cells import Cell

_AREA = re.compile(r"\$('(?:[^']|'')+'|\w+)\.(\$[A-Z]+\$\d+(?::\$[A-Z]+\$\d+)?)|[\d.]+")
_TABLE = re.compile(r"""("(?:[^"]|"")*")|\w+\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*\])*\]""")   # a text, or part of a table
_HOLDER = re.compile(r'"part (\d+) of a table"')
_XL_OOX = 3   # com.sun.star.sheet.AddressConvention: as in an .xlsx file


class Translator:
    """Translates the formulas of one document, each shape of formula once.

    A sheet is given by its number, from 0; `address_type` is com.sun.star.table.CellAddress.
    """

    def __init__(self, document, address_type):
        self._address, self._known = address_type, {}
        self._native = document.createInstance("com.sun.star.sheet.FormulaParser")
        self._excel = document.createInstance("com.sun.star.sheet.FormulaParser")
        self._native.CompileEnglish = self._excel.CompileEnglish = True
        self._excel.FormulaConvention = _XL_OOX

    def excel(self, native: str, cell: Cell, sheet: int) -> str:
        """A formula of LibreOffice's at `cell` as Excel shows it, ``=`` in front; braces of an
        array formula are dropped."""
        array = native.startswith("{")  # then it reads the same in all cells of its block
        native = native.strip("{}") if array else native
        native, in_tables = _without_tables(native.removeprefix("="))
        shape = (sheet, native if array else relative(native, cell))
        if shape not in self._known:
            self._known[shape] = (self._translated(native, sheet), cell)
        text, home = self._known[shape]
        return "=" + _with_tables(text if array else moved(text, cell.row - home.row, cell.col - home.col), in_tables)

    def name(self, native: str) -> str:
        """What a name refers to, ``=`` in front."""
        plain = _AREA.fullmatch(native)  # most are cells of a sheet, or numbers
        if plain:
            return f"={plain[1]}!{plain[2]}" if plain[1] else f"={native}"
        return "=" + self._translated(native, 0)

    def tokens(self, formula: str, cell: Cell, sheet: int):
        """A formula in Excel's notation as LibreOffice takes it."""
        return self._excel.parseFormula(formula.removeprefix("="), self._place(cell, sheet))

    def _translated(self, native: str, sheet: int) -> str:
        if "#" in native:  # its parser drops errors such as #REF!
            return native.replace(";", ",")
        place = self._place(Cell(1, 1), sheet)
        return as_shown(self._excel.printFormula(self._native.parseFormula(native, place), place))

    def _place(self, cell: Cell, sheet: int):
        return self._address(sheet, cell.col - 1, cell.row - 1)


def _without_tables(native: str) -> tuple[str, list[str]]:
    """A formula with a text in place of each reference to an Excel table, and these references as Excel writes them.

    LibreOffice shows them rightly, but its translator prints ``#NAME?`` for the table's name.
    """
    parts: list[str] = []

    def held(match: re.Match) -> str:
        if match[1]:
            return match[0]
        parts.append(match[0].replace("];[", "],["))
        return f'"part {len(parts) - 1} of a table"'

    return _TABLE.sub(held, native), parts


def _with_tables(text: str, parts: list[str]) -> str:
    return _HOLDER.sub(lambda match: parts[int(match[1])], text) if parts else text
