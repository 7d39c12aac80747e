"""Which formula of a sheet computes which cell, and where compiling has put its value."""

from __future__ import annotations

import numpy as np

from pyxl.grid.cells import MAX_COL, MAX_ROW
from pyxl.grid.grid import Grid

from .groups import Group, distinct, groups_of

IS_CONSTANT, OPEN, WAITING = 0, -1, -2  # a cell's segment: asked of the Calculator, not compiled yet, being compiled


class SheetMap:
    """For every cell with a formula, and every changing cell: `group` (a number into `groups`, from 1; 0 none), `lane`
    (which cell of the group, or which block), `segment` (see above; from 1: numbered by `Segments`)
    and `slot`, its place in the segment.

    The arrays are kept only of rows and columns that hold such a cell; all others read as 0.
    """

    def __init__(self, grid: Grid, changing: tuple[np.ndarray, np.ndarray]):
        self.groups: list[Group] = groups_of(grid)
        cells = [(group, *_covered(group)) for group in self.groups]
        self._rows = distinct(np.concatenate([changing[0], *(rows.ravel() for _, rows, _ in cells)]))
        self._cols = distinct(np.concatenate([changing[1], *(cols.ravel() for _, _, cols in cells)]))
        self._row_at = np.full(MAX_ROW + 2, len(self._rows), dtype=np.int32)
        self._col_at = np.full(MAX_COL + 2, len(self._cols), dtype=np.int32)
        self._row_at[self._rows] = np.arange(len(self._rows))
        self._col_at[self._cols] = np.arange(len(self._cols))
        shape = len(self._rows) + 1, len(self._cols) + 1
        self.group, self.lane, self.segment, self.slot = (np.zeros(shape, dtype=np.int32) for _ in range(4))
        for number, (group, rows, cols) in enumerate(cells, 1):
            where = self.at(rows, cols)
            self.group[where], self.segment[where] = number, OPEN
            self.lane[where] = np.arange(len(group.rows))[:, None]

    def at(self, rows: np.ndarray, cols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The index of cells into the arrays."""
        return self._row_at[rows], self._col_at[cols]

    def box(self, top: int, left: int, bottom: int, right: int) -> tuple[slice, slice]:
        """The index of all cells of a box."""
        rows, cols = np.searchsorted(self._rows, (top, bottom + 1)), np.searchsorted(self._cols, (left, right + 1))
        return slice(*rows.tolist()), slice(*cols.tolist())

    def cells(self, group: Group, lanes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The index of the cells that some lanes of a group fill, (lanes, cells of a block) both."""
        rows, cols = _covered(group)
        return self.at(rows[lanes], cols[lanes])


def _covered(group: Group) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of all cells that a group's formulas fill, (lanes, cells of a block)."""
    height, width = group.block or (1, 1)
    rows, cols = np.divmod(np.arange(height * width), width)
    return group.rows[:, None] + rows, group.cols[:, None] + cols
