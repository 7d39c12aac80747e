"""Cases about formulas: any functions of any arguments, nested."""

from __future__ import annotations

import random
import warnings

import numpy as np

from campaign.verdict import Failed
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.functions.all_functions import FUNCTIONS
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import Cell, ErrorValue, Range
from pyxl.grid.grid import Formula, Grid
from solver import UserError

_LITERALS = ["0", "1", "-1", "2", "0.5", "1E300", "-1E300", "1E-300", "1E15", "255", "32768", "1048577", "TRUE", "FALSE", '""', '"a"', '"*"',
             '"?*?*?*?*?*?*b"', '"~*"', '"0.00"', '">1"', '"<>"', '"1/0"', '"31/12/9999"', "#N/A", "{1,2;3,4}", '{"a";1;TRUE}', "A1", "B2",
             "A1:C5", "A:A", "1:1", "A1:XFD1048576", "E5", "Z99", "A1:A1048576", '"' + "x" * 200 + '"', '"²"', "(A1,B2)", "S!A1", "Q!A1", ""]
_SIGNS = ["+", "-", "*", "/", "^", "&", "=", "<", ">", "<>", "<=", ">=", " ", ":"]


def random_formula(rng: random.Random, depth: int = 3) -> str:
    """Any functions of any arguments, in whatever number."""
    roll = rng.random()
    if depth == 0 or roll < 0.25:
        return rng.choice(_LITERALS)
    if roll < 0.45:
        return f"{random_formula(rng, depth - 1)}{rng.choice(_SIGNS)}{random_formula(rng, depth - 1)}"
    if roll < 0.5:
        return rng.choice(["-", "+", "(", ""]) + random_formula(rng, depth - 1) + rng.choice(["%", ")", "", "#"])
    arguments = ",".join(random_formula(rng, depth - 1) for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6])))
    return f"{rng.choice(sorted(FUNCTIONS))}({arguments})"


class _Book:
    """One sheet with a few values, and a formula that is about to be asked."""

    sheets, names, tables, date1904 = ("S",), (), (), False

    def __init__(self, text: str, array: bool):
        self._grid = Grid("S")
        self._grid.values = {Cell(1, 1): 1.0, Cell(1, 2): "a", Cell(2, 1): -2.5, Cell(2, 2): True, Cell(3, 1): ErrorValue("#N/A"),
                             Cell(3, 3): "x*y?", Cell(4, 1): 1e300, Cell(5, 1): ""}
        where = Cell(8, 5)
        self._grid.formulas = {where: Formula(text, where, Range(8, 5, 9, 6) if array else None)}

    def grid(self, sheet: str) -> Grid:
        """The only one."""
        return self._grid


def formula_of(number: int) -> tuple[str, bool]:
    """The formula of a case, and whether it is an array formula."""
    rng = random.Random(f"formulas {number}")
    return random_formula(rng), rng.random() < 0.3


def formulas(number: int) -> None:
    """A formula gives a value that a cell can hold, or says why not."""
    judge_formula(*formula_of(number))


def judge_formula(text: str, array: bool) -> None:
    """The same for a given formula."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = Calculator(_Book(text, array)).value("S", Cell(8, 5))
    except FormulaError as why:
        if "Please report it" in str(why):
            raise Failed(f"={text} gives {why}") from None
        raise UserError(f"{str(why).rstrip('.')}.") from None
    if value is not None and not isinstance(value, (bool, float, str)):
        raise Failed(f"={text} gives {value!r}, which no cell holds")
    if isinstance(value, float) and not np.isfinite(value):
        raise Failed(f"={text} gives {value!r}, which no cell holds")
    if isinstance(value, str) and len(value) > 32_767:
        raise Failed(f"={text} gives a text of {len(value):,} characters")
