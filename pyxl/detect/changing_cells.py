"""Which cells of a detected model may be written: those that somebody calls changing.

Solver's stored model calls its changing cells so, the names of our own workbooks call the parameter blocks so, and
a table of ratings does by what no other table has: blanks that the formulas provide for, or users and items that
are looked up again and again. A regression, or a layer of a net, multiplies data by coefficients in the very same
algebra, and its data must never be overwritten: where nothing tells the two apart, the model is refused with how
to say which it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.formulas.language.syntax.parse import Call, Name, Node, Reference, Structured, parse, walk
from pyxl.grid.cells import Range, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.layout import Block, Layout
from pyxl.grid.problem import SolverProblem, place_told, side_told
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.stored_problem import stored_problem


def solver_disagreement(layout: Layout, solver: SolverProblem) -> str | None:
    """A sentence on how Solver's model differs from this one, in its objective or its changing cells; None where it agrees.

    More changing cells are no difference where this model does not depend on them: users whom no rating looks up.
    """
    where = quoted(layout.sheet)
    if solver.objective is not None and solver.objective != (layout.sheet, layout.rmse):
        return f"{where}: Solver's objective there is {place_told(*solver.objective, layout.sheet)}, not {layout.rmse}."
    parameters = {(sheet, cell) for sheet, area in layout.areas.values() for cell in area.cells()}
    changing = set(solver.cells)
    ends = {(layout.sheet, end) for end in (layout.low, layout.high)}
    others = {(sheet, cell) for sheet, cell in changing - parameters
              if (sheet, cell) in ends or sheet == layout.sheet and cell in layout.ratings}
    if parameters <= changing and not others:
        return None
    told = ", ".join(side_told(area, layout.sheet) for area in solver.changing)
    return f"{where}: Solver's model there has other changing cells ({told}) than the factors and biases ({_told(layout)})."


def solvers_further_wishes(workbook: ReadableWorkbook, sheet: str) -> str:
    """A sentence on what Solver's model of a sheet asks for beside a small objective: another goal, constraints, signs.
    It is empty where it asks for nothing else, or where it names no changing cells."""
    solver = stored_problem(workbook, sheet)
    if solver is None or not solver.changing:   # Excel keeps a goal as soon as Solver's dialog was looked at
        return ""
    wishes = []
    if solver.goal != "min":
        wishes.append("another goal than a minimum")
    if n := len(solver.constraints):
        wishes.append(f"{n} constraint{'s' if n > 1 else ''}")
    if solver.non_negative:
        wishes.append("no negative numbers")
    return f"{quoted(sheet)}: Solver's model there asks for {' and '.join(wishes)}." if wishes else ""


def doubt(grid: Grid, calculator: Calculator, layout: Layout, *, user_of: np.ndarray, item_of: np.ndarray,
          named: Mapping[str, Range]) -> str | None:
    """Why the blocks of this model may hold data that must not change, and how to say what may; None where names
    of ours, or what only a table of ratings has, say that they are factors. Asked where Solver says nothing."""
    if "user_factors" in named and "item_factors" in named:
        return None
    why = _why_doubtful(grid, calculator, layout, user_of, item_of)
    if why is None:
        return None
    reason, data = why
    free = [block.range for role, block in layout.parameters.items() if block != data]
    objective = f"{quoted(layout.sheet)}!{layout.rmse}"
    either = f"--change {_list(free)} or --change {_told(layout)}" if data else f"--change with some of {_told(layout)}"
    return (f"{objective} compares {layout.ratings} with products of {layout.user_factors.range} and "
            f"{layout.item_factors.range}, which may be factors, or data that must not change. {reason} "
            f"Say which cells may change: --objective \"{objective}\" {either}; or set up Data > Solver.")


def _why_doubtful(grid: Grid, calculator: Calculator, layout: Layout, user_of: np.ndarray,
                  item_of: np.ndarray) -> tuple[str, Block | None] | None:
    """(a sentence, the block that looks like data), or None."""
    users, items = layout.user_factors, layout.item_factors
    for one, other, what in ((users, items, "user"), (items, users, "item")):
        if one.shape[0] == 1:
            return f"There is one {what} only, as in a regression.", other
    numbers = {block: _numbers(grid, block) for block in (users, items)}
    for block in (users, items):
        if set(np.unique(numbers[block])) == {0, 1}:
            return f"{block.range} holds 0 and 1 only, as data does.", block
        ones = (numbers[block] == 1).all(axis=0)
        if ones.any() and not ones.all():
            return f"A column or row of {block.range} is 1 throughout, as beside an intercept.", block
    if all(_whole(found) for found in numbers.values()) and any(np.ptp(found) for found in numbers.values()):
        return "Both hold whole numbers only, as data does.", None
    if layout.form == "long":
        for block, index in ((users, user_of), (items, item_of)):
            if len(np.unique(index)) == index.size:
                return f"Every row has a vector of {block.range} of its own, as in a regression.", block
    elif not (_has_blanks(grid, layout.ratings) or _minds_blanks(grid, calculator, layout) or _on_a_scale(grid, layout)):
        return f"No cell of {layout.ratings} is blank, and no formula provides for blanks, as among ratings.", None
    return None


def _numbers(grid: Grid, block: Block) -> np.ndarray:
    """(n, k), NaN where a cell holds no number."""
    values = [[grid.values.get(cell) for cell in row] for row in block.cells()]
    return np.array([[value if type(value) is float else np.nan for value in row] for row in values])


def _whole(numbers: np.ndarray) -> bool:
    return bool((numbers == np.round(numbers)).all())


def _on_a_scale(grid: Grid, layout: Layout) -> bool:
    """Whether users and items are named beside the table, and nearly all of it is in whole or half steps."""
    for ids in (layout.user_ids, layout.item_ids):
        names = [grid.values.get(cell) for cell in ids.cells()] if ids else [None]
        if None in names or len(set(names)) < len(names) or any(type(n) is float and not n.is_integer() for n in names):
            return False
    values = np.array([value for cell in layout.ratings.cells() if type(value := grid.values.get(cell)) is float])
    halves = values[2 * values == np.round(2 * values)]
    return len(halves) >= 0.8 * layout.ratings.size and len(np.unique(halves)) >= 3


def _has_blanks(grid: Grid, area: Range) -> bool:
    return any(grid.values.get(cell) in (None, "") for cell in area.cells())


def _minds_blanks(grid: Grid, calculator: Calculator, layout: Layout) -> bool:
    """Whether the first prediction is ``IF(rating="",…)``, in whatever words."""
    owner = grid.owner(layout.predictions.first)
    if owner is None:
        return False
    formula = grid.formulas[owner]

    def of_ratings(node: Node) -> bool:
        if not isinstance(node, (Reference, Name, Structured)):
            return False
        try:
            found = calculator.reference(node, grid.sheet, owner, formula.anchor)
        except FormulaError:
            return False
        return found is not None and found[0] == grid.sheet and found[1].overlaps(layout.ratings)

    conditions = [node.args[0] for node in walk(parse(formula.text)) if isinstance(node, Call) and node.name == "IF"]
    return any(of_ratings(node) for condition in conditions for node in walk(condition))


def _told(layout: Layout) -> str:
    return _list([block.range for block in layout.parameters.values()])


def _list(areas: list[Range]) -> str:
    return ",".join(map(str, areas))
