"""Finds the ids of users and items beside the ratings, and checks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from pyxl.formulas.evaluate.calculator import Calculator
from pyxl.grid.cells import Cell, Range, Value, quoted
from pyxl.grid.grid import Grid
from pyxl.grid.layout import Layout
from solver.errors import UserError

NEARBY = 8  # columns left of a long table's ratings in which its keys are looked for


def with_ids(grid: Grid, layout: Layout, user_of: np.ndarray, item_of: np.ndarray) -> Layout:
    """The layout with its id ranges filled in where no name gave them and the sheet has them."""
    area = layout.ratings
    if layout.form != "crosstab":
        return replace(layout, user_keys=layout.user_keys or _key_column(grid, area, user_of),
                       item_keys=layout.item_keys or _key_column(grid, area, item_of))
    above = Range(area.top - 1, area.left, area.top - 1, area.right) if area.top > 1 else None
    return replace(layout, user_ids=layout.user_ids or _column(grid, area.left - 1, area),
                   item_ids=layout.item_ids or (above if above is not None and _plain(grid, above) else None))


def with_fresh(grid: Grid, cells: Iterable[tuple[int, int]], calculator: Calculator) -> Grid:
    """The grid with these cells' formulas computed afresh: a file need not hold their results. Raises FormulaError."""
    fresh = {(at := Cell(*cell)): calculator.value(grid.sheet, at) for cell in cells}
    return replace(grid, values={**grid.values, **fresh}) if fresh else grid


def read_labels(grid: Grid, layout: Layout, *, users: np.ndarray, items: np.ndarray) -> tuple[list, list]:
    """Labels of the rows of the user and of the item block; a row's number where it has none.

    `users` and `items` (shape of the ratings) say whose rating each cell is. Raises UserError for
    ids that are doubled, blank beside ratings, or mean the same in two ways.
    """
    if layout.form == "crosstab":
        user_cells = _cells(layout.user_ids), users[:, 0]
        item_cells = _cells(layout.item_ids), items[0, :]
    else:
        user_cells = _cells(layout.user_keys), users.ravel()
        item_cells = _cells(layout.item_keys), items.ravel()
    names = []
    for (cells, rows), block in ((user_cells, layout.user_factors), (item_cells, layout.item_factors)):
        label: list = [None] * block.shape[0]
        for cell, row in zip(cells, rows):
            if row >= 0:
                label[row] = grid.values.get(cell)
        if cells:
            if layout.form == "crosstab":
                _check_ids(grid, layout, cells)
            _check_spelling(grid, cells)
        names.append([n + 1 if value is None else _tidy(value) for n, value in enumerate(label)])
    return names[0], names[1]


def _check_ids(grid: Grid, layout: Layout, cells: list[Cell]) -> None:
    what = "user" if cells[0].col == cells[-1].col else "item"
    seen: dict[Value, Cell] = {}
    for cell in cells:
        value = grid.values.get(cell)
        if value is None:
            area = layout.ratings
            line = (Range(cell.row, area.left, cell.row, area.right) if what == "user" else
                    Range(area.top, cell.col, area.bottom, cell.col))
            if any(grid.values.get(c) is not None for c in line.cells()):
                raise UserError(f"{quoted(grid.sheet)}!{cell} has ratings but no {what}. Name it.")
            continue
        if value in seen:
            raise UserError(f"{quoted(grid.sheet)}!{cell} repeats {what} {shown_id(value)} of {seen[value]}. "
                            "Merge the two, or name them apart.")
        seen[value] = cell


def _check_spelling(grid: Grid, cells: list[Cell]) -> None:
    """'Bob' and 'bob ', 14 and '14': one id in two spellings."""
    seen: dict[str, tuple[Value, Cell]] = {}
    for cell in cells:
        value = grid.values.get(cell)
        if value is None or value == "":
            continue
        plain = spelled_plainly(value)
        other, there = seen.setdefault(plain, (value, cell))
        if type(other) is not type(value):
            number, text = (there, cell) if isinstance(value, str) else (cell, there)
            raise UserError(f"{quoted(grid.sheet)}!{number} is the number {plain}, {text} the text "
                            f"'{plain}'. Unify them.")
        if other != value:
            raise UserError(f"{quoted(grid.sheet)}!{there} and {cell} ({shown_id(other)}, {shown_id(value)}) "
                            "differ by space or case only. Unify them.")


def _key_column(grid: Grid, area: Range, index: np.ndarray) -> Range | None:
    return next(key_columns(grid, area, index), None)


def key_columns(grid: Grid, area: Range, index: np.ndarray) -> Iterator[Range]:
    """The columns left of the ratings whose values go with `index`, one to one; the nearest first."""
    for col in range(area.left - 1, max(area.left - NEARBY, 0), -1):
        column = _column(grid, col, area)
        if column is None:
            continue
        pairs = set(zip((grid.values.get(c) for c in column.cells()), index.ravel().tolist()))
        if len(pairs) == len({value for value, _ in pairs}) == len({row for _, row in pairs}):
            yield column


def _column(grid: Grid, col: int, area: Range) -> Range | None:
    if col < 1:
        return None
    column = Range(area.top, col, area.bottom, col)
    return column if _plain(grid, column) else None


def _plain(grid: Grid, where: Range) -> bool:
    """Ids are mostly there, mostly different or not, and never half formulas."""
    filled = sum(grid.values.get(cell) is not None for cell in where.cells())
    return filled * 2 > where.size


def _cells(where: Range | None) -> list[Cell]:
    return list(where.cells()) if where else []


def _tidy(value: Value) -> Value:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def spelled_plainly(value: Value) -> str:
    """A label without what is only spelling: case, spaces, 14 as a number or as text."""
    return " ".join(str(_tidy(value)).split()).casefold()


def shown_id(value: Value) -> str:
    """A label as a sentence says it."""
    value = _tidy(value)
    return f"'{value}'" if isinstance(value, str) else str(value)
