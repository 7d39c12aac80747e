"""A problem said by hand: ``--objective D9 --change B2:B4 --goal max --where "B5 <= 1"``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyxl.grid.cells import Cell, Range
from pyxl.grid.problem import Constraint, ConstraintSide, SheetRange, SolverProblem
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_of
from pyxl.grid.stored_problem import split_union
from solver import GOALS, UserError

_SIGNS = {"<=": "<=", "=<": "<=", "≤": "<=", ">=": ">=", "=>": ">=", "≥": ">=", "=": "=", "==": "="}
_TYPES = {"int": "int", "integer": "int", "bin": "bin", "binary": "bin", "alldifferent": "alldifferent", "dif": "alldifferent"}
_SKIPPED = re.compile(r"'[^']*'|\"[^\"]*\"|<>")


@dataclass(frozen=True)
class Statement:
    """The texts, as they were typed: a cell, ranges, ``min``, ``max`` or ``value=X``, and constraints."""

    objective: str
    change: Sequence[str]
    goal: str = "min"
    where: Sequence[str] = ()


def stated_problem(workbook: ReadableWorkbook, statement: Statement, sheet: str | None) -> SolverProblem:
    """The problem that somebody states, with cells on `sheet` unless they name another one.

    Raises UserError for what is no cell, no range, no goal and no constraint.
    """
    sheet = sheet or _only_sheet(workbook, statement.objective)
    objective = _area(workbook, statement.objective, sheet, "objective")
    if objective[1].size != 1:
        raise UserError(f"The objective is one cell, and {statement.objective} are {objective[1].size}. Give the cell.")
    changing = tuple(_area(workbook, part, sheet, "changing cells") for text in statement.change for part in split_union(text)
                     if part.strip())
    goal, target = _goal(statement.goal)
    return SolverProblem(objective[0], (objective[0], objective[1].first), changing, goal, target,
                   tuple(_constraint(workbook, text, sheet) for text in statement.where))


def _only_sheet(workbook: ReadableWorkbook, objective: str) -> str:
    if (named := area_of(objective)) is not None:
        return _title(workbook, named[0])
    if len(workbook.sheets) == 1:
        return workbook.sheets[0]
    if re.fullmatch(r"\$?[A-Za-z]{1,3}\$?\d+", objective.strip()):
        with_formula = [sheet for sheet in workbook.sheets if workbook.grid(sheet).owner(Cell.parse(objective)) is not None]
        if len(with_formula) == 1:
            return with_formula[0]
        if not with_formula:
            raise UserError(f"No sheet has a formula in {objective}. Give the cell that the others should make small.")
    raise UserError(f"On which sheet is {objective}? Say --sheet, one of: {', '.join(workbook.sheets)}.")


def _goal(text: str) -> tuple[str, float]:
    name, _, target = text.strip().lower().partition("=")
    if name in GOALS and (name == "value") == bool(target):
        try:
            return name, float(target or 0.0)
        except ValueError:
            pass
    raise UserError(f"'{text}' is no goal. Give min, max, or value=X with a number.")


def _constraint(workbook: ReadableWorkbook, text: str, sheet: str) -> Constraint:
    found = _split(text)
    if found is None:
        left, _, word = text.strip().rpartition(" ")
        if left and word.lower() in _TYPES:
            return Constraint(_area(workbook, left, sheet, "constraint"), _TYPES[word.lower()], None)
        raise UserError(f"'{text}' is no constraint. Write one like \"B2:B4 <= 5\", with <=, = or >=.")
    left, sign, right = found
    return Constraint(_side(workbook, left, sheet), sign, _side(workbook, right, sheet))


def _split(text: str) -> tuple[str, str, str] | None:
    """(left, sign, right) at the first sign outside quotes and brackets."""
    hidden = _SKIPPED.sub(lambda match: " " * len(match[0]), text)
    depth = 0
    for at, letter in enumerate(hidden):
        depth += (letter == "(") - (letter == ")")
        sign = next((s for s in sorted(_SIGNS, key=len, reverse=True) if hidden.startswith(s, at)), None)
        if sign and not depth:
            left, right = text[:at].strip(), text[at + len(sign):].strip()
            return (left, _SIGNS[sign], right) if left and right else None
    return None


def _side(workbook: ReadableWorkbook, text: str, sheet: str) -> ConstraintSide:
    try:
        return float(text)
    except ValueError:
        return cells_meant(workbook, text, sheet) or text


def _area(workbook: ReadableWorkbook, text: str, sheet: str, what: str) -> SheetRange:
    found = cells_meant(workbook, text, sheet)
    if found is None:
        raise UserError(f"'{text.strip()}' is no cell, range or name of this workbook ({what}). Give one like B2:B4, "
                        "or Sheet1!B2:B4.")
    return found


def cells_meant(workbook: ReadableWorkbook, text: str, sheet: str) -> SheetRange | None:
    """The cells that a text means: ``B2:B4``, ``'my sheet'!B2``, or a defined name; None for anything else."""
    text = text.strip()
    where, mark, cells = text.rpartition("!")
    if (qualified := area_of(where + mark + cells.upper())) is not None:
        return _title(workbook, qualified[0]), qualified[1]
    if re.fullmatch(r"\$?[A-Za-z]{1,3}\$?\d+(:\$?[A-Za-z]{1,3}\$?\d+)?", text):
        return sheet, Range.parse(text)
    named = {(n.scope, n.name.casefold()): n.refers_to for n in workbook.names}
    return area_of(named.get((sheet, text.casefold())) or named.get((None, text.casefold())) or "")


def _title(workbook: ReadableWorkbook, sheet: str) -> str:
    """The sheet's name as the workbook writes it."""
    found = next((title for title in workbook.sheets if title.casefold() == sheet.casefold()), None)
    if found is None:
        raise UserError(f"There is no sheet '{sheet}'; the workbook has: {', '.join(workbook.sheets)}. Choose one of them.")
    return found
