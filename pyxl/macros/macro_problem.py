"""The model that a macro gives to Solver, as the names that Solver would keep with the sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pyxl.grid.cells import quoted
from pyxl.grid.problem import SolverProblem
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_of
from pyxl.grid.stored_problem import problem_of_names, split_union, stored_names
from solver.errors import UserError

from .statements import Procedure, SolverCall, procedures
from .vba_modules import module_sources

_OPTIONS = {"maxtime": "tim", "iterations": "itr", "precision": "pre", "inttolerance": "tol", "convergence": "cvg", "assumenonneg": "neg",
            "populationsize": "ssz", "randomseed": "rsd", "multistart": "msl", "maxsubproblems": "mip", "solvewithout": "rlx", "maxtimenoimp": "mni"}
_KINDS = {"4": "integer", "5": "binary", "6": "alldifferent"}
_CELLS = re.compile(r"\$?[A-Za-z]{1,3}\$?\d+(:\$?[A-Za-z]{1,3}\$?\d+)?")


@dataclass(frozen=True)
class AskedOfSolver:
    """What Solver is asked about a sheet, and Solver's `names` that say the same; `macro` is the one that asks it, empty where the
    model is stored with the sheet."""

    problem: SolverProblem
    names: dict[str, str]
    macro: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence on where the model comes from, where that is a macro."""
        return (f"Solver keeps no model with this sheet: what the macro {self.macro} asks of it was read there.",) if self.macro else ()


def stored_or_in_macro(workbook: ReadableWorkbook, sheet: str) -> AskedOfSolver | None:
    """The model that Solver keeps with a sheet, or else what a macro asks of Solver there. Raises LostModel."""
    names = stored_names(workbook, sheet)
    problem = problem_of_names(names, workbook, sheet)
    return macro_problem(workbook, sheet) if problem is None else AskedOfSolver(problem, names)


def macro_problem(workbook: ReadableWorkbook, sheet: str) -> AskedOfSolver | None:
    """The first model of a sheet that a macro of the workbook states; None where none does, or where macros compute its cells only as
    they run."""
    project = workbook.vba
    if project is None:
        return None
    for module, source in module_sources(project):
        if "solverok" not in source.lower():
            continue
        for procedure in procedures(module, source):
            for names in _models(workbook, procedure, sheet):
                try:
                    problem = problem_of_names(names, workbook, sheet)
                except UserError:
                    continue
                if problem is not None and problem.changing:
                    return AskedOfSolver(replace(problem, stored=False), names, f"{module}.{procedure.name}")
    return None


def _models(workbook: ReadableWorkbook, procedure: Procedure, sheet: str):
    """The models that a macro states of a sheet, as Solver's names, each from one SolverOk to the next SolverSolve or SolverReset."""
    calls: list[SolverCall] = []
    for call in (*procedure.calls, SolverCall("solverreset", {}, False, None)):
        if call.name in ("solverreset", "solversolve"):
            stated = next((c for c in reversed(calls) if c.name.startswith("solverok")), None)
            if stated is not None and not any(c.computed and c.name != "solveroptions" for c in calls) and _sheet_of(workbook, stated) == sheet:
                yield _names(calls, stated, sheet)
            calls = [] if call.name == "solverreset" else calls
        else:
            calls.append(call)


def _sheet_of(workbook: ReadableWorkbook, stated: SolverCall) -> str | None:
    """The sheet that a model is about: the one that its objective names, or that was activated before, or the only one that has a
    formula there."""
    text = str(stated.arguments.get("setcell") or stated.arguments.get("bychange", ""))
    if (found := area_of(split_union(text)[0])) is not None:
        return found[0]
    if stated.sheet is not None:
        return next((title for title in workbook.sheets if title.casefold() == stated.sheet.casefold()), None)
    named = {name.name.casefold(): area_of(name.refers_to) for name in workbook.names}
    if (area := named.get(text.casefold())) is not None:
        return area[0]
    if not _CELLS.fullmatch(text):
        return None
    holders = []
    for title in workbook.sheets:
        where = area_of(f"{quoted(title)}!{text.upper()}")
        if where is not None and workbook.grid(title).owner(where[1].first) is not None:
            holders.append(title)
    return holders[0] if len(holders) == 1 else None


def _names(calls: list[SolverCall], stated: SolverCall, sheet: str) -> dict[str, str]:
    told = stated.arguments
    names = {"solver_opt": _reference(told.get("setcell", ""), sheet), "solver_adj": _reference(told.get("bychange", ""), sheet),
             "solver_typ": _plain(told.get("maxminval", 1.0)), "solver_val": _plain(told.get("valueof", 0.0)), "solver_neg": "1"}
    constraints: dict[tuple[str, str], str] = {}
    for call in calls:
        given = call.arguments
        key = _reference(given.get("cellref", ""), sheet), _plain(given.get("relation", ""))
        if call.name in ("solveradd", "solverchange"):
            constraints[key] = _KINDS.get(key[1]) or _reference(given.get("formulatext", ""), sheet)
        elif call.name == "solverdelete":
            constraints.pop(key, None)
        elif call.name == "solveroptions":
            names |= {f"solver_{_OPTIONS[option]}": _plain(value) for option, value in given.items() if option in _OPTIONS}
    names["solver_num"] = str(len(constraints))
    for number, ((left, relation), right) in enumerate(constraints.items(), 1):
        names |= {f"solver_lhs{number}": left, f"solver_rel{number}": relation, f"solver_rhs{number}": right}
    return names


def _plain(value: float | str) -> str:
    return f"{value:.15g}" if isinstance(value, float) else value.strip()


def _reference(value: float | str, sheet: str) -> str:
    """A side as Solver's names say it: cells with their sheet."""
    text = _plain(value).removeprefix("=")
    return ",".join(_qualified(part.strip(), sheet) for part in split_union(text))


def _qualified(part: str, sheet: str) -> str:
    where, _, cells = part.rpartition("!")
    return f"{where or quoted(sheet)}!{cells.upper()}" if _CELLS.fullmatch(cells) else part
