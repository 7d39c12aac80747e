"""The model that Excel's Solver keeps with a sheet, read from its hidden names ``solver_*``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

from solver.errors import UserError

from .cells import quoted
from .problem import RELATIONS, WHOLE_KINDS, Constraint, ConstraintSide, SheetRange, SolverProblem
from .readable_workbook import ReadableWorkbook
from .sheet_names import area_of

MOST_CONSTRAINTS = 10_000   # more than Solver takes; a count above is no count


class LostModel(UserError):
    """Solver's model of a sheet has lost its cells."""


def stored_problem(workbook: ReadableWorkbook, sheet: str) -> SolverProblem | None:
    """Solver's model of a sheet, or None. Raises LostModel where its cells are #REF!.

    The names: ``solver_opt`` (objective), ``solver_adj`` (changing cells), ``solver_typ`` (1 max, 2 min, 3 value of
    ``solver_val``), ``solver_neg`` (1: nothing negative), ``solver_rlx`` (1: nothing has to be whole), ``solver_num`` constraints
    ``solver_lhs1 solver_rel1 solver_rhs1`` …
    """
    return problem_of_names(stored_names(workbook, sheet), workbook, sheet)


def stored_names(workbook: ReadableWorkbook, sheet: str) -> dict[str, str]:
    """Solver's names of a sheet, in small letters, and what they refer to."""
    return {n.name.lower(): n.refers_to for n in workbook.names if n.scope == sheet and n.name.lower().startswith("solver_")}


def problem_of_names(stored: dict[str, str], workbook: ReadableWorkbook, sheet: str) -> SolverProblem | None:
    """The problem that Solver's names of a sheet say, wherever these come from; None where they say none. Raises LostModel."""
    if "solver_opt" not in stored and "solver_adj" not in stored:
        return None
    for name in ("solver_opt", "solver_adj"):
        if "#REF!" in stored.get(name, ""):
            raise LostModel(f"{quoted(sheet)}: {name} is #REF!, so Solver's model lost its cells. "
                            "Set it up again in Data > Solver.")
    area_named = _areas_by_name(workbook, sheet)
    objective = next(iter(areas(stored.get("solver_opt", ""), area_named)), None)
    count = min(int(_number(stored.get("solver_num")) or 0), MOST_CONSTRAINTS)
    constraints = tuple(constraint for n in range(1, count + 1) for constraint in _constraints(stored, n, area_named))
    if stored.get("solver_rlx", "").lstrip("=") == "1":
        constraints = tuple(relaxed for constraint in constraints for relaxed in _relaxed(constraint))
    return SolverProblem(sheet, objective and (objective[0], objective[1].first), areas(stored.get("solver_adj", ""), area_named),
                   {"1": "max", "3": "value"}.get(stored.get("solver_typ", "").lstrip("="), "min"),
                   _number(stored.get("solver_val")) or 0.0,
                   constraints, stored.get("solver_neg", "").lstrip("=") == "1", stored=True)


def areas(union: str, area_named: Callable[[str], SheetRange | None]) -> tuple[SheetRange, ...]:
    """The areas of ``Sheet!$A$1:$B$2,'another one'!$C$3,Orders``; what is no area and no name of one is left out."""
    return tuple(filter(None, (area_of(part) or area_named(part) for part in split_union(union))))


def _areas_by_name(workbook: ReadableWorkbook, sheet: str) -> Callable[[str], SheetRange | None]:
    """Leads from a name that means cells on a sheet, ``Orders`` or ``Sheet1!Orders``, to these."""
    found = {name.name.casefold(): name.refers_to for scope in (None, sheet) for name in workbook.names if name.scope == scope}
    return lambda text: area_of(found.get(text.rpartition("!")[2].strip().removeprefix("=").casefold(), ""))


def split_union(text: str) -> list[str]:
    """The parts between commas that stand outside quotes."""
    return re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", text.removeprefix("="))


def _constraints(stored: dict[str, str], n: int, area_named: Callable[[str], SheetRange | None]) -> Iterator[Constraint]:
    """Constraint number n: one for each area on its left side."""
    relation = RELATIONS.get(stored.get(f"solver_rel{n}", "").lstrip("="), f"solver_rel{n}")
    written = [stored.get(f"solver_{end}{n}", "#REF!") for end in ("lhs", "rhs")]
    left = _sides(written[0], area_named)
    right: Sequence[ConstraintSide | None] = _sides(written[1], area_named) if relation in ("<=", "=", ">=") else [None]
    if len(left) > 1 and (len(right) not in (1, len(left)) or relation == "alldifferent"):  # not area by area: said as written, and refused
        left, right = [written[0].removeprefix("=")], right[:1]
    for one, other in zip(left, [*right] * (len(left) // len(right))):
        yield Constraint(one, relation, other)


def _relaxed(constraint: Constraint) -> Iterator[Constraint]:
    """What is left of a constraint where nothing has to be whole: 0/1 cells stay between 0 and 1."""
    if constraint.relation == "bin":
        yield Constraint(constraint.left, ">=", 0.0)
        yield Constraint(constraint.left, "<=", 1.0)
    elif constraint.relation not in WHOLE_KINDS:
        yield constraint


def _sides(text: str, area_named: Callable[[str], SheetRange | None]) -> list[ConstraintSide]:
    number = _number(text)
    if number is not None:
        return [number]
    parts = [area_of(part) or area_named(part) for part in split_union(text)]
    found: list[ConstraintSide] = [part for part in parts if part is not None]
    return found if len(found) == len(parts) else [text.strip().removeprefix("=")]


def _number(text: str | None) -> float | None:
    """The number that a name says; INF and NaN, which Python reads as numbers, are none in a workbook."""
    try:
        number = float((text or "").strip().removeprefix("="))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
