"""What Solver is asked: an objective, a goal, the cells that may change, and constraints. Knows no workbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from solver import GOALS

from .cells import Cell, Range, quoted

SheetRange = tuple[str, Range]             # cells of a sheet
ConstraintSide = Union[SheetRange, float, str]   # of a constraint: cells, a number, or a formula's text

RELATIONS = {"1": "<=", "2": "=", "3": ">=", "4": "int", "5": "bin", "6": "alldifferent"}  # as Solver numbers them
WHOLE_KINDS = {"int": "whole numbers", "bin": "0 or 1", "alldifferent": "all different whole numbers"}   # relations without a right side
CHANGING = "solver_adj"    # Solver's own name for the cells that may change


@dataclass(frozen=True)
class Constraint:
    """``left relation right``, cell by cell where a side is a range; `relation` is a value of RELATIONS, and those of WHOLE_KINDS
    have no right side."""

    left: ConstraintSide
    relation: str
    right: ConstraintSide | None

    def told(self, home: str) -> str:
        """``B2:B4 <= 5``; cells of the sheet `home` without its name."""
        left = f"{side_told(self.left, home)} {self.relation}"
        return left if self.right is None else f"{left} {side_told(self.right, home)}"


@dataclass(frozen=True)
class SolverProblem:
    """Make the cell `objective` small (`goal` 'min'), large ('max') or equal to `target` ('value') by changing the
    cells `changing`, subject to `constraints`; `non_negative` cells without a lower bound must not fall below 0.

    `sheet` is where the problem stands; `objective` None where Solver has no such cell. `stored` says that Solver's
    own names hold it.
    """

    sheet: str
    objective: tuple[str, Cell] | None
    changing: tuple[SheetRange, ...]
    goal: str = "min"
    target: float = 0.0
    constraints: tuple[Constraint, ...] = ()
    non_negative: bool = False
    stored: bool = False

    @property
    def cells(self) -> tuple[tuple[str, Cell], ...]:
        """The changing cells, each once, in order."""
        return tuple(dict.fromkeys((sheet, cell) for sheet, area in self.changing for cell in area.cells()))

    @property
    def blocks(self) -> dict[str, SheetRange]:
        """The changing cells by what they are called where their old numbers are kept: by Solver's name, which stays
        when rows are inserted, or by their address."""
        return {f"{CHANGING} {n}" if self.stored else f"{quoted(sheet)}!{area}": (sheet, area)
                for n, (sheet, area) in enumerate(self.changing, 1)}

    def told(self) -> str:
        """``minimise D9 by changing B2:B4, where B5 = 1``"""
        text = f"{self.told_goal()} by changing {', '.join(side_told(area, self.sheet) for area in self.changing) or 'no cells'}"
        wishes = [constraint.told(self.sheet) for constraint in self.constraints]
        if self.non_negative:
            wishes.append("nothing negative")
        return f"{text}, where {', '.join(wishes)}" if wishes else text

    def told_goal(self) -> str:
        """``minimise D9``"""
        objective = "(no cell)" if self.objective is None else place_told(*self.objective, self.sheet)
        return GOALS[self.goal].told.format(cell=objective, target=self.target)


def place_told(sheet: str, cell: Cell | Range, home: str) -> str:
    """``B2``, or ``Other!B2`` where it is not on the sheet `home`."""
    return str(cell) if sheet == home else f"{quoted(sheet)}!{cell}"


def side_told(side: ConstraintSide, home: str) -> str:
    """A side of a constraint as a person writes it."""
    if isinstance(side, tuple):
        return place_told(*side, home)
    return f"{side:.15g}" if isinstance(side, float) else str(side)
