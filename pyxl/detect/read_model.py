"""A detected sheet's numbers, checked: ratings and parameters out of the cells, for the solver.

Whatever is odd becomes a sentence that names sheet and cell: a UserError where no honest fit is
possible, a note where it is and the user should know.
"""

from __future__ import annotations

import math

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import Cell, ErrorValue, Value, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.layout import Block
from pyxl.grid.parameters import factors_from
from pyxl.grid.readable_workbook import ReadableWorkbook
from solver.errors import UserError
from solver.model.models import MODELS
from solver.reading.looked_at.rating_texts import LARGEST_RATING, NUMBER_TEXT

from .checks.formula_checks import changes_by_itself, external_book
from .checks.rating_checks import (
    notes_on_hidden,
    notes_on_left_out,
    notes_on_looked_up,
    notes_on_slips,
    notes_on_stretch,
    refuse_merged,
    refuse_mixed_percents,
    refuse_too_few,
    visible,
)
from .id_cells import read_labels, with_fresh
from .model_sheet import ModelSheet


def read_sheet_ratings(workbook: ReadableWorkbook, model: ModelSheet, calculator: Calculator, *, visible_only: bool = False):
    """(the ratings to be fitted, all that the sheet counts, what the sheet must be told so that it counts the same, notes).

    The ratings are `solver.Ratings`, the same twice unless `visible_only` leaves out those in hidden rows and columns; the sheet
    must be told of cells with a number stored as text, and gets the number.
    """
    from solver import Ratings

    layout = model.layout
    grid, area = workbook.grid(layout.sheet), layout.ratings
    refuse_merged(grid, area)
    values = np.full(area.shape, np.nan)
    mended: dict[Cell, float] = {}
    notes: list[str] = []
    cells: list[Cell] = []
    for cell in area.cells():
        value = grid.values.get(cell)
        if (owner := grid.owner(cell)) is not None:
            value = _computed(grid, cell, owner, calculator, notes)
        if value is None or value == "":
            continue
        number = _rating(grid, cell, value)
        if isinstance(value, str):
            mended[cell] = number
        values[cell.row - area.top, cell.col - area.left] = number
        cells.append(cell)
    refuse_mixed_percents(grid, cells)
    rated = ~np.isnan(values)
    refuse_too_few(grid, area, values[rated], cells)
    if mended:
        first = next(iter(mended))
        notes.append(f"{_at(grid, first)} held a number as text ({len(mended)} such "
                     f"cell{'s' if len(mended) > 1 else ''}): read, and stored, as a number.")
    users, items = read_labels(_with_labels(grid, layout, calculator), layout, users=model.user_of, items=model.item_of)
    fitted = rated & visible(grid, area) if visible_only else rated
    if visible_only and np.unique(values[fitted]).size < 2:
        raise UserError(f"{quoted(grid.sheet)}!{area} shows no two different ratings: nothing to learn. Show rows or columns, or leave out "
                        "--visible-only.")
    notes += _unrated(grid, layout.user_factors, model.user_of[fitted], users, "user")
    notes += _unrated(grid, layout.item_factors, model.item_of[fitted], items, "item")
    notes += notes_on_hidden(grid, area, left_out=visible_only)
    notes += notes_on_looked_up(grid, cells)
    notes += notes_on_slips(grid, values[rated], cells)
    notes += notes_on_stretch(grid, area)
    notes += notes_on_left_out(grid, layout)
    pairs = model.user_of[rated] * len(items) + model.item_of[rated]
    doubled = len(pairs) - len(np.unique(pairs))
    if doubled:
        notes.append(f"{quoted(grid.sheet)}!{area}: {doubled} rating{'s' if doubled > 1 else ''} of a user "
                     "and item rated before; each counts, as in the sheet's formulas. Keep one of each.")

    def ratings(which: np.ndarray) -> Ratings:
        return Ratings(tuple(users), tuple(items), model.user_of[which], model.item_of[which], values[which])
    counted = ratings(rated)
    return ratings(fitted) if visible_only else counted, counted, mended, notes


def _with_labels(grid: Grid, layout, calculator: Calculator) -> Grid:
    """The grid with labels that are formulas computed afresh: a file need not hold their results."""
    areas = [area for area in (layout.user_ids, layout.item_ids, layout.user_keys, layout.item_keys) if area]
    computed = [cell for area in areas for cell in area.cells() if grid.owner(cell) is not None]
    try:
        return with_fresh(grid, computed, calculator)
    except FormulaError as why:
        raise UserError(f"A label of {quoted(grid.sheet)} cannot be evaluated: {why}") from why


def read_factors(workbook: ReadableWorkbook, model: ModelSheet):
    """The parameters that stand on the sheet, as `solver.Factors` of arrays (float64).

    Raises UserError for a cell that is blank, text, not finite or absurdly large.
    """
    grid = workbook.grid(model.layout.sheet)
    return factors_from(model.layout, [_parameter(grid, cell) for block in model.layout.parameters.values()
                                       for row in block.cells() for cell in row])


def read_bounds(workbook: ReadableWorkbook, model: ModelSheet) -> tuple[float, float] | None:
    """(low, high) of a bounded model as the sheet has them now."""
    layout = model.layout
    if not MODELS[layout.variant].bounded or layout.low is None or layout.high is None:
        return None
    grid = workbook.grid(layout.sheet)
    low, high = (_parameter(grid, end) if isinstance(end, Cell) else end for end in (layout.low, layout.high))
    if not low < high:
        raise UserError(f"{quoted(grid.sheet)}: the range of ratings runs from {low:g} to {high:g}. "
                        "Make the lower end smaller than the upper one.")
    for cell in layout.ratings.cells():
        value = grid.values.get(cell)
        if type(value) is float and not low <= value <= high:
            raise UserError(f"{_at(grid, cell)} = {value:g} lies outside {low:g}–{high:g}. "
                            "Correct it, or widen the range.")
    return low, high


def _rating(grid: Grid, cell: Cell, value: float | str | bool) -> float:
    here = _at(grid, cell)
    if isinstance(value, ErrorValue):
        raise UserError(f"{here} is {value}. Fix or clear it.")
    if isinstance(value, bool):
        raise UserError(f"{here} is {str(value).upper()}, not a rating. Replace it by a number, or clear it.")
    if isinstance(value, str):
        if NUMBER_TEXT.fullmatch(value):
            return float(value)
        if NUMBER_TEXT.fullmatch(value.strip()):
            raise UserError(f"{here} is the text '{value}', a number with a space around it. "
                            "Convert it to a number.")
        if NUMBER_TEXT.fullmatch(value.strip().replace(",", ".", 1)):
            raise UserError(f"{here} is the text '{value}'. Convert it to a number.")
        raise UserError(f"{here} holds '{value}', not a number. Correct or clear it.")
    if not math.isfinite(value):
        raise UserError(f"{here} is not finite. Correct it.")
    if abs(value) > LARGEST_RATING:
        raise UserError(f"{here} = {value:G} overflows. Correct it.")
    if grid.formats.get(cell) == "date":
        raise UserError(f"{here} is a date. Enter a rating.")
    return value


def _computed(grid: Grid, cell: Cell, owner: Cell, calculator: Calculator, notes: list[str]) -> Value:
    """A rating that a formula brings: computed afresh, or as stored where another book is read."""
    text = grid.formulas[owner].text
    if changes_by_itself(text):
        raise UserError(f"{_at(grid, cell)} changes at every recalculation. Paste it as a value.")
    if other := external_book(text):
        notes.append(f"{_at(grid, cell)} reads {other}; its stored value was used. Check it.")
        return grid.values.get(cell)
    try:
        value = calculator.value(grid.sheet, cell)
    except FormulaError as why:
        raise UserError(f"{_at(grid, cell)} cannot be evaluated: {why} Paste it as a value.") from why
    if isinstance(value, str) and NUMBER_TEXT.fullmatch(value):  # the sheet's formulas would not count it
        raise UserError(f"{_at(grid, cell)}'s formula gives the text '{value}'. Let it give a number: VALUE(…).")
    return value


def _parameter(grid: Grid, cell: Cell) -> float:
    value, here = grid.values.get(cell), _at(grid, cell)
    if cell in grid.formulas:
        raise UserError(f"{here} holds the formula ={grid.formulas[cell].text}, where a fit would write "
                        "a number. Copy the block and paste it as values.")
    if value is None:
        raise UserError(f"{here} is blank. Fill it with a number, or use --start random.")
    if isinstance(value, (str, bool)):
        raise UserError(f"{here} holds {value!s}, not a number. Correct it, or use --start random.")
    if not math.isfinite(value) or abs(value) > LARGEST_RATING:
        raise UserError(f"{here} = {value:G} is absurdly large. Correct it, or use --start random.")
    return value


def _unrated(grid: Grid, block: Block, rated: np.ndarray, names: list, what: str) -> list[str]:
    missing = np.setdiff1d(np.arange(block.shape[0]), rated)
    if not len(missing):
        return []
    shown = ", ".join(str(names[n]) for n in missing[:3]) + (" …" if len(missing) > 3 else "")
    cells = block.cells()[missing[0]]
    return [f"{_at(grid, cells[0])}: {what} {shown} has no ratings; the factors stay unchanged. Add one."
            if len(missing) == 1 else
            f"{_at(grid, cells[0])}: {len(missing)} {what}s have no ratings ({shown}); "
            "their factors stay unchanged."]


def _at(grid: Grid, cell: Cell) -> str:
    return f"{quoted(grid.sheet)}!{cell}"
