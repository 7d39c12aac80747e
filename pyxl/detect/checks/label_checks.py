"""Labels that contradict each other: ratings that were sorted without the blocks that belong to them.

The formulas join a row of ratings to a row of predictions and to a row of factors by where they stand. Beside each
stand labels; where those of one row differ, somebody sorted, pasted or typed over one block alone, and whatever a
fit would write would stand beside the wrong name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

import numpy as np

from pyxl.detect.comparisons import ranges_named
from pyxl.detect.id_cells import key_columns, shown_id, spelled_plainly, with_fresh
from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.formulas.language.formula_errors import FormulaError
from pyxl.grid.cells import Cell, Range, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.layout import Layout
from solver.errors import UserError

_REPEATED = re.compile(r"\$?[A-Z]{1,3}\$?[0-9]+")     # the formula of a label that repeats another
_NEAR = 3    # rows or columns beside a block in which its labels are looked for

_Labels = Mapping[int, Cell]     # the place of a user (or item) in a block -> the cell that names it beside the ratings


def refuse_contradicting_labels(grid: Grid, calculator: Calculator, layout: Layout, *, user_of: np.ndarray,
                                item_of: np.ndarray) -> None:
    """Raise UserError where the labels of ratings, predictions, factors and filled table are in different orders.

    `user_of` and `item_of` as in `ModelSheet`. Labels that are missing, or nothing like those of the ratings, say nothing.
    """
    grid = _with_labels_afresh(grid, calculator, layout)
    sides = (("user", layout.user_factors, layout.user_bias, user_of), ("item", layout.item_factors, layout.item_bias, item_of))
    if layout.form == "long":
        for what, factors, bias, index in sides:
            beside: list[_Labels] = [dict(zip(index.ravel().tolist(), column.cells())) for column in key_columns(grid, layout.ratings, index)]
            blocks = [(f"{what} factors", block.range, block.along) for block in (factors, bias) if block]
            _check(grid, layout, what, beside, blocks)
        return
    filled = list(_filled_tables(grid, calculator, layout))
    for what, factors, bias, index in sides:
        ids = layout.user_ids if what == "user" else layout.item_ids
        if ids is None:
            continue
        along = "rows" if what == "user" else "columns"
        cells = list(ids.cells())
        places = (index[:, 0] if what == "user" else index[0, :]).tolist()
        tables = [("predictions", layout.predictions, along), *(("filled table", area, along) for area in filled)]
        _check(grid, layout, what, [dict(enumerate(cells))], tables)
        blocks = [(f"{what} factors", block.range, block.along) for block in (factors, bias) if block]
        _check(grid, layout, what, [dict(zip(places, cells))], blocks)


def _with_labels_afresh(grid: Grid, calculator: Calculator, layout: Layout) -> Grid:
    """The grid with the results of labels that are formulas, in the columns and rows of the ids: a file need not hold them."""
    if layout.user_ids is None or layout.item_ids is None:
        return grid
    columns = {layout.user_ids.left, *range(layout.item_ids.left, layout.item_ids.right + 1)}
    labels = [cell for cell, formula in grid.formulas.items() if cell[1] in columns and _REPEATED.fullmatch(formula.text)]
    try:
        return with_fresh(grid, labels, calculator)
    except FormulaError:    # what cannot be evaluated, `verify` refuses
        return grid


def _check(grid: Grid, layout: Layout, what: str, beside: list[_Labels], blocks: list[tuple[str, Range, str]]) -> None:
    """Hold the labels beside each block against those beside the ratings: one strip that agrees is enough."""
    own = [area for _, area, _ in blocks] + [layout.ratings, layout.predictions]
    own += [block.range for block in layout.parameters.values()]
    for name, area, along in blocks:
        strips = [strip for strip in _strips(area, along) if not any(map(strip.overlaps, own))]
        differing = [_differing(grid, list(strip.cells()), labels) for strip in strips for labels in beside]
        if [] in differing or not any(differing):
            continue
        cell, theirs = next(filter(None, differing))[0]
        raise UserError(
            f"{quoted(grid.sheet)}!{cell}, beside the {name}, says {what} {shown_id(grid.values[cell])}, and {theirs}, beside the "
            f"ratings of that row or column, says {shown_id(grid.values[theirs])}: one was sorted or changed without the other. "
            f"Undo that, or, where the numbers belong together as they stand, give {cell} and its neighbours the labels of "
            "the ratings.")


def _strips(area: Range, along: str) -> Iterator[Range]:
    """Where labels of the block's rows (or columns) may stand: the nearest first."""
    for far in range(1, _NEAR + 1):
        if along == "rows":
            sides = (Range(area.top, col, area.bottom, col) for col in (area.left - far, area.right + far))
        else:
            sides = (Range(row, area.left, row, area.right) for row in (area.top - far, area.bottom + far))
        yield from (strip for strip in sides if strip.top > 0 and strip.left > 0)


def _differing(grid: Grid, strip: list[Cell], labels: _Labels) -> list[tuple[Cell, Cell]] | None:
    """The cells of a strip that say something else than the label of their place, each with that label's cell; None
    where the strip holds no such labels at all: doubled ones, or mostly unknown ones."""
    known = {spelled_plainly(value) for cell in labels.values() if (value := grid.values.get(cell)) is not None}
    pairs = [(cell, labels[n]) for n, cell in enumerate(strip)
             if n in labels and grid.values.get(cell) is not None and grid.values.get(labels[n]) is not None]
    said = [spelled_plainly(grid.values[cell]) for cell, _ in pairs]
    if len(pairs) < 2 or len(set(said)) < len(said) or 2 * sum(label in known for label in said) < len(known):
        return None
    return [(cell, theirs) for (cell, theirs), label in zip(pairs, said) if label != spelled_plainly(grid.values[theirs])]


def _filled_tables(grid: Grid, calculator: Calculator, layout: Layout) -> Iterator[Range]:
    """Further tables of formulas, of the ratings' shape, that show ratings or predictions: with labels of users at their left."""
    if layout.user_ids is None:
        return
    rows, cols = layout.ratings.shape
    known = {value for cell in layout.user_ids.cells() if (value := grid.values.get(cell)) is not None}
    by_column: dict[int, list[int]] = {}
    for (row, col), value in grid.values.items():
        if value in known and Cell(row, col) not in layout.user_ids and grid.owner(Cell(row, col + 1)) is not None:
            by_column.setdefault(col, []).append(row)
    for col, there in by_column.items():
        for top, n in _runs(sorted(there)):
            area = Range(top, col + 1, top + rows - 1, col + cols)
            if n == rows and area != layout.predictions and grid.owner(Cell(area.bottom, area.right)) is not None:
                named = ranges_named(grid, calculator, area.first)
                if any(area.first in table for area in named for table in (layout.ratings, layout.predictions)):
                    yield area


def _runs(rows: list[int]) -> Iterator[tuple[int, int]]:
    """(first, how many) of sorted rows that follow each other."""
    for _, run in groupby(enumerate(rows), lambda numbered: numbered[1] - numbered[0]):
        together = [row for _, row in run]
        yield together[0], len(together)
