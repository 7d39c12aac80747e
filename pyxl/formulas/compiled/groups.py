"""Formula cells with the same formula in relative form: what is compiled together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...cells import MAX_COL, MAX_ROW, Cell
from ...grid import Grid
from ..errors import FormulaError, placed
from ..parse import Node, Reference, parse
from .relative import relative_form

Box = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # top, left, bottom, right of every cell's reference


@dataclass(frozen=True, eq=False)
class Group:
    """Cells (`rows`, `cols`) of a sheet; `text` is the formula as written for `anchor`.

    Of array formulas they are the first cells of blocks that are all of the shape `block`.
    """

    sheet: str
    text: str
    anchor: Cell
    block: tuple[int, int] | None
    rows: np.ndarray
    cols: np.ndarray

    @cached_property
    def tree(self) -> Node:
        try:
            return parse(self.text)
        except FormulaError as error:
            raise placed(error, self.sheet, self.first) from None

    @property
    def first(self) -> Cell:
        return Cell(int(self.rows[0]), int(self.cols[0]))


def groups_of(grid: Grid) -> list[Group]:
    """All formulas of a sheet, grouped."""
    found: dict[tuple, tuple[str, Cell, list[int], list[int]]] = {}
    forms: dict[tuple[str, Cell], str] = {}  # of a shared formula's text and anchor
    for cell, formula in grid.formulas.items():
        text, anchor, block = formula.text, formula.anchor, formula.array
        if not text:
            continue  # inside an array formula's block, or a what-if table
        if anchor == cell:
            form = relative_form(text, *cell)
        elif (form := forms.get((text, anchor))) is None:
            form = forms[text, anchor] = relative_form(text, *anchor)
        shape = block.shape if block else None
        if (known := found.get((form, shape))) is None:
            known = found[form, shape] = (text, anchor, [], [])
        known[2].append(cell[0])
        known[3].append(cell[1])
    return [Group(grid.sheet, text, anchor, shape, np.array(rows), np.array(cols))
            for (_, shape), (text, anchor, rows, cols) in found.items()]


def arranged(rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells as rows (R, 1) and columns (1, C) when they are all crossings of these, else as (n, 1) both."""
    each_row, each_col = np.unique(rows), np.unique(cols)
    if len(each_row) * len(each_col) == len(rows):
        return each_row[:, None], each_col[None, :]
    return rows[:, None], cols[:, None]


def boxes(reference: Reference, rows: np.ndarray, cols: np.ndarray) -> Box:
    """`Reference.at` for many cells at once, each so many rows and columns from the anchor."""
    ends = []
    for value, fixed, moved, last in zip((reference.top, reference.left, reference.bottom, reference.right),
                                         reference.fixed, (rows, cols) * 2, (MAX_ROW, MAX_COL) * 2):
        ends.append(np.full((1, 1), value) if fixed else (value + moved - 1) % last + 1)
    top, left, bottom, right = ends
    return np.minimum(top, bottom), np.minimum(left, right), np.maximum(top, bottom), np.maximum(left, right)
