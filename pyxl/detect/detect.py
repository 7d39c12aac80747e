"""Finds the model on a sheet: Grid -> Layout. By our names, by Solver's hidden names, by formulas.

The names say where to look; what the sheet computes is read from its formulas (`trace`), so
a sheet that was moved, transposed or sorted is found all the same. It is only taken where somebody calls its
parameters changing (`changing_cells`). The result is a claim, which `verify` holds against the sheet's own numbers
before anything is fitted.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.block_names import STEP_ROLES, block_name
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.layout import Layout
from pyxl.grid.problem import SolverProblem
from pyxl.grid.readable_workbook import ReadableWorkbook
from pyxl.grid.sheet_names import area_named, blocks_by_name, is_view, prefix_of
from pyxl.grid.stored_problem import stored_problem

from .changing_cells import doubt, solver_disagreement
from .checks.formula_checks import check_matches
from .comparisons import ErrorMeasure, comparisons, unequal_blocks
from .id_cells import with_ids
from .model_sheet import NOBODY, Damaged, ModelSheet, NoModel, NotRecognised, StatedOtherwise
from .named_net import named_net, net_is_named
from .polynomials import Untraceable
from .prediction_terms import added, block_of, bound_in, sides_of_crosstab, sides_of_rows, terms_of
from .trace import Tracer


def detect(workbook: ReadableWorkbook, sheet: str, *, calculator: Calculator | None = None) -> ModelSheet:
    """The model on a sheet. Raises NotRecognised with the reason when there is none that we know
    (NoModel when there is nothing like one, Damaged when a row or column was inserted in one block of it alone,
    StatedOtherwise when Solver's stored model is another), and UserError when one is there but wrongly named. `calculator`, of this book and without overrides, spares a second evaluation."""
    if is_view(workbook, sheet):
        raise NoModel(f"{sheet}: shows what a model sheet holds, so there is nothing to fit.")
    grid = workbook.grid(sheet)
    if not grid.formulas:
        raise NoModel(f"{sheet}: no formulas, so nothing here predicts a rating.")
    named = blocks_by_name(workbook, sheet)
    solver = stored_problem(workbook, sheet)
    first = [named["rmse"].first] if "rmse" in named else []
    first += [solver.objective[1]] if solver and solver.objective and solver.objective[0] == sheet else []
    calculator = calculator or Calculator(workbook)
    tracer = Tracer(workbook, calculator)
    refused: NotRecognised | None = None
    if net_is_named(named):
        model = named_net(grid, named, calculator)
        if why_not := _not_called_changing(grid, calculator, model, solver, named):
            raise why_not
        return model
    steps = _gradients_beside(workbook, sheet)
    for found in comparisons(workbook, sheet, calculator, first=first):
        if steps and found.cell in steps:     # it compares the same blocks once more, for the loss
            continue
        if (gap := _gap(tracer, grid, found.predictions)) is not None:
            refused = gap
            continue
        if 1 in found.ratings.shape:
            check_matches(grid, calculator)
        try:
            model = _model_sheet(tracer, grid, found, named, calculator)
        except (Untraceable, FormulaError) as why:      # the ratings may be formulas of any kind
            refused = refused or NotRecognised(f"{sheet}: {found.cell} compares {found.ratings} with "
                                               f"{found.predictions}, but {why}")
            continue
        why_not = _not_called_changing(grid, calculator, model, solver, named)
        if why_not is None:
            return model
        refused = why_not if refused is None or isinstance(why_not, StatedOtherwise) else refused
    refused = next(_unequal(tracer, grid, calculator, steps), refused)
    raise refused or NoModel(f"{sheet}: no cell compares a block of ratings with a block of predictions, "
                             "as SQRT(SUMXMY2(ratings,predictions)/COUNT(ratings)) does.")


def _gradients_beside(workbook: ReadableWorkbook, sheet: str) -> Range | None:
    """The columns of a model sheet that show gradient descent."""
    prefix = prefix_of(workbook, sheet)
    where = area_named(workbook, block_name(prefix, STEP_ROLES[0])) if prefix else None
    return where[1] if where and where[0] == sheet else None


def _gap(tracer: Tracer, grid: Grid, predictions: Range) -> Damaged | None:
    """Whole rows or columns of predictions that hold no formulas, between others that do."""
    top, left, bottom, right = predictions.top, predictions.left, predictions.bottom, predictions.right
    lines = [("row", Range(row, left, row, right)) for row in range(top, bottom + 1)] if bottom > top else []
    lines += [("column", Range(top, col, bottom, col)) for col in range(left, right + 1)] if right > left else []
    for what, line in lines:
        if not any(map(grid.owner, line.cells())) and _is_product(tracer, grid.sheet, predictions.first):
            return Damaged(f"{quoted(grid.sheet)}!{line} holds no formulas, within the predictions {predictions}, as a {what} that was "
                           f"inserted. Copy the formulas of the {what} beside it there, and numbers for its factors, or delete it.")
    return None


def _unequal(tracer: Tracer, grid: Grid, calculator: Calculator, steps: Range | None) -> Iterator[Damaged]:
    for found in unequal_blocks(grid, calculator):
        if not (steps and found.cell in steps) and _is_product(tracer, grid.sheet, found.predictions.first):
            what = "rows" if found.ratings.shape[0] != found.predictions.shape[0] else "columns"
            yield Damaged(f"{quoted(grid.sheet)}!{found.cell} compares {found.ratings} with {found.predictions}, which have different "
                          f"numbers of {what}, as after inserting or deleting some in one of them alone. Undo that, or do the same "
                          "in the other, with formulas and factors.")


def _is_product(tracer: Tracer, sheet: str, cell: Cell) -> bool:
    """Whether this cell predicts as a factor model does, by products of two cells."""
    try:
        return any(len(monomial) == 2 for monomial in tracer.cell(sheet, cell).linear)
    except Untraceable:
        return False


def _not_called_changing(grid: Grid, calculator: Calculator, model: ModelSheet, solver: SolverProblem | None,
                         named: dict[str, Range]) -> NotRecognised | None:
    """Why the parameters of this model may not be written; None where somebody calls them changing."""
    doubtful = doubt(grid, calculator, model.layout, user_of=model.user_of, item_of=model.item_of, named=named)
    if solver is None or not solver.changing:   # Excel keeps an objective as soon as Solver's dialog was looked at
        return NotRecognised(doubtful) if doubtful else None
    unlike = solver_disagreement(model.layout, solver)
    if not unlike:
        return None
    return NotRecognised(unlike) if doubtful else StatedOtherwise(unlike)


def _model_sheet(tracer: Tracer, grid: Grid, found: ErrorMeasure, named: dict[str, Range], calculator: Calculator) -> ModelSheet:
    """The Layout behind a comparison. Raises Untraceable when its predictions are no model."""
    sheet = grid.sheet
    rows, cols = found.predictions.shape
    crosstab = rows > 1 and cols > 1
    at = found.predictions.first.moved
    first = tracer.cell(sheet, at(0, 0))
    if crosstab:  # one row and one column tell all there is to know about the others
        down = [terms_of(tracer, sheet, at(r, 0)) for r in range(rows)]
        across = [terms_of(tracer, sheet, at(0, c)) for c in range(cols)]
        users, items = sides_of_crosstab(down, across)
        user_of = np.repeat(np.arange(rows)[:, None], cols, 1)
        item_of = np.repeat(np.arange(cols)[None, :], rows, 0)
    else:
        # a row without a rating, to spare, need not predict any
        rated = np.array([type(value) is float or not _is_formula(grid, cell) for cell, value in zip(
            found.ratings.cells(), calculator.array(sheet, found.ratings).ravel().tolist())])
        if not rated.any():
            raise Untraceable(f"no cell of {found.ratings} holds a rating.")
        users, items = sides_of_rows([terms_of(tracer, sheet, cell) for cell, there in zip(found.predictions.cells(), rated) if there])
        of_row = np.where(rated, np.cumsum(rated) - 1, NOBODY).reshape(rows, cols)
        user_of, item_of = of_row, of_row

    user_factors, user_rows = block_of(sheet, [u.factors for u in users], "user factors", named.get("user_factors"))
    item_factors, item_rows = block_of(sheet, [i.factors for i in items], "item factors", named.get("item_factors"))
    user_bias = item_bias = None
    if users[0].bias:
        user_bias, rows_again = block_of(sheet, [[u.bias] for u in users if u.bias], "user biases", named.get("user_bias"))
        item_bias, cols_again = block_of(sheet, [[i.bias] for i in items if i.bias], "item biases", named.get("item_bias"))
        if rows_again != user_rows or cols_again != item_rows:
            raise Untraceable("biases and factors stand in different orders.")
    low = high = None
    if first.scale is not None:
        low, high = bound_in(sheet, first.value), bound_in(sheet, added(first.value, first.scale))
    # one user's row (one item's column) of a crosstab stands in line with that user's (item's) factors
    in_line = (rows == user_factors.shape[0] == 1 and user_factors.range.top == found.predictions.top
               or cols == item_factors.shape[0] == 1 and item_factors.range.left == found.predictions.left)
    claim = Layout(
        sheet=sheet, form="crosstab" if crosstab or in_line else "long",
        variant="bounded" if first.inner is not None else "dot+bias" if user_bias else "dot",
        ratings=found.ratings, predictions=found.predictions, rmse=found.cell,
        user_factors=user_factors, item_factors=item_factors,
        user_bias=user_bias, item_bias=item_bias, low=low, high=high,
        user_ids=named.get("user_ids"), item_ids=named.get("item_ids"),
        user_keys=named.get("user_keys"), item_keys=named.get("item_keys"))
    user_of, item_of = (np.where(index == NOBODY, NOBODY, np.array(rows)[index])
                        for index, rows in ((user_of, user_rows), (item_of, item_rows)))
    return ModelSheet(with_ids(grid, claim, user_of, item_of), user_of, item_of)


def _is_formula(grid: Grid, cell: Cell) -> bool:
    return grid.owner(cell) is not None
