"""The errors of this package, and `Fault`, which carries an error value out of a calculation."""

from __future__ import annotations

from pyxl.grid.cells import Cell, ErrorValue, quoted


class FormulaError(ValueError):
    """A formula that cannot be parsed or evaluated: ``Sheet!Cell: what was found. What to do.``

    `reason` is the same without the cell, so that errors of many cells can be counted by it.
    """

    def __init__(self, sentence: str, *, reason: str | None = None):
        super().__init__(sentence)
        self.reason = sentence if reason is None else reason


class Unsupported(FormulaError):
    """A formula that Excel evaluates and we do not: names the function or construct and the cell."""


class DrawnAnew(Unsupported):
    """A function that gives something else at every recalculation, RAND or NOW: no value of it holds."""


class Fault(Exception):
    """An error value on its way up to the cell that will show it; `value` is its text."""

    def __init__(self, value: str):
        super().__init__(value)
        self.value = ErrorValue(value)


def require(holds: bool) -> None:
    """Raise ``#NUM!`` unless an argument is one that the function takes."""
    if not holds:
        raise Fault(NUM)


def placed(error: FormulaError, sheet: str, cell: Cell) -> FormulaError:
    """The same error, told of a cell."""
    return type(error)(f"{quoted(sheet)}!{Cell(*cell)}: {error}", reason=error.reason)


NULL, DIV0, VALUE = "#NULL!", "#DIV/0!", "#VALUE!"
REF, NAME, NUM, NA, CALC = "#REF!", "#NAME?", "#NUM!", "#N/A", "#CALC!"
