"""Writes cells of an XlsxWriter sheet by our own `Cell` and `Range`, which count from 1."""

from __future__ import annotations

from pyxl.grid.cells import Cell, Range

from .references import box


def put_text(sheet, cell: Cell, words: str, style) -> None:
    """Text, whatever it begins with."""
    sheet.write_string(cell.row - 1, cell.col - 1, words, style)


def quoted_text(words: str) -> str:
    """Words as a formula has them."""
    return '"' + words.replace('"', '""') + '"'


def put_words(sheet, cell: Cell, formula: str, style) -> None:
    """Words that a formula gives, or, where it is these words alone, as they are."""
    if formula.startswith('"') and formula.count('"') == 2 and formula.endswith('"'):
        put_text(sheet, cell, formula[1:-1], style)
    else:
        put_array(sheet, cell, f"={formula}", style)


def put_number(sheet, cell: Cell, value: float, style) -> None:
    sheet.write_number(cell.row - 1, cell.col - 1, value, style)


def put_formula(sheet, cell: Cell, what: str, style) -> None:
    """A formula, which begins with ``=``, as an array formula of one cell.

    What depends on an array formula has to be one itself. LibreOffice takes the results of plain formulas
    from the file and leaves array formulas to be computed when they are looked at; until then they tell
    nobody that they changed, and a plain formula that depends on them stays as it was.
    """
    put_array(sheet, cell, what, style)


def put_array(sheet, where: Cell | Range, what: str, style) -> None:
    """One array formula for a block, or for a cell that computes with arrays."""
    where = Range.around([where]) if isinstance(where, Cell) else where
    sheet.write_array_formula(*box(where), "{" + what + "}", style)
