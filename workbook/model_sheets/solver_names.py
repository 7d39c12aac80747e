"""Excel Solver's model of a sheet, as hidden names: a student who opens Solver only presses Solve."""

from __future__ import annotations

from xlsxwriter import Workbook

from pyxl.grid.cells import Range, quoted
from pyxl.grid.layout import Layout
from pyxl.grid.problem import RELATIONS, ConstraintSide, SolverProblem, side_told

MOST_CHANGING_CELLS = 200   # what the Solver that comes with Excel takes

# As Excel itself writes them for a model that is solved by GRG Nonlinear with central derivatives.
_OPTIONS = {
    "cvg": "0.0001", "drv": "2", "eng": "1", "est": "1", "itr": "2147483647", "mip": "2147483647",
    "mni": "30", "mrt": "0.075", "msl": "2", "nod": "2147483647", "nwt": "1",
    "pre": "0.000001", "rbv": "2", "rlx": "2", "rsd": "0", "scl": "2", "sho": "2", "ssz": "100",
    "tim": "2147483647", "tol": "0.01", "ver": "3",
}
_GOALS = {"max": "1", "min": "2", "value": "3"}
_KINDS = {"int": '"integer"', "bin": '"binary"', "alldifferent": '"AllDifferent"'}    # beside these relations, which have no right side
_RELATIONS = {relation: number for number, relation in RELATIONS.items()}


def changing_cells(layout: Layout) -> tuple[Range, ...]:
    """The parameters as few ranges: a bias lies against its factors and joins them; of a net every block is one."""
    if layout.variant == "net":
        return tuple(block.range for block in layout.parameters.values())
    pairs = ((layout.item_bias, layout.item_factors), (layout.user_bias, layout.user_factors))
    ranges = []
    for bias, factors in pairs:
        blocks = [block.range for block in (bias, factors) if block]
        ranges.append(Range(min(r.top for r in blocks), min(r.left for r in blocks),
                            max(r.bottom for r in blocks), max(r.right for r in blocks)))
    return tuple(ranges)


def define_solver_names(workbook: Workbook, problem: SolverProblem) -> None:
    """Add the hidden names ``solver_*`` of one sheet to an XlsxWriter workbook."""
    names = dict(_OPTIONS, num=str(len(problem.constraints)), typ=_GOALS[problem.goal], val=f"{problem.target:.15g}",
                 neg="1" if problem.non_negative else "2")
    names["adj"] = ",".join(_refers_to(area) for area in problem.changing)
    if problem.objective is not None:
        sheet, cell = problem.objective
        names["opt"] = _refers_to((sheet, Range.around([cell])))
    for n, constraint in enumerate(problem.constraints, 1):
        names |= {f"lhs{n}": _refers_to(constraint.left), f"rel{n}": _RELATIONS[constraint.relation],
                  f"rhs{n}": _KINDS[constraint.relation] if constraint.right is None else _refers_to(constraint.right)}
    for name, refers_to in sorted(names.items()):
        workbook.define_name(f"{quoted(problem.sheet)}!solver_{name}", f"={refers_to}")
        workbook.defined_names[-1][3] = True    # hidden: XlsxWriter has the flag but no argument for it


def problem_of(layout: Layout) -> SolverProblem:
    """What Solver is asked on a model sheet: the error made small by changing all parameters."""
    return SolverProblem(layout.sheet, (layout.sheet, layout.rmse),
                   tuple((layout.sheet, area) for area in changing_cells(layout)), stored=True)


def _refers_to(side: ConstraintSide) -> str:
    return f"{quoted(side[0])}!{side[1].absolute}" if isinstance(side, tuple) else side_told(side, "")


_SOLVER_NOTES = ("Solver changes", "Too large for Solver:")


def is_solver_note(text: object) -> bool:
    """Whether this is what `solver_note` says of a sheet, of whatever size."""
    return isinstance(text, str) and text.startswith(_SOLVER_NOTES)


def solver_note(layout: Layout) -> str:
    """One sentence: whether Excel's Solver can take this sheet."""
    n = sum(r.size for r in changing_cells(layout))
    if n <= MOST_CHANGING_CELLS:
        return f"{_SOLVER_NOTES[0]} {n} cells here (it takes at most {MOST_CHANGING_CELLS})."
    return (f"{_SOLVER_NOTES[1]} {n:,} changing cells, it takes at most {MOST_CHANGING_CELLS}; "
            "fit this sheet with collabsheet.")
