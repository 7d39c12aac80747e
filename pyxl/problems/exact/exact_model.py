"""Problems with MIN, MAX, ABS, IF and comparisons of linear formulas, said exactly as a linear model with whole numbers.

Every term that is not linear (see `pyxl.formulas.structure`) becomes a column t of its own, with rows that hold it where the
formula does: `term_rules` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from pyxl.formulas.structure.nonlinear_terms import INSIDE_OF
from pyxl.problems.constraint_lines import SheetCell

from .cell_tables import CellTables, add_assignment
from .growing_model import Affine, GrowingModel, NeedsBound, NotExact, Row, constant_form
from .term_rules import TERM_RULES, rounded, stepped, whole_already

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from pyxl.formulas.structure.nonlinear_terms import Structure
    from solver import LinearModel


def exact_model(structure: Structure, objective: csr_array, rows: Sequence[csr_array], *, goal: str, low: np.ndarray, high: np.ndarray,
                floor: np.ndarray, ceiling: np.ndarray, whole: np.ndarray, different: Sequence[np.ndarray] = ()) -> tuple[LinearModel, bool]:
    """The model whose first columns are the changing cells and whose first rows are `rows`, forms as `structure` has them; and
    whether it is exact to the last: where "less than" was taken for "less by 1e-6" it is not. The cells of each group `different`
    are 1, 2, 3 … in any order.

    Raises NotExact, and NeedsBound where nothing is missing but a bound of a cell.
    """
    from scipy.sparse import csr_array

    from solver import LinearModel

    reached = structure.reached_by([objective, *rows])
    n, needs = structure.n_cells, _needs(structure, reached, objective, rows, goal, floor, ceiling)
    if not all(np.isfinite(arg.data).all() for terms in reached if terms.source is None for arg in terms.args):   # an error in a branch
        raise NotExact
    bare = _bare(structure, reached, [objective, *rows])
    columns = GrowingModel(low.tolist(), high.tolist(), whole.tolist(), n)
    known: dict[int, Affine] = {number: Affine(0.0, {number - 1: 1.0}) for number in range(1, n + 1)}
    errors: dict[int, list[Affine]] = {}     # of columns: what is 1 where they are an error

    def affine(form: csr_array, row: int) -> Affine:
        found = constant_form(0.0)
        parts: dict[int, float] = {}
        constant_part = 0.0
        for place in range(form.indptr[row], form.indptr[row + 1]):
            number, c = int(form.indices[place]), float(form.data[place])
            if number and number not in known:
                raise NotExact
            if errors.get(number):
                refuse_caught(number)
                columns.rows += [(unit, 0.0, 0.0) for unit in errors.pop(number)]     # a value that makes an error is none that the cell may have
            if number == 0:
                constant_part += c
            elif len((column := known[number]).parts) == 1 and not column.constant:
                (only, k), = column.parts.items()
                parts[only] = parts.get(only, 0.0) + c * k
            else:
                found = found + column * c
        return found + Affine(constant_part, {column: c for column, c in parts.items() if c})

    def refuse_caught(number: int) -> None:
        """Where an error of this column may still be none of an output."""
        if not bare[number]:
            raise NotExact

    _tightened(columns, [(affine(row, 0), a, b) for row, a, b in zip(rows, floor, ceiling) if (row.indices <= n).all()])
    tables = CellTables(structure, reached, columns)
    for terms in reached:
        rule = TERM_RULES.get(terms.operation)
        for number in range(terms.count):
            column = terms.first + number
            source = terms.source
            if source is not None:
                if source.rounding is not None and source.rounding[1] >= 0 and whole_already(columns, a := affine(terms.args[0], number)):
                    known[column] = a
                    continue
                with suppress(NotExact):      # nothing may ask for it
                    known[column], errors[column] = tables.form(terms, number)
                    continue
            if source is not None and source.rounding is not None:
                known[column] = rounded(columns, *source.rounding, affine(terms.args[0], number), *needs[column].tolist())
            elif source is not None and source.jumps is not None:
                keys, values = (line[number] for line in source.jumps)
                a = affine(terms.args[0], number)
                if columns.ends(a)[0] < keys[0]:     # below, it is an error
                    refuse_caught(column)
                    columns.at_least(a, constant_form(float(keys[0])))
                known[column] = stepped(columns, keys, values, a, *needs[column].tolist())
            if rule is None:
                continue
            if terms.operation == INSIDE_OF:
                refuse_caught(column)
            if source is not None and not all(np.isfinite(arg.data).all() for arg in terms.args):
                raise NotExact
            if terms.segments is None:
                args = [affine(arg, number) for arg in terms.args]
            else:
                args = [affine(terms.args[0], int(row)) for row in np.flatnonzero(terms.segments == number)]
            known[column] = rule(columns, terms, args, *needs[column].tolist())
    for group in different:
        add_assignment(columns, group)
    cost = affine(objective, 0)
    together = [(affine(row, 0), a, b) for row, a, b in zip(rows, floor, ceiling)] + columns.rows
    entries = [(number, column, c) for number, (form, _, _) in enumerate(together) for column, c in form.parts.items()]
    at, coefficients = np.array([entry[:2] for entry in entries], dtype=int).reshape(-1, 2), np.array([entry[2] for entry in entries])
    costs = np.zeros(len(columns.low))
    costs[list(cost.parts)] = list(cost.parts.values())
    constants = np.array([form.constant for form, _, _ in together])
    # the cells keep the bounds they were given: those that follow from the rows are for the size of M alone
    return LinearModel(costs, cost.constant, csr_array((coefficients, (at[:, 0], at[:, 1])), shape=(len(together), len(costs))),
                       np.array([a for _, a, _ in together]) - constants, np.array([b for _, _, b in together]) - constants,
                       np.concatenate([low, columns.low[n:]]), np.concatenate([high, columns.high[n:]]),
                       np.array(columns.whole, dtype=bool)), not columns.strict


def needed_bound(why: NeedsBound, cells: Sequence[SheetCell], told: Callable[[SheetCell], str]) -> str:
    """A sentence on what is missing."""
    return (f"With {'an upper' if why.end == 'upper' else 'a lower'} bound of {told(cells[why.cell])} the optimum could be proved: "
            "add it as a constraint.")


def _needs(structure: Structure, reached, objective: csr_array, rows, goal: str, floor: np.ndarray, ceiling: np.ndarray) -> np.ndarray:
    """For every column (width, 2): whether a value of it that is too small, or too large, would do harm."""
    needs = np.zeros((structure.forms.shape[1], 2), dtype=bool)

    def harm(form: csr_array, below: bool, above: bool) -> None:
        """Where a form must not be too small (`below`) or too large (`above`)."""
        for column, c in zip(form.indices, form.data):
            needs[column] |= (below, above) if c > 0 else (above, below)

    harm(objective, goal in ("min", "value"), goal in ("max", "value"))
    for row, a, b in zip(rows, floor, ceiling):
        harm(row, bool(np.isfinite(b)), bool(np.isfinite(a)))
    for terms in reversed(reached):
        below, above = map(bool, np.any(needs[terms.first:terms.first + terms.count], axis=0))
        if terms.operation in ("max", "min", "all", "any"):
            harm(terms.args[0], below, above)
        elif terms.operation == "if":
            condition, yes, no = terms.args
            harm(condition, *_harm_of_choice(yes - no, below, above))
            harm(yes, below, above)
            harm(no, below, above)
        else:
            for arg in terms.args:
                harm(arg, True, True)
    return needs


def _bare(structure: Structure, reached, outputs: Sequence[csr_array]) -> np.ndarray:
    """For every column whether its error is one of an output: nothing on the way catches it, or chooses another number."""
    bare = np.zeros(structure.forms.shape[1], dtype=bool)
    for form in outputs:
        bare[form.indices] = True
    for terms in reversed(reached):
        if terms.tabulated:
            continue
        chosen = bare[terms.first:terms.first + terms.count]
        for arg in terms.args[:1] if terms.operation == "if" else terms.args:
            owner = np.arange(arg.shape[0]) if terms.segments is None else terms.segments
            bare[arg.indices[np.repeat(chosen[owner], np.diff(arg.indptr))]] = True
    return bare


def _harm_of_choice(difference: csr_array, below: bool, above: bool) -> tuple[bool, bool]:
    """The same of the condition of ``IF(condition, 5, 3)``, which it goes with, or against."""
    if (difference.indices > 0).any():
        return True, True
    return (below, above) if (difference.data >= 0).all() else (above, below) if (difference.data <= 0).all() else (True, True)


def _tightened(columns: GrowingModel, rows: list[Row]) -> None:
    """Bounds of the cells that follow from the rows, each row by itself, again and again."""
    for _ in range(4):
        moved = False
        for form, floor, ceiling in rows:
            low, high = columns.ends(form)
            for column, c in form.parts.items():
                a, b = sorted((c * columns.low[column], c * columns.high[column]))
                # what the others leave of the row for this column
                top = ceiling - (low - a) if np.isfinite(low) else ceiling - _others(columns, form, column, 0)
                bottom = floor - (high - b) if np.isfinite(high) else floor - _others(columns, form, column, 1)
                new_low, new_high = (bottom / c, top / c) if c > 0 else (top / c, bottom / c)
                if np.isfinite(new_high) and new_high < columns.high[column] - 1e-9:
                    columns.high[column], moved = max(new_high, columns.low[column]), True
                if np.isfinite(new_low) and new_low > columns.low[column] + 1e-9:
                    columns.low[column], moved = min(new_low, columns.high[column]), True
                low, high = columns.ends(form)
        if not moved:
            return


def _others(columns: GrowingModel, form: Affine, column: int, side: int) -> float:
    return columns.ends(Affine(form.constant, {other: c for other, c in form.parts.items() if other != column}))[side]
