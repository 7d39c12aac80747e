"""The model that Excel's Solver keeps with a sheet, read from its hidden names ``solver_*``."""

from __future__ import annotations

import re

from solver.errors import UserError

from .cells import quoted
from .problem import RELATIONS, Constraint, ConstraintSide, SheetRange, SolverProblem
from .readable_workbook import ReadableWorkbook
from .sheet_names import area_of

MOST_CONSTRAINTS = 10_000   # more than Solver takes; a count above is no count


class LostModel(UserError):
    """Solver's model of a sheet has lost its cells."""


def stored_problem(workbook: ReadableWorkbook, sheet: str) -> SolverProblem | None:
    """Solver's model of a sheet, or None. Raises LostModel where its cells are #REF!.

    The names: ``solver_opt`` (objective), ``solver_adj`` (changing cells), ``solver_typ`` (1 max, 2 min, 3 value of
    ``solver_val``), ``solver_neg`` (1: nothing negative), ``solver_num`` constraints ``solver_lhs1 solver_rel1
    solver_rhs1`` …
    """
    stored = {n.name.lower(): n.refers_to for n in workbook.names
              if n.scope == sheet and n.name.lower().startswith("solver_")}
    if "solver_opt" not in stored and "solver_adj" not in stored:
        return None
    for name in ("solver_opt", "solver_adj"):
        if "#REF!" in stored.get(name, ""):
            raise LostModel(f"{quoted(sheet)}: {name} is #REF!, so Solver's model lost its cells. "
                            "Set it up again in Data > Solver.")
    objective = area_of(stored.get("solver_opt", ""))
    count = min(int(_number(stored.get("solver_num")) or 0), MOST_CONSTRAINTS)
    return SolverProblem(sheet, objective and (objective[0], objective[1].first), areas(stored.get("solver_adj", "")),
                   {"1": "max", "3": "value"}.get(stored.get("solver_typ", "").lstrip("="), "min"),
                   _number(stored.get("solver_val")) or 0.0,
                   tuple(_constraint(stored, n) for n in range(1, count + 1)),
                   stored.get("solver_neg", "").lstrip("=") == "1", stored=True)


def areas(union: str) -> tuple[SheetRange, ...]:
    """The areas of ``Sheet!$A$1:$B$2,'another one'!$C$3``; what is no area is left out."""
    return tuple(filter(None, map(area_of, split_union(union))))


def split_union(text: str) -> list[str]:
    """The parts between commas that stand outside quotes."""
    return re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", text.removeprefix("="))


def _constraint(stored: dict[str, str], n: int) -> Constraint:
    relation = RELATIONS.get(stored.get(f"solver_rel{n}", "").lstrip("="), f"solver_rel{n}")
    left, right = (_side(stored.get(f"solver_{end}{n}", "#REF!")) for end in ("lhs", "rhs"))
    return Constraint(left, relation, right if relation in ("<=", "=", ">=") else None)


def _side(text: str) -> ConstraintSide:
    number = _number(text)
    return number if number is not None else area_of(text) or text.strip().removeprefix("=")


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").strip().removeprefix("="))
    except ValueError:
        return None
