"""Formula cells with the same formula in relative form: what is compiled together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pyxl.formulas.language.formula_errors import FormulaError, placed
from pyxl.formulas.language.syntax.parse import Node, Reference, parse
from pyxl.grid.cells import MAX_COL, MAX_ROW, Cell
from pyxl.grid.grid import Grid

_Box = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # top, left, bottom, right of every cell's reference


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
    found: dict[tuple, tuple[list[int], list[int]]] = {}
    for cell, formula in grid.filled.items():
        if not formula.text:
            continue  # inside an array formula's block, or a what-if table
        rows, cols = found.setdefault((formula.text, formula.anchor, formula.array and formula.array.shape), ([], []))
        rows.append(cell[0])
        cols.append(cell[1])
    return [Group(grid.sheet, text, anchor, shape, np.array(rows), np.array(cols))
            for (text, anchor, shape), (rows, cols) in found.items()]


def arranged(rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells as rows (R, 1) and columns (1, C) when they are all crossings of these, else as (n, 1) both."""
    each_row, each_col = distinct(rows), distinct(cols)
    if len(each_row) * len(each_col) == len(rows):
        return each_row[:, None], each_col[None, :]
    return rows[:, None], cols[:, None]


def distinct(places: np.ndarray) -> np.ndarray:
    """Rows or columns, each once and in order."""
    return np.flatnonzero(np.bincount(places.ravel()))


def boxes(reference: Reference, rows: np.ndarray, cols: np.ndarray) -> _Box:
    """`Reference.at` for many cells at once, each so many rows and columns from the anchor."""
    ends = []
    for value, fixed, moved, last in zip((reference.top, reference.left, reference.bottom, reference.right),
                                         reference.fixed, (rows, cols) * 2, (MAX_ROW, MAX_COL) * 2):
        ends.append(np.full((1, 1), value) if fixed else (value + moved - 1) % last + 1)
    top, left, bottom, right = ends
    return np.minimum(top, bottom), np.minimum(left, right), np.maximum(top, bottom), np.maximum(left, right)
