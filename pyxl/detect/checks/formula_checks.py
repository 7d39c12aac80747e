"""Finds formulas that a fit cannot rely on: random numbers, other workbooks, unsorted lookups."""

from __future__ import annotations

import re

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.functions.all_functions import DRAWN_ANEW
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.syntax.parse import Call, Literal, parse, walk
from pyxl.grid.cells import quoted
from pyxl.grid.grid import Grid
from solver.errors import UserError

_DRAWN_ANEW = re.compile(rf"\b({'|'.join(sorted(DRAWN_ANEW))})\s*\(", re.I)
MOVING_REFERENCES = ("OFFSET", "INDIRECT")     # where they point is known only when they are evaluated
_MOVING = re.compile(rf"\b({'|'.join(MOVING_REFERENCES)})\s*\(", re.I)
_EXTERNAL = re.compile(r"\[([^\]]+\.xl\w*|\d+)\]")


def changes_by_itself(text: str) -> bool:
    """Whether the formula gives another value at every recalculation."""
    if not _DRAWN_ANEW.search(text):
        return False
    try:
        return any(isinstance(node, Call) and node.name in DRAWN_ANEW for node in walk(parse(text)))
    except FormulaError:
        return True


def moving_reference(text: str) -> str | None:
    """OFFSET or INDIRECT where a formula finds its cells by it, or None."""
    if not _MOVING.search(text):
        return None
    try:
        return next((node.name for node in walk(parse(text)) if isinstance(node, Call) and node.name in MOVING_REFERENCES), None)
    except FormulaError:
        return None


def external_book(text: str) -> str | None:
    """The other workbook that a formula reads, or None."""
    match = _EXTERNAL.search(text)
    return f"[{match[1]}]" if match else None


def check_matches(grid: Grid, calculator: Calculator) -> None:
    """MATCH without ``,0`` searches by halves and goes astray among ids that are not sorted.

    Raises UserError for the first such formula.
    """
    checked = set()
    for cell, formula in grid.formulas.items():
        if "MATCH" not in formula.text.upper():
            continue
        try:
            calls = [n for n in walk(parse(formula.text)) if isinstance(n, Call) and n.name == "MATCH"]
            for call in calls:
                ascending = len(call.args) == 2 or call.args[2] in (Literal(1.0), Literal(True))
                where = calculator.reference(call.args[1], grid.sheet, cell, formula.anchor) if ascending else None
                if where is None or where in checked:
                    continue
                checked.add(where)
                ids = [v for row in calculator.block(*where) for v in row if v is not None]
                keys = [(isinstance(v, str), v.casefold() if isinstance(v, str) else v) for v in ids]
                if any(a > b for a, b in zip(keys, keys[1:])):
                    raise UserError(f"{quoted(grid.sheet)}!{cell}: MATCH needs sorted ids, and {where[1]} is not "
                                    "sorted. Add ,0 as its third argument.")
        except FormulaError:
            continue
