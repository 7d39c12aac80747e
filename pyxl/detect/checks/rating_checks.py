"""What is odd about the ratings on a sheet: refused where no honest fit is possible, else told in a note."""

from __future__ import annotations

import numpy as np

from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.layout import Layout
from solver.errors import UserError
from solver.reading.off_scale import off_scale

from .formula_checks import moving_reference


def refuse_merged(grid: Grid, area: Range) -> None:
    """Raise UserError for merged cells among the ratings: only the first of them holds one, whatever it looks like."""
    for merged in grid.merged:
        if merged.size > 1 and any(cell in area for cell in merged.cells()):
            raise UserError(f"{quoted(grid.sheet)}!{merged} are merged, among the ratings {area}: only the first of them holds a rating. "
                            "Unmerge them, and give each its own.")


def refuse_mixed_percents(grid: Grid, rated: list[Cell]) -> None:
    """Raise UserError where some ratings are percentages and others plain numbers."""
    percents = [cell for cell in rated if grid.formats.get(cell) == "percent"]
    if percents and len(percents) < len(rated):
        value = grid.values[percents[0]]
        others = [grid.values[c] for c in rated if grid.formats.get(c) != "percent"]
        numbers = [v for v in others if type(v) is float]
        raise UserError(f"{_at(grid, percents[0])} is {value:.0%} (={value:g}); others are plain numbers"
                        + (f", {min(numbers):g}–{max(numbers):g}" if numbers else "") + ". Unify them.")


def refuse_too_few(grid: Grid, area: Range, values: np.ndarray, rated: list[Cell]) -> None:
    """Raise UserError for fewer than two ratings, or for ratings that are all equal."""
    where = f"{quoted(grid.sheet)}!{area}"
    if len(values) == 0:
        raise UserError(f"{where} holds no rating. Enter some, or check the range.")
    if len(values) == 1:
        raise UserError(f"{_at(grid, rated[0])} is the only rating; 2 or more are needed. Add some.")
    if np.ptp(values) == 0:
        raise UserError(f"{where} are all {values[0]:g}: nothing to learn. Check the range.")


def visible(grid: Grid, area: Range) -> np.ndarray:
    """(rows, columns) bool: which cells of a range stand in no hidden row and no hidden column."""
    rows = np.array([row not in grid.hidden_rows for row in range(area.top, area.bottom + 1)])
    columns = np.array([col not in grid.hidden_columns for col in range(area.left, area.right + 1)])
    return rows[:, None] & columns


def notes_on_hidden(grid: Grid, area: Range, *, left_out: bool) -> list[str]:
    """A sentence on hidden rows and columns among the ratings, and whether they are `left_out`."""
    rows = sum(area.top <= row <= area.bottom for row in grid.hidden_rows)
    columns = sum(area.left <= col <= area.right for col in grid.hidden_columns)
    hidden = " and ".join(f"{count} hidden {what}{'s' * (count > 1)}" for count, what in ((rows, "row"), (columns, "column")) if count)
    if not hidden:
        return []
    done = "left out of the fit; the sheet's formulas count them" if left_out else \
        "included, as the sheet's formulas do; --visible-only leaves them out"
    return [f"{quoted(grid.sheet)}: {hidden} of ratings {done}."]


def notes_on_slips(grid: Grid, values: np.ndarray, rated: list[Cell]) -> list[str]:
    """A sentence on ratings that lie apart from all others."""
    apart = off_scale(values)
    if not apart.any():
        return []
    first, rest = int(np.argmax(apart)), values[~apart]
    more = f" (and {apart.sum() - 1} more)" if apart.sum() > 1 else ""
    return [f"{_at(grid, rated[first])} = {values[first]:g}{more} lies outside {rest.min():g}–{rest.max():g}, where all other ratings lie; "
            "it was kept. Correct it if it is a slip."]


def notes_on_looked_up(grid: Grid, rated: list[Cell]) -> list[str]:
    """A sentence on ratings that OFFSET or INDIRECT finds: these are evaluated anew all the time, and whatever is moved changes them."""
    found = [(cell, function) for cell in rated if cell in grid.formulas for function in [moving_reference(grid.formulas[cell].text)] if function]
    if not found:
        return []
    cell, function = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return [f"{_at(grid, cell)}{more} is looked up by {function} at every recalculation, and changes when cells are moved; its value now was "
            "used. Paste it as a value to keep it."]


def notes_on_stretch(grid: Grid, area: Range) -> list[str]:
    """A sentence on a lone cell far away, which makes the sheet large."""
    used = grid.used
    if used is None or used.size <= 10_000_000 or used.size <= 1000 * len(grid.values):
        return []
    return [f"{_at(grid, Cell(used.bottom, used.right))} stretches the sheet, which slows Excel down; used {area}. "
            "Delete the empty rows and columns before it."]


def notes_on_left_out(grid: Grid, layout: Layout) -> list[str]:
    """A sentence on numbers typed against the edge of the ratings, which no formula predicts."""
    area, blocks = layout.ratings, [layout.predictions, *(block.range for block in layout.parameters.values())]
    numbers = [value for cell in area.cells() if type(value := grid.values.get(cell)) is float]
    edges = [("below", Range(area.bottom + 1, area.left, area.bottom + 1, area.right), Cell(area.bottom + 1, area.left - 1))]
    if layout.form == "crosstab":
        edges.append(("beside", Range(area.top, area.right + 1, area.bottom, area.right + 1), Cell(area.top - 1, area.right + 1)))
    for where, edge, label in edges:
        typed = [(cell, value) for cell in edge.cells() if type(value := grid.values.get(cell)) is float
                 and grid.owner(cell) is None and not any(cell in block for block in blocks)]
        if typed and (grid.values.get(label) is not None or min(numbers) <= typed[0][1] <= max(numbers)):
            more = f" and {len(typed) - 1} more" if len(typed) > 1 else ""
            return [f"{_at(grid, typed[0][0])}{more}, just {where} the ratings {area}, has no prediction and was left out. Move it into "
                    f"a {'row' if where == 'below' else 'column'} inserted inside the table, with formulas and factors of its own."]
    return []


def _at(grid: Grid, cell: Cell) -> str:
    return f"{quoted(grid.sheet)}!{cell}"
