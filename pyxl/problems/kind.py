"""What kind of problem it is, as the compiled formulas prove it: linear, quadratic, smooth, piecewise or stepwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pyxl.grid.cells import quoted
from pyxl.grid.problem import SolverProblem, place_told
from solver.programs.program import Convex

from .constraint_lines import CellTerm, FixedTerm, FunctionLine, OutputTerm, SheetCell, Term
from .exact.exact_model import exact_model, needed_bound
from .exact.growing_model import NeedsBound, NotExact

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from pyxl.formulas.structure.nonlinear_terms import NonlinearTerms, Structure
    from solver import LinearModel

ASSUMED = 1e4     # times its size that a cell without a bound may go from its start, where an exact model needs a bound
MOST_CELLS = 1500      # whose second derivatives are looked at all together
NEARLY_CONVEX = 1e-12       # of the largest second derivative: what is less below 0 is 0
SORTS = ("linear", "quadratic", "smooth", "piecewise", "stepwise")   # from the easiest to the hardest


@dataclass(frozen=True)
class Kind:
    """`sort` is one of SORTS; `whole` counts the cells that are to be whole numbers, `different` those of them that are to be all
    different. `place` is the cell whose formula makes the problem what it is, and `why` what that formula does; `exact` says
    that the same can be said by a linear model with whole numbers."""

    sort: str
    whole: int = 0
    different: int = 0
    place: SheetCell | None = None
    why: str = ""
    exact: bool = False

    def told(self) -> str:
        """``linear with 12 whole numbers``, ``piecewise, as Sheet1!B4 takes a maximum``"""
        whole = f" with {self.whole} whole number{'s' * (self.whole != 1)}" if self.whole else ""
        different = f", {self.different} of them all different" if self.different else ""
        because = "" if self.place is None else f", as {quoted(self.place[0])}!{self.place[1]} {self.why}"
        exact = ", said exactly by a linear model" if self.exact else ""
        return f"{self.sort}{whole}{different}{because}{exact}"


def kind_of(structure: Structure | None, *, whole: int, different: int) -> Kind:
    """The kind of a problem; without a structure it counts as smooth."""
    if structure is None:
        return Kind("smooth", whole, different)
    worst: NonlinearTerms | None = max(structure.reached(), key=lambda terms: SORTS.index(_sort(structure, terms)), default=None)
    if worst is None:
        return Kind("linear", whole, different)
    return Kind(_sort(structure, worst), whole, different, worst.place, worst.told())


def _sort(structure: Structure, terms: NonlinearTerms) -> str:
    """A product of what is no longer linear is no quadratic."""
    if terms.sort == "quadratic" and any((arg.indices > structure.n_cells).any() for arg in terms.args):
        return "smooth"
    return terms.sort


def has_jumps(structure: Structure) -> bool:
    """Whether an output may jump where a comparison turns."""
    from pyxl.formulas.structure.nonlinear_terms import SIGNS

    return any(terms.operation == "if" or terms.operation in SIGNS.values() for terms in structure.reached())


def linear_model(structure: Structure, objective: Term, rows: Sequence[FunctionLine], *, low: np.ndarray, high: np.ndarray,
                 floor: np.ndarray, ceiling: np.ndarray, whole: np.ndarray) -> LinearModel:
    """A problem all of whose formulas are linear, as numbers; its rows are the constraint functions in order."""
    from scipy.sparse import csr_array, vstack

    from solver import LinearModel

    cost, functions = forms_of(structure, objective, rows)
    together = csr_array(vstack([cost, *functions]))
    constants = together[:, [0]].toarray()[:, 0]
    coefficients = csr_array(together[:, 1:1 + structure.n_cells])
    return LinearModel(coefficients[[0]].toarray()[0], float(constants[0]), csr_array(coefficients[1:]), floor - constants[1:],
                       ceiling - constants[1:], low, high, whole)


def linear_rows(structure: Structure, rows: Sequence[FunctionLine], *, low: np.ndarray, high: np.ndarray, floor: np.ndarray, ceiling: np.ndarray,
                whole: np.ndarray) -> LinearModel:
    """Those constraints of a problem that are linear, without an objective."""
    chosen = [n for n, line in enumerate(rows) if all(not isinstance(term, OutputTerm) or not structure.reached([term.output])
                                                      for term in (line.left, line.right))]
    return linear_model(structure, FixedTerm("", 0.0), [rows[n] for n in chosen], low=low, high=high, floor=floor[chosen],
                        ceiling=ceiling[chosen], whole=whole)


def forms_of(structure: Structure, objective: Term, rows: Sequence[FunctionLine]) -> tuple[csr_array, list[csr_array]]:
    """The forms of the objective and of the constraint functions, left − right, each one row."""
    forms = _Forms(structure)
    return forms.of(objective), [forms.of(line.left) - (forms.zero if isinstance(line.right, FixedTerm) else forms.of(line.right))
                                 for line in rows]


def least_curvature(structure: Structure, objective: csr_array, rows: Sequence[csr_array], *, goal: str, root: int) -> float | None:
    """The least second derivative of what is made small, where that is proved to be convex and all `rows` are linear; else None.

    The objective is quadratic, or, with `root` 2, the square root of something quadratic.
    """
    n = structure.n_cells
    if goal == "value" or n > MOST_CELLS or any((row.indices > n).any() for row in rows):
        return None
    if root == 2:
        reached = structure.reached_by([objective])
        if not reached or reached[-1].operation != "sqrt" or objective.indices.tolist() != [reached[-1].first] or objective.data.tolist() != [1.0]:
            return None
        objective = reached[-1].args[0]
    hessian, sign = np.zeros((n, n)), -1.0 if goal == "max" else 1.0
    coefficient = {column: sign * c for column, c in zip(objective.indices.tolist(), objective.data.tolist())}
    for terms in structure.reached_by([objective]):
        wanted = [number for number in range(terms.count) if terms.first + number in coefficient]
        if _sort(structure, terms) != "quadratic" or terms.segments is not None:
            return None
        left, right = (arg[wanted][:, 1:1 + n].toarray() for arg in terms.args)
        weighted = left * np.array([coefficient[terms.first + number] for number in wanted])[:, None]
        hessian += weighted.T @ right
    ends = np.linalg.eigvalsh(hessian + hessian.T)
    return max(0.0, float(ends[0])) if ends[0] >= -NEARLY_CONVEX * max(1.0, abs(ends[-1])) else None


@dataclass(frozen=True, eq=False)
class ProvedShape:
    """What the structure of its formulas proves of a problem, as `Program` has it, and what is to be said of that."""

    kind: Kind
    linear: LinearModel | None = None
    linear_rows: LinearModel | None = None
    exact: bool = True
    convex: Convex | None = None
    assumed: bool = False
    jumps: bool = False
    notes: tuple[str, ...] = ()


def proved_shape(structure: Structure, kind: Kind, problem: SolverProblem, objective: Term, rows: list[FunctionLine], *,
                 different: tuple[np.ndarray, ...], root: int, start: np.ndarray, limits: dict[str, np.ndarray]) -> ProvedShape:
    """Linear where it is, by exact models where these can be had, and convex where that is proved."""
    if kind.sort == "linear" and not different:
        return ProvedShape(kind, linear_model(structure, objective, rows, **limits))
    form, row_forms = forms_of(structure, objective, rows)
    linear, exact, assumed, notes = None, True, False, []
    if kind.sort != "smooth":
        try:
            linear, exact = exact_model(structure, form, row_forms, goal=problem.goal, different=different, **limits)
            kind = replace(kind, exact=True)
        except NeedsBound as missing:
            notes.append(needed_bound(missing, problem.cells, lambda place: place_told(*place, problem.sheet)))
            linear, exact = None if different else _within_assumed_bounds(structure, form, row_forms, problem.goal, start, limits), False
            assumed = linear is not None and kind.sort != "linear"
        except NotExact:
            pass
    about_rows = None if linear is not None and kind.sort == "linear" else linear_rows(structure, rows, **limits)
    convex = None
    if linear is None and about_rows is not None and not different and kind.sort not in ("piecewise", "stepwise"):
        curvature = least_curvature(structure, form, row_forms, goal=problem.goal, root=root)
        convex = None if curvature is None else Convex(curvature, about_rows)
    return ProvedShape(kind, linear, about_rows, exact, convex, assumed,
                       jumps=kind.sort == "piecewise" and not kind.exact and has_jumps(structure), notes=tuple(notes))


def _within_assumed_bounds(structure: Structure, form: csr_array, rows: list[csr_array], goal: str, start: np.ndarray,
                           limits: dict[str, np.ndarray]) -> LinearModel | None:
    """The exact model where cells without a bound stay near their start; None where there is none."""
    far = ASSUMED * np.maximum(1.0, np.abs(start))
    low, high = np.maximum(limits["low"], np.minimum(start, limits["high"]) - far), np.minimum(limits["high"], np.maximum(start, limits["low"]) + far)
    try:
        return exact_model(structure, form, rows, goal=goal, low=low, high=high, floor=limits["floor"], ceiling=limits["ceiling"],
                           whole=limits["whole"])[0]
    except (NotExact, NeedsBound):
        return None


class _Forms:
    """The affine forms of terms, as rows of one width."""

    def __init__(self, structure: Structure):
        from scipy.sparse import csr_array

        self._structure, self._width = structure, structure.forms.shape[1]
        self.zero = csr_array((1, self._width))

    def of(self, term: Term) -> csr_array:
        from scipy.sparse import csr_array

        if isinstance(term, OutputTerm):
            return self._structure.forms[[term.output]]
        column, value = (1 + term.cell, 1.0) if isinstance(term, CellTerm) else (0, term.constant)
        return csr_array(([value], ([0], [column])), shape=(1, self._width))
